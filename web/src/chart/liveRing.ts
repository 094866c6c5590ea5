import { numbersOf } from "@headrace/react";
import type { RecordBatch } from "apache-arrow";
import type uPlot from "uplot";

import { MAX_LINES } from "./series";

/**
 * The last rows of a live window as typed columns, bounded. They lie side by side, so that a frame is a
 * slice: written at the end, and moved to the front once for each `capacity` rows.
 *
 * ```
 *  gone         shown                  free
 * |............|######################|........................|
 * 0            begin                  end              2 · capacity
 * ```
 */
export class LiveRing {
  private readonly columns: Float64Array[];
  /** Which line a row belongs to; -1 where it is not drawn. */
  private readonly lineOf: Int16Array;
  private readonly keys = new Map<string, number>();
  private begin = 0;
  private end = 0;

  /** `by`: the column that tells lines apart, "" for a line for each y. */
  constructor(
    readonly capacity: number,
    private readonly x: string,
    private readonly ys: readonly string[],
    private readonly by = "",
  ) {
    this.columns = [x, ...ys].map(() => new Float64Array(2 * capacity));
    this.lineOf = new Int16Array(by === "" ? 0 : 2 * capacity);
  }

  get rows(): number {
    return this.end - this.begin;
  }

  get labels(): readonly string[] {
    if (this.by === "") return this.ys;
    return [...this.keys.keys()].flatMap((key) => this.ys.map((y) => (this.ys.length > 1 ? `${y} · ${key}` : key)));
  }

  /** From the first row to the last one that is shown; null if there are fewer than two. */
  get extent(): { from: number; to: number } | null {
    let from = Infinity;
    let to = -Infinity;
    for (const at of this.slice(0)) {
      if (at < from) from = at;
      if (at > to) to = at;
    }
    return to > from ? { from, to } : null;
  }

  clear(): void {
    this.begin = this.end = 0;
    this.keys.clear();
  }

  push(batch: RecordBatch): void {
    const columns = [this.x, ...this.ys].map((name) => numbersOf([batch], name));
    const keys = this.by === "" ? null : batch.getChild(this.by);
    // Of a batch that is longer than the ring only its end matters.
    for (let row = Math.max(0, batch.numRows - this.capacity); row < batch.numRows; ++row) {
      if (columns[0]?.[row] == null) continue; // a row without a place on the axis
      if (this.end === 2 * this.capacity) this.moveToFront();
      columns.forEach((values, i) => {
        const column = this.columns[i];
        if (column) column[this.end] = values[row] ?? NaN;
      });
      if (keys !== null) this.lineOf[this.end] = this.line(String(keys.get(row)));
      ++this.end;
      this.begin = Math.max(this.begin, this.end - this.capacity);
    }
  }

  /** What uPlot draws: rows in the order of x, null for a gap, undefined where a row is another line's. */
  data(): uPlot.AlignedData {
    const places = this.slice(0);
    const order = orderOf(places);
    const xs = order === null ? places : order.map((i) => places[i] ?? 0);
    const columns = this.ys.map((_, i) => withNulls(this.slice(i + 1), order));
    if (this.by === "") return [xs, ...columns] as uPlot.AlignedData;
    const lineOf = this.lineOf.subarray(this.begin, this.end);
    const lines = Array.from({ length: this.keys.size }, (_, line) =>
      columns.map((values) =>
        Array.from(values, (value, i) => (lineOf[order?.[i] ?? i] === line ? value : undefined)),
      ),
    );
    return [xs, ...lines.flat()] as uPlot.AlignedData;
  }

  private slice(column: number): Float64Array {
    return (this.columns[column] as Float64Array).subarray(this.begin, this.end);
  }

  private line(key: string): number {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    if ((this.keys.size + 1) * this.ys.length > MAX_LINES) return -1;
    this.keys.set(key, this.keys.size);
    return this.keys.size - 1;
  }

  private moveToFront(): void {
    for (const column of [...this.columns, this.lineOf]) column.copyWithin(0, this.begin, this.end);
    this.end -= this.begin;
    this.begin = 0;
  }
}

/** Null if they are in order already, as times are that are appended as they come. */
function orderOf(xs: Float64Array): number[] | null {
  let isSorted = true;
  for (let i = 1; i < xs.length && isSorted; ++i) isSorted = (xs[i] ?? 0) >= (xs[i - 1] ?? 0);
  if (isSorted) return null;
  return Array.from(xs.keys()).sort((a, b) => (xs[a] ?? 0) - (xs[b] ?? 0) || a - b);
}

/** The slice itself where nothing is missing. */
function withNulls(values: Float64Array, order: readonly number[] | null): ArrayLike<number | null> {
  if (order === null && !values.some(Number.isNaN)) return values;
  return Array.from(values, (value, i) => {
    const at = order === null ? value : (values[order[i] ?? i] ?? NaN);
    return Number.isNaN(at) ? null : at;
  });
}
