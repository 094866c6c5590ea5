import { DataType, type Vector } from "apache-arrow";

import { decimalInteger, rawInteger, unitsPerSecond } from "@headrace/react";
import { formatDay, formatInstant } from "./time";

/** What a cell shows, its column's type known. The cell is not null. */
export function cellReader(column: Vector): (row: number) => string {
  const type: DataType = column.type;
  if (DataType.isTimestamp(type)) {
    const units = unitsPerSecond(type.unit);
    return (row) => formatInstant(rawInteger(column, row), units);
  }
  if (DataType.isDate(type)) return (row) => formatDay(new Date(Number(column.get(row))));
  if (DataType.isTime(type)) {
    const units = unitsPerSecond(type.unit);
    return (row) => formatInstant(rawInteger(column, row), units).slice(11);
  }
  if (DataType.isDuration(type)) {
    const units = unitsPerSecond(type.unit);
    return (row) => `${Number(rawInteger(column, row)) / units} s`;
  }
  if (DataType.isDecimal(type)) return (row) => decimalText(column.get(row), type.scale);
  if (DataType.isBinary(type) || DataType.isFixedSizeBinary(type)) {
    return (row) => hexText(column.get(row));
  }
  return (row) => plainText(column.get(row));
}

export function decimalText(words: Uint32Array, scale: number): string {
  const value = decimalInteger(words);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const sign = value < 0n ? "-" : "";
  if (scale <= 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function hexText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, "0"));
  return shown.join("") + (bytes.length > 32 ? "…" : "");
}

function plainText(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v));
  }
  return String(value);
}

/** "time UTC", "double", "text": the word in a column's head. */
export function typeWord(type: string): string {
  if (/^(large_)?string|^(large_)?utf8/.test(type)) return "text";
  if (/^dictionary/.test(type)) return /string|utf8/.test(type) ? "text" : "dictionary";
  if (type.startsWith("timestamp")) return "time UTC";
  return type.replace(/[[(<].*$/, "");
}
