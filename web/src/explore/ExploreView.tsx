import { useCallback, useEffect, useMemo, useState } from "react";

import { hrefOf, navigate, withParams, type Route } from "../shell/route";
import { pickTable } from "../shell/pickTable";
import { Empty, ErrorNote, Skeleton } from "../shell/States";
import { TablePicker } from "../shell/TablePicker";
import type { TableInfo } from "../server/tables";
import type { Polled } from "../server/usePoll";
import { ExportLinks } from "./ExportLinks";
import { FilterBox } from "./FilterBox";
import { Grid } from "./Grid";
import { JumpBox } from "./JumpBox";
import { makeRowPages, SORTED_ROWS, type RowSource, type Sort } from "./rowPages";
import { statusText } from "./statusText";
import { useCounts } from "./useCounts";

const LIVE_MS = 2000;

interface ExploreProps {
  tables: Polled<TableInfo[]>;
  route: Route;
}

export function ExploreView({ tables, route }: ExploreProps) {
  const list = tables.value;
  if (list === null) {
    return tables.error ? <ErrorNote error={tables.error} /> : <Skeleton rows={12} />;
  }
  const table = pickTable(list, route.table);
  if (table === undefined) {
    return (
      <Empty title={route.table === null ? "Nothing to explore yet" : `There is no ${route.table}`}>
        <p>
          <a href={hrefOf("sources")}>See the sources</a>
        </p>
      </Empty>
    );
  }
  return <TableView key={table.full_name} table={table} tables={list} route={route} />;
}

function parseSort(text: string | null, table: TableInfo): Sort | null {
  const descending = text?.startsWith("-") ?? false;
  const column = descending ? text?.slice(1) : text;
  return table.schema.some(({ name }) => name === column) ? { column: column ?? "", descending } : null;
}

/** An address may name the row where one begins. */
function jumpOf(route: Route): { row: number } | null {
  const row = Number(route.params.get("row") ?? NaN);
  return Number.isSafeInteger(row) && row >= 0 ? { row } : null;
}

interface TableViewProps {
  table: TableInfo;
  tables: readonly TableInfo[];
  route: Route;
}

function TableView({ table, tables, route }: TableViewProps) {
  const filter = route.params.get("filter") ?? "";
  const sort = parseSort(route.params.get("sort"), table);
  const isLive = table.kind === "buffers";
  const counts = useCounts(table, filter);
  const columns = table.schema;
  const [jump, setJump] = useState(() => jumpOf(route));
  // What the rows depend on, as text: the list of tables comes anew every other second.
  const sourceText = JSON.stringify({ table: table.full_name, filter, sort, isLive });
  const pages = useMemo(() => makeRowPages(JSON.parse(sourceText) as RowSource), [sourceText]);

  useEffect(() => () => pages.stop(), [pages]);
  useEffect(() => {
    if (!isLive) return;
    const timer = setInterval(() => document.hidden || pages.isLoading || pages.refresh(), LIVE_MS);
    return () => clearInterval(timer);
  }, [pages, isLive]);

  const setParams = useCallback(
    (changes: Record<string, string>) => navigate(withParams(route, changes)),
    [route],
  );
  const onSort = (column: string) => setParams({ sort: nextSort(sort, column), row: "" });
  const onJump = (row: number) => {
    setJump({ row });
    navigate(withParams(route, { row: String(row) }), true);
  };
  const all = counts.rows;
  const rows = sort === null || all === null ? all : Math.min(all, SORTED_ROWS);
  return (
    <div className="explore">
      <div className="toolbar">
        <TablePicker tables={tables} selected={table.full_name} view="explore" />
        <FilterBox
          columns={columns}
          applied={filter}
          error={counts.error}
          onApply={(text) => setParams({ filter: text, row: "" })}
        />
        <JumpBox rows={rows} onJump={onJump} />
        <ExportLinks table={table.full_name} filter={filter} sort={sort} />
      </div>
      <p className="status-line" role="status">
        {counts.error === null && statusText({ all, shown: rows, total: table.rows, filter, sort })}
      </p>
      {counts.error !== null ? (
        <Empty title="No rows for this filter">
          <p className="quiet">The server could not read it. The note above says where.</p>
        </Empty>
      ) : (
        <Grid
          pages={pages}
          columns={columns}
          rows={rows}
          sort={sort}
          nullShares={counts.nullShares}
          jump={jump}
          onSort={onSort}
        />
      )}
    </div>
  );
}

/** Ascending, then descending, then as the rows lie. */
function nextSort(sort: Sort | null, column: string): string {
  if (sort?.column !== column) return column;
  return sort.descending ? "" : `-${column}`;
}
