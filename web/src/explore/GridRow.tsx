import type { VirtualItem } from "@tanstack/react-virtual";

import { formatCount } from "../format/number";
import { isNumeric, type ColumnInfo } from "../server/tables";
import type { RowPage } from "./rowPages";

interface GridRowProps {
  row: number;
  offsetPx: number;
  page: RowPage | undefined;
  rowInPage: number;
  items: VirtualItem[];
  columns: readonly ColumnInfo[];
  gutterPx: number;
  /** -1: the cell that keys move from is in another row. */
  activeColumn: number;
  onPick: (column: number) => void;
}

export function GridRow(props: GridRowProps) {
  const { row, offsetPx, page, rowInPage, items, columns, gutterPx, activeColumn, onPick } = props;
  return (
    <div
      className={activeColumn >= 0 ? "grid-row is-active" : "grid-row"}
      role="row"
      aria-rowindex={row + 1}
      data-odd={row % 2 === 1 || undefined}
      style={{ transform: `translateY(${offsetPx}px)` }}
    >
      <span className="gutter" style={{ width: gutterPx }} role="rowheader">
        {formatCount(row)}
      </span>
      {items.map(({ index, start, size }) => {
        const column = columns[index];
        if (column === undefined) return null;
        const value = page?.cell(rowInPage, index);
        const kind = isNumeric(column.type) ? "number" : "text";
        return (
          <span
            key={column.name}
            id={`cell-${row}-${index}`}
            role="gridcell"
            aria-colindex={index + 1}
            aria-selected={index === activeColumn}
            className={`cell ${kind} ${value === undefined ? "is-waiting" : value === null ? "is-null" : ""}`}
            style={{ width: size, transform: `translateX(${start}px)` }}
            title={value !== undefined && value !== null && value.length > 24 ? value : undefined}
            onPointerDown={() => onPick(index)}
          >
            {value === undefined ? <i /> : (value ?? "null")}
          </span>
        );
      })}
    </div>
  );
}
