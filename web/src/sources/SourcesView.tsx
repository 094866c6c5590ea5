import { useCallback, useRef } from "react";

import { formatBytes, formatCount, formatShort } from "../format/number";
import { hrefOf } from "../shell/route";
import { Sparkline } from "../shell/Sparkline";
import { Empty, ErrorNote, Skeleton } from "../shell/States";
import { kindName, listWindows, type TableInfo } from "../server/tables";
import { usePoll, type Polled } from "../server/usePoll";
import { addCount, type RateHistory } from "./appendRate";
import { SourceDetail } from "./SourceDetail";

const RATES_MS = 1000;
const RATES_SHOWN = 60;

interface SourcesProps {
  tables: Polled<TableInfo[]>;
  selected: string | null;
}

export function SourcesView({ tables, selected }: SourcesProps) {
  const rates = useAppendRates();
  const list = tables.value;
  if (list === null) {
    return tables.error ? <ErrorNote error={tables.error} /> : <Skeleton rows={6} />;
  }
  if (list.length === 0) return <NoSources />;
  const shown = list.find((table) => table.full_name === selected) ?? list[0];
  const rows = list.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  return (
    <div className="sources">
      <section aria-label="Sources">
        <h1>Sources</h1>
        <p className="lead">
          {list.length} {list.length === 1 ? "source" : "sources"} with {formatCount(rows)} rows
        </p>
        <ul className="source-list">
          {list.map((table) => (
            <SourceRow
              key={table.full_name}
              table={table}
              rates={rates.get(table.full_name)}
              isSelected={table === shown}
            />
          ))}
        </ul>
      </section>
      {shown && <SourceDetail table={shown} />}
    </div>
  );
}

interface SourceRowProps {
  table: TableInfo;
  rates: RateHistory | undefined;
  isSelected: boolean;
}

function SourceRow({ table, rates, isSelected }: SourceRowProps) {
  const rate = rates?.rates.at(-1);
  return (
    <li>
      <a
        className="source-row"
        href={hrefOf("sources", table.full_name)}
        aria-current={isSelected ? "true" : undefined}
      >
        <span className="source-name">
          <strong>{table.name}</strong>
          <span className={`kind kind-${table.kind}`}>{kindName(table.kind)}</span>
        </span>
        <span className="figure">
          <b>{table.rows === null ? "not counted" : formatCount(table.rows)}</b>
          <small>rows</small>
        </span>
        <span className="figure">
          <b>{table.bytes === null ? "–" : formatBytes(table.bytes)}</b>
          <small>{table.kind === "files" ? "on disk" : "in memory"}</small>
        </span>
        <span className="rate">
          {table.kind === "buffers" ? (
            <>
              <Sparkline values={rates?.rates ?? []} capacity={RATES_SHOWN} label="rows appended a second" />
              <small>{rate === undefined ? "…" : `${formatShort(rate)} rows/s`}</small>
            </>
          ) : (
            <small className="at-rest">at rest</small>
          )}
        </span>
      </a>
    </li>
  );
}

function NoSources() {
  return (
    <Empty title="No source yet">
      <p>Serve files from the start, or put rows in by name:</p>
      <pre className="code">
        headrace serve --load trips=data/*.parquet{"\n\n"}
        curl -X PUT {location.origin}/v1/tables/cities \{"\n"}
        {"  "}-H 'Content-Type: text/csv' --data-binary @cities.csv
      </pre>
    </Empty>
  );
}

/** Rows a second of each live window, by its full name. */
function useAppendRates(): ReadonlyMap<string, RateHistory> {
  const histories = useRef<ReadonlyMap<string, RateHistory>>(new Map());
  const ask = useCallback(async (signal: AbortSignal) => {
    const windows = await listWindows(signal);
    const now = performance.now();
    histories.current = new Map(
      windows.map((window) => {
        const name = `buffers.${window.buffer_id}`;
        return [name, addCount(histories.current.get(name), window.append_count, now)];
      }),
    );
    return histories.current;
  }, []);
  return usePoll(ask, RATES_MS).value ?? histories.current;
}
