import type { RecordBatch } from "apache-arrow";

import { readArrow } from "@headrace/react";
import { cellReader } from "../format/cell";
import { columnWord, readUrl } from "../server/query";
import { PageStore } from "./pageStore";

export const PAGE_ROWS = 200;
/** Of a sorted table so many rows are shown: the server holds no more than these. */
export const SORTED_ROWS = 10_000;

export interface Sort {
  column: string;
  descending: boolean;
}

export interface RowSource {
  table: string;
  filter: string;
  sort: Sort | null;
  /** A cursor goes on where files are; a live window moves, and is asked by row numbers. */
  isLive: boolean;
}

/** Rows as they came, by column. */
export class RowPage {
  private readonly begins: number[] = [];
  readonly rows: number;

  constructor(private readonly batches: readonly RecordBatch[]) {
    let rows = 0;
    for (const batch of batches) {
      this.begins.push(rows);
      rows += batch.numRows;
    }
    this.rows = rows;
  }

  /** Null for null, undefined where the page has no such row. */
  cell(row: number, column: number): string | null | undefined {
    for (let i = this.batches.length - 1; i >= 0; --i) {
      const begin = this.begins[i] ?? 0;
      if (row < begin || row >= this.rows) continue;
      const values = this.batches[i]?.getChildAt(column);
      if (!values) return undefined;
      return values.isValid(row - begin) ? cellReader(values)(row - begin) : null;
    }
    return undefined;
  }

  nulls(column: number): number {
    return this.batches.reduce((sum, batch) => sum + (batch.getChildAt(column)?.nullCount ?? 0), 0);
  }
}

export function orderText(sort: Sort): string {
  return (sort.descending ? "-" : "") + columnWord(sort.column);
}

export function pageRowsOf(source: RowSource): number {
  return source.sort === null ? PAGE_ROWS : SORTED_ROWS;
}

export function makeRowPages({ table, filter, sort, isLive }: RowSource): PageStore<RowPage> {
  const cursors = new Map<number, string>();
  const load = async (page: number, signal: AbortSignal) => {
    const cursor = cursors.get(page);
    const rows = sort === null ? PAGE_ROWS : SORTED_ROWS;
    const place = cursor === undefined ? { offset: page * rows || undefined } : { cursor };
    const order_by = sort === null ? undefined : orderText(sort);
    const url = readUrl(table, { filter, order_by, limit: rows, ...place });
    const { batches, nextCursor } = await readArrow(url, signal);
    if (nextCursor !== null && !isLive && sort === null) cursors.set(page + 1, nextCursor);
    return new RowPage(batches);
  };
  return new PageStore(load, { capacity: 64, parallel: 3 });
}
