import { DataType, TimeUnit, type RecordBatch, type Vector } from "apache-arrow";

const PER_SECOND: Record<number, number> = {
  [TimeUnit.SECOND]: 1,
  [TimeUnit.MILLISECOND]: 1e3,
  [TimeUnit.MICROSECOND]: 1e6,
  [TimeUnit.NANOSECOND]: 1e9,
};

/** The integer that a column of timestamps, times or durations holds, which `get` would round. */
export function rawInteger(column: Vector, row: number): bigint {
  for (const data of column.data) {
    if (row < data.length) return BigInt(data.values[row]);
    row -= data.length;
  }
  return 0n;
}

export function unitsPerSecond(unit: TimeUnit): number {
  return PER_SECOND[unit] ?? 1;
}

/** Whether an axis of it is one of time. */
export function isInstant(type: DataType): boolean {
  return DataType.isTimestamp(type) || DataType.isDate(type);
}

function decimalToNumber(words: Uint32Array, scale: number): number {
  return Number(decimalInteger(words)) / 10 ** scale;
}

/** Little-endian words in two's complement. */
export function decimalInteger(words: Uint32Array): bigint {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; --i) value = (value << 32n) | BigInt(words[i] ?? 0);
  return BigInt.asIntN(words.length * 32, value);
}

/**
 * Numbers of a column for an axis: instants as seconds since 1970, null and NaN as null.
 */
export function numbersOf(batches: readonly RecordBatch[], name: string): (number | null)[] {
  const out: (number | null)[] = [];
  for (const batch of batches) {
    const column = batch.getChild(name);
    if (column === null) continue;
    const read = numberReader(column);
    for (let row = 0; row < batch.numRows; ++row) {
      const value = column.isValid(row) ? read(row) : NaN;
      out.push(Number.isNaN(value) ? null : value);
    }
  }
  return out;
}

function numberReader(column: Vector): (row: number) => number {
  const type: DataType = column.type;
  if (DataType.isTimestamp(type) || DataType.isDuration(type)) {
    const units = unitsPerSecond(type.unit);
    return (row) => Number(rawInteger(column, row)) / units;
  }
  if (DataType.isDate(type)) return (row) => Number(column.get(row)) / 1e3;
  if (DataType.isDecimal(type)) return (row) => decimalToNumber(column.get(row), type.scale);
  return (row) => Number(column.get(row));
}
