import { getCoreRowModel, useReactTable, type ColumnDef } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { Empty, ErrorNote } from "../shell/States";
import type { ColumnInfo } from "../server/tables";
import { isNumeric, isTime } from "../server/tables";
import { GridHead } from "./GridHead";
import { GridRow } from "./GridRow";
import { moveCell, type Cell } from "./moveCell";
import type { PageStore } from "./pageStore";
import { PAGE_ROWS, SORTED_ROWS, type RowPage, type Sort } from "./rowPages";
import { contentPx } from "./scrollScale";
import { useScaledScroll } from "./useScaledScroll";

export const ROW_PX = 30;
const HEAD_PX = 54;
/** A drag of the scroll bar asks for nothing before it has stood still so long. */
const WANT_MS = 60;

interface GridProps {
  pages: PageStore<RowPage>;
  columns: readonly ColumnInfo[];
  /** Null until they are counted. */
  rows: number | null;
  sort: Sort | null;
  nullShares: readonly number[] | null;
  /** A new object moves to its row. */
  jump: { row: number } | null;
  onSort: (column: string) => void;
}

function widthOf({ name, type }: ColumnInfo): number {
  const word = 48 + name.length * 8;
  const value = isTime(type) ? (/\[[mun]s/.test(type) ? 200 : 175) : isNumeric(type) || type === "bool" ? 110 : 140;
  return Math.min(Math.max(word, value), 320);
}

/** Few columns fill the width, each in proportion. */
function widthsOf(columns: readonly ColumnInfo[], roomPx: number): number[] {
  const widths = columns.map(widthOf);
  const factor = Math.max(1, roomPx / widths.reduce((sum, width) => sum + width, 0));
  return widths.map((width) => Math.floor(width * factor));
}

export function Grid({ pages, columns, rows, sort, nullShares, jump, onSort }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const count = rows ?? 0;
  useSyncExternalStore(pages.subscribe, pages.version);
  const { top, extent, widthPx, visible, show, jump: jumpTo } = useScaledScroll(box, count, ROW_PX, HEAD_PX);
  const [active, setActive] = useState<Cell>({ row: 0, column: 0 });

  const schema = columns.map(({ name, type }) => `${name}\0${type}`).join("\n");
  const gutterPx = 28 + String(count).length * 9;
  const definitions = useMemo<ColumnDef<never>[]>(() => {
    const widths = widthsOf(columns, widthPx - gutterPx);
    return columns.map(({ name }, i) => ({ id: name, size: widths[i], minSize: 60 }));
  }, [schema, widthPx, gutterPx]); // the list of tables comes anew every other second
  const table = useReactTable({
    data: NO_ROWS,
    columns: definitions,
    getCoreRowModel: getCoreRowModel(),
    columnResizeMode: "onChange",
  });
  const leaves = table.getAllLeafColumns();
  const across = useVirtualizer({
    horizontal: true,
    count: leaves.length,
    getScrollElement: () => box.current,
    estimateSize: (i) => leaves[i]?.getSize() ?? 120,
    overscan: 2,
    paddingStart: gutterPx,
  });
  useEffect(() => across.measure(), [across, table.getState().columnSizing, definitions]);

  const pageRows = sort === null ? PAGE_ROWS : SORTED_ROWS;
  const firstPage = Math.floor(visible.first / pageRows);
  const lastPage = Math.floor(Math.max(visible.first, visible.end - 1) / pageRows);
  useEffect(() => {
    if (count === 0) return;
    const wanted = Array.from({ length: lastPage - firstPage + 1 }, (_, i) => firstPage + i);
    const timer = setTimeout(() => pages.want(wanted), WANT_MS);
    return () => clearTimeout(timer);
  }, [pages, firstPage, lastPage, count]);

  const isReady = count > 0 && extent.viewPx > 0;
  useEffect(() => {
    if (jump === null || !isReady) return;
    jumpTo(jump.row);
    setActive((before) => ({ ...before, row: jump.row }));
    box.current?.focus({ preventScroll: true });
  }, [jump, jumpTo, isReady]);

  if (pages.error !== null) return <ErrorNote error={pages.error} onRetry={() => pages.refresh()} />;
  if (columns.length === 0) return <Empty title="No row has come yet" />;
  const width = Math.max(across.getTotalSize(), 0);
  const items = across.getVirtualItems();
  const rowIndices = Array.from({ length: visible.end - visible.first }, (_, i) => visible.first + i);
  const moveTo = (cell: Cell) => {
    setActive(cell);
    show(cell.row);
    across.scrollToIndex(cell.column, { align: "auto" });
  };
  return (
    <div
      className="grid"
      ref={box}
      role="grid"
      tabIndex={0}
      aria-label="Rows"
      aria-rowcount={rows ?? -1}
      aria-colcount={columns.length}
      aria-activedescendant={`cell-${active.row}-${active.column}`}
      aria-busy={pages.isLoading}
      onKeyDown={(event) => {
        const next = moveCell(active, event, { rows: count, columns: columns.length, page: visible.end - visible.first - 2 });
        if (next === null || event.target !== event.currentTarget) return;
        event.preventDefault();
        moveTo(next);
      }}
    >
      <div className="grid-space" style={{ width, height: contentPx(extent) + HEAD_PX }}>
        <div className="grid-window" style={{ height: extent.viewPx + HEAD_PX, width }}>
          <GridHead
            leaves={table.getFlatHeaders()}
            items={items}
            columns={columns}
            gutterPx={gutterPx}
            heightPx={HEAD_PX}
            sort={sort}
            nullShares={nullShares ?? sharesSeen(pages, columns.length)}
            isExact={nullShares !== null}
            onSort={onSort}
          />
          <div className="grid-rows" style={{ height: extent.viewPx }}>
            {rowIndices.map((row) => (
              <GridRow
                key={row}
                row={row}
                offsetPx={row * ROW_PX - top}
                page={pages.peek(Math.floor(row / pageRows))}
                rowInPage={row % pageRows}
                items={items}
                columns={columns}
                gutterPx={gutterPx}
                activeColumn={row === active.row ? active.column : -1}
                onPick={(column) => setActive({ row, column })}
              />
            ))}
            {rows === 0 && <Empty title="No row fits" />}
          </div>
        </div>
      </div>
    </div>
  );
}

const NO_ROWS: never[] = [];

/** Of the rows that were looked at, where nobody counted all. */
function sharesSeen(pages: PageStore<RowPage>, columns: number): number[] | null {
  const seen = [...pages.values()];
  const rows = seen.reduce((sum, page) => sum + page.rows, 0);
  if (rows === 0) return null;
  return Array.from(
    { length: columns },
    (_, column) => seen.reduce((sum, page) => sum + page.nulls(column), 0) / rows,
  );
}
