import { useMemo } from "react";

import { useArrow } from "@headrace/react";
import { columnWord, readUrl } from "../server/query";
import type { TableInfo } from "../server/tables";

/** Up to so many rows are read through for their nulls; of more the pages seen have to tell. */
const COUNTED_ROWS = 5_000_000;

export interface Counts {
  /** Null until they are counted. */
  rows: number | null;
  /** By column; null where nobody counted. */
  nullShares: readonly number[] | null;
  error: Error | null;
}

/** How many rows the filter keeps, and how many of each column are null. */
export function useCounts(table: TableInfo, filter: string): Counts {
  const names = table.schema.map(({ name }) => name).join("\n");
  const isSmall = table.kind !== "buffers" && table.rows !== null && table.rows <= COUNTED_ROWS;
  const asks = filter !== "" || table.rows === null || isSmall;
  const url = useMemo(() => {
    if (!asks || names === "") return null;
    const columns = isSmall ? names.split("\n") : [];
    const counted = columns.map((name, i) => `count(${columnWord(name)}) as c${i}`);
    return readUrl(table.full_name, { filter, agg: ["count(*) as n", ...counted].join(",") });
  }, [table.full_name, filter, names, asks, isSmall]);
  const answer = useArrow(url);
  const row = answer.batches[0];
  if (url === null) return { rows: table.rows ?? 0, nullShares: null, error: null };
  const isFresh = answer.url === url;
  const error = isFresh ? answer.error : null;
  const unfiltered = filter === "" ? table.rows : null;
  if (!isFresh || row === undefined) return { rows: unfiltered, nullShares: null, error };
  const rows = Number(row.getChild("n")?.get(0) ?? 0);
  const shares = table.schema.map((_, i) => {
    const values = row.getChild(`c${i}`)?.get(0) as bigint | undefined;
    return values === undefined || rows === 0 ? 0 : 1 - Number(values) / rows;
  });
  return { rows, nullShares: isSmall ? shares : null, error };
}
