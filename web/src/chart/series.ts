import type { RecordBatch } from "apache-arrow";

import { numbersOf } from "@headrace/react";

export type Numbers = (number | null)[];

/** A line of the chart, with points of its own on the axis. */
export interface Line {
  label: string;
  xs: number[];
  ys: Numbers;
}

/** More of them nobody can tell apart. */
export const MAX_LINES = 12;

/** The lines that an answer holds: one for each y, or for each y and value of `by`. */
export function linesOf(
  batches: readonly RecordBatch[],
  x: string,
  ys: readonly string[],
  by: string | null,
): Line[] {
  const xs = numbersOf(batches, x);
  const keys = by === null ? null : textsOf(batches, by);
  const lines = new Map<string, Line>();
  for (const y of ys) {
    const values = numbersOf(batches, y);
    for (let row = 0; row < xs.length; ++row) {
      const at = xs[row];
      if (at === null || at === undefined) continue;
      const label = labelOf(y, keys?.[row], ys.length > 1);
      let line = lines.get(label);
      if (line === undefined) lines.set(label, (line = { label, xs: [], ys: [] }));
      line.xs.push(at);
      line.ys.push(values[row] ?? null);
    }
  }
  return [...lines.values()];
}

function labelOf(y: string, key: string | undefined, severalY: boolean): string {
  if (key === undefined) return y;
  return severalY ? `${y} · ${key}` : key;
}

function textsOf(batches: readonly RecordBatch[], name: string): string[] {
  return batches.flatMap((batch) => {
    const column = batch.getChild(name);
    return Array.from({ length: batch.numRows }, (_, row) => String(column?.get(row) ?? "null"));
  });
}

/** How many values a line has to draw. */
export function pointsOf(line: Line): number {
  return line.ys.reduce<number>((sum, y) => sum + (y === null ? 0 : 1), 0);
}
