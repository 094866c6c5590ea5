import type { LiveSubscription } from "@headrace/react";

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
  /** Of live windows: a rolling statistic of each y, "" for none, over so many rows. */
  stat: string;
  over: number;
}

/** What a live chart offers; the server has more (docs/features.md). */
export const ROLLING_STATS = ["mean", "median", "min", "max", "std", "ewm_mean"];
export const ROLLING_ROWS = [5, 20, 50, 100, 200];
/** More rows of a live window than these nobody can tell apart as they move. */
export const LIVE_ROWS = 20_000;
export const FRAMES_A_SECOND = 30;

/** The first column of time (or else number) against the first number. */
export function defaultChoice({ schema }: TableInfo): ChartChoice {
  const numbers = schema.filter(({ type }) => isNumeric(type));
  const x = schema.find(({ type }) => isTime(type)) ?? numbers[0];
  const y = numbers.find((column) => column !== x);
  return { x: x?.name ?? "", ys: y === undefined ? [] : [y.name], by: "", filter: "", stat: "mean", over: 100 };
}

/** The columns that a live chart draws: each y, and its rolling statistic behind it. */
export function liveColumns({ ys, by, stat, over }: ChartChoice): string[] {
  const isDerived = stat !== "" && by === "";
  return ys.flatMap((y) => (isDerived ? [y, `${y}_rolling_${stat}_${over}`] : [y]));
}

/** "delay_rolling_mean_20" as "delay · mean of 20"; others as they are. */
export function liveLabel(column: string, { stat, over }: ChartChoice): string {
  return column.replace(new RegExp(`_rolling_${stat}_${over}$`), ` · ${stat} of ${over}`);
}

export function liveSubscription(table: string, choice: ChartChoice, tail: number): LiveSubscription {
  const { x, ys, by, filter, stat, over } = choice;
  const drawn = liveColumns(choice);
  const features = { columns: ys, rolling_windows: [over], include_rolling_stats: [stat], include_lags: false, fill: "null" };
  return {
    table,
    columns: [...new Set([x, ...drawn, ...(by === "" ? [] : [by])])],
    ...(drawn.length > ys.length ? { features } : {}),
    ...(filter === "" ? {} : { filter }),
    tail,
    rate: FRAMES_A_SECOND,
  };
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
