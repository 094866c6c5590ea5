import { instantText } from "../format/time";
import { readUrl } from "../server/query";
import { isNumeric, isTime, type TableInfo } from "../server/tables";
import type { Range } from "./zoom";

export interface ChartChoice {
  x: string;
  ys: string[];
  /** "" for one line. */
  by: string;
  filter: string;
}

/** The first column of time (or else number) against the first number. */
export function defaultChoice({ schema }: TableInfo): ChartChoice {
  const numbers = schema.filter(({ type }) => isNumeric(type));
  const x = schema.find(({ type }) => isTime(type)) ?? numbers[0];
  const y = numbers.find((column) => column !== x);
  return { x: x?.name ?? "", ys: y === undefined ? [] : [y.name], by: "", filter: "" };
}

/** A bound of the axis as the server reads it. */
export function boundText(value: number, xType: string): string {
  if (isTime(xType)) return instantText(value);
  return /^u?int/.test(xType) ? String(Math.round(value)) : String(value);
}

export function chartUrl(
  table: string,
  { x, ys, by, filter }: ChartChoice,
  xType: string,
  range: Range | null,
  points: number,
): string {
  return readUrl(table, {
    downsample: "minmaxlttb",
    x,
    y: ys,
    by,
    filter,
    points,
    from: range === null ? undefined : boundText(range.from, xType),
    to: range === null ? undefined : boundText(range.to, xType),
  });
}
