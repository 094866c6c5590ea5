import type { Header } from "@tanstack/react-table";
import type { VirtualItem } from "@tanstack/react-virtual";

import { typeWord } from "../format/cell";
import { formatShare } from "../format/number";
import { isNumeric, type ColumnInfo } from "../server/tables";
import type { Sort } from "./rowPages";

interface GridHeadProps {
  leaves: Header<never, unknown>[];
  items: VirtualItem[];
  columns: readonly ColumnInfo[];
  gutterPx: number;
  heightPx: number;
  sort: Sort | null;
  nullShares: readonly number[] | null;
  /** Whether the shares are those of all rows. */
  isExact: boolean;
  onSort: (column: string) => void;
}

export function GridHead(props: GridHeadProps) {
  const { leaves, items, columns, gutterPx, heightPx, sort, nullShares, isExact, onSort } = props;
  return (
    <div className="grid-head" role="row" style={{ height: heightPx }}>
      <span className="gutter" style={{ width: gutterPx }} role="columnheader">
        row
      </span>
      {items.map(({ index, start, size }) => {
        const column = columns[index];
        if (column === undefined) return null;
        const share = nullShares?.[index];
        const direction = sort?.column !== column.name ? "none" : sort.descending ? "descending" : "ascending";
        return (
          <div
            key={column.name}
            className={isNumeric(column.type) ? "head-cell number" : "head-cell"}
            role="columnheader"
            aria-sort={direction}
            style={{ width: size, transform: `translateX(${start}px)` }}
          >
            <button onClick={() => onSort(column.name)} title={`${column.name}: ${column.type}`}>
              <span className="head-name">
                {column.name}
                <i className={`arrow arrow-${direction}`} aria-hidden="true" />
              </span>
              <small>
                {typeWord(column.type)}
                {share !== undefined && (
                  <span title={isExact ? "null, of all rows" : "null, of the rows seen"}>
                    {share > 0 ? ` · ${isExact ? "" : "≈ "}${formatShare(share)} null` : ""}
                  </span>
                )}
              </small>
              {share !== undefined && share > 0 && (
                <span className="null-bar" style={{ width: `${share * 100}%` }} />
              )}
            </button>
            <span
              className="resize"
              onPointerDown={(event) => leaves[index]?.getResizeHandler()(event)}
              onDoubleClick={() => leaves[index]?.column.resetSize()}
            />
          </div>
        );
      })}
    </div>
  );
}
