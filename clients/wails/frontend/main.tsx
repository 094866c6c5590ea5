import "@web/shell/language";

import { Plot } from "@web/chart/Plot";
import { defaultChoice, liveColumns, liveLabel, liveSubscription } from "@web/chart/chartQuery";
import { LiveRing } from "@web/chart/liveRing";
import { LiveState } from "@web/chart/LiveState";
import { Painter } from "@web/chart/painter";
import { dataOf } from "@web/chart/plotOptions";
import { linesOf, type Line } from "@web/chart/series";
import { isTime, type TableInfo } from "@web/server/tables";
import { useCallback, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import type uPlot from "uplot";

import "@web/styles/theme.css";
import "@web/styles/base.css";
import "@web/styles/shell.css";
import "@web/styles/chart.css";
import "./window.css";
import { app, batchesOf } from "./bindings";

const ROWS = 5000;
const POINTS = 1500;
const TABLES_MS = 2000;

function Window() {
  const [tables, setTables] = useState<TableInfo[]>([]);
  const [name, setName] = useState<string | null>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    const ask = async () => {
      try {
        setTables(await app().Tables());
        setTrouble("");
      } catch (error) {
        setTrouble(String(error));
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), TABLES_MS);
    return () => clearInterval(timer);
  }, []);
  const table = tables.find(({ full_name }) => full_name === name) ?? tables[0];
  return (
    <main className="window">
      <header>
        <h1>Headrace</h1>
        <select aria-label="Table" value={table?.full_name} onChange={(event) => setName(event.target.value)}>
          {tables.map(({ full_name }) => (
            <option key={full_name}>{full_name}</option>
          ))}
        </select>
        <span className="trouble">{trouble}</span>
      </header>
      {table !== undefined && <Chart key={table.full_name} table={table} />}
    </main>
  );
}

function Chart({ table }: { table: TableInfo }) {
  const isLive = table.kind === "buffers";
  const choice = useMemo(() => defaultChoice(table), [table.full_name]);
  const live = useLive(isLive ? table : null, choice);
  const lines = useLines(isLive ? null : table, choice);
  const xType = table.schema.find(({ name }) => name === choice.x)?.type ?? "";
  const labels = isLive ? liveColumns(choice).map((column) => liveLabel(column, choice)) : lines.map(({ label }) => label);
  const data = useMemo(() => (isLive ? null : dataOf(lines)), [isLive, lines]);
  return (
    <section className="card chart-card">
      <header>
        <div className="chart-note">
          <b>{choice.ys.join(", ")}</b>
          <small>against {choice.x}</small>
        </div>
        {isLive && <LiveState state={live.state} onToggle={live.toggle} />}
      </header>
      <Plot
        labels={labels}
        strong={isLive ? labels.slice(1) : []}
        data={data}
        onPlot={live.onPlot}
        range={null}
        isTime={isTime(xType)}
        xName={choice.x}
        theme="light"
        isLoading={false}
        onWidth={ignore}
        onZoom={ignore}
        onBack={ignore}
        onReset={ignore}
        onAdjust={ignore}
      />
    </section>
  );
}

function ignore(): void {}

/** A window, followed by Go: rows and states come as events. */
function useLive(table: TableInfo | null, choice: ReturnType<typeof defaultChoice>) {
  type State = Parameters<typeof LiveState>[0]["state"];
  const [state, setState] = useState<State>("connecting");
  const [runs, setRuns] = useState(true);
  const name = table?.full_name ?? null;
  const ring = useMemo(() => new LiveRing(ROWS, choice.x, liveColumns(choice)), [choice]);
  const painter = useMemo(() => new Painter(ring), [ring]);
  useEffect(() => {
    if (name === null || !runs) return;
    const ends = [
      window.runtime.EventsOn("headrace:rows", (text) => {
        for (const batch of batchesOf(text)) ring.push(batch);
        painter.schedule();
      }),
      window.runtime.EventsOn("headrace:state", (word) => (word === "begin" ? ring.clear() : setState(word as State))),
    ];
    void app().Follow(liveSubscription(name, choice, ROWS));
    return () => {
      ends.forEach((end) => end());
      painter.cancel();
      void app().Unfollow();
    };
  }, [name, runs, choice, ring, painter]);
  const onPlot = useCallback((plot: uPlot | null) => painter.take(plot), [painter]);
  return { state: runs ? state : "paused", toggle: () => setRuns(!runs), onPlot } as const;
}

/** The points of a table that does not move, chosen by the server. */
function useLines(table: TableInfo | null, { x, ys }: ReturnType<typeof defaultChoice>): Line[] {
  const [lines, setLines] = useState<Line[]>([]);
  const name = table?.full_name ?? null;
  useEffect(() => {
    if (name === null) return;
    const Downsample = { Method: "minmaxlttb", X: x, Y: ys, Points: POINTS };
    const read = async () => setLines(linesOf(batchesOf(await app().Read(name, { Downsample })), x, ys, null));
    void read().catch(() => setLines([]));
  }, [name, x, ys]);
  return lines;
}

const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<Window />);
