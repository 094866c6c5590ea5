import { formatCount } from "../format/number";
import { columnWord } from "../server/query";
import type { Sort } from "./rowPages";

export interface Shown {
  /** Rows that the filter keeps, and those of them that can be scrolled to; null until counted. */
  all: number | null;
  shown: number | null;
  /** Rows of the table; null where nobody has counted them. */
  total: number | null;
  filter: string;
  sort: Sort | null;
}

/** What the rows below are: how many, of how many, in what order, and where that ends. */
export function statusText({ all, shown, total, filter, sort }: Shown): string {
  if (all === null || shown === null) return "Counting …";
  const kept = `${formatCount(all)}${filter === "" || total === null ? "" : ` of ${formatCount(total)}`} rows`;
  if (sort === null) return kept;
  const order = `by ${columnWord(sort.column)}, ${sort.descending ? "descending" : "ascending"}`;
  if (shown >= all) return `${kept} ${order}`;
  return `First ${formatCount(shown)} ${order}, of ${kept}`;
}
