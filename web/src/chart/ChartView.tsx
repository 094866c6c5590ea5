import { useCallback, useEffect, useMemo, useState } from "react";

import { useArrow } from "@headrace/react";
import { isNumeric, isTime, type TableInfo } from "../server/tables";
import type { Polled } from "../server/usePoll";
import { pickTable } from "../shell/pickTable";
import { hrefOf, navigate, withParams, type Route } from "../shell/route";
import { Empty, ErrorNote, Skeleton } from "../shell/States";
import type { Theme } from "../shell/theme";
import { chartUrl, defaultChoice, type ChartChoice } from "./chartQuery";
import { ChartForm } from "./ChartForm";
import { ChartNote } from "./ChartNote";
import { Plot } from "./Plot";
import { linesOf, MAX_LINES } from "./series";
import { adjusted, back, current, moved, zoomTo, type Range, type ZoomHistory } from "./zoom";
import { ZoomButtons } from "./ZoomButtons";

/** Of many ranges in a row only the one where it stays so long is asked for. */
const SETTLE_MS = 120;
const LIVE_MS = 2000;

interface ChartViewProps {
  tables: Polled<TableInfo[]>;
  route: Route;
  theme: Theme;
}

export function ChartView({ tables, route, theme }: ChartViewProps) {
  const list = tables.value;
  if (list === null) {
    return tables.error ? <ErrorNote error={tables.error} /> : <Skeleton rows={12} />;
  }
  const table = pickTable(list, route.table);
  if (table === undefined) {
    return (
      <Empty title="Nothing to draw yet">
        <p>
          <a href={hrefOf("sources")}>See the sources</a>
        </p>
      </Empty>
    );
  }
  return <TableChart key={table.full_name} table={table} tables={list} route={route} theme={theme} />;
}

interface TableChartProps {
  table: TableInfo;
  tables: readonly TableInfo[];
  route: Route;
  theme: Theme;
}

function TableChart({ table, tables, route, theme }: TableChartProps) {
  const choice = choiceOf(route, table);
  const [zooms, setZooms] = useState<ZoomHistory>([]);
  const [widthPx, setWidthPx] = useState(0);
  const tick = useTick(table.kind === "buffers");
  const range = current(zooms);
  const xType = table.schema.find(({ name }) => name === choice.x)?.type ?? "";
  const isDrawable = choice.x !== "" && choice.ys.length > 0;
  const url =
    isDrawable && widthPx > 0 ? chartUrl(table.full_name, choice, xType, range, pointsOfWidth(widthPx)) : null;
  // A live window is asked again at each tick; the server knows no parameter but those it lists.
  const answer = useArrow(url === null ? null : `${url}${tick === 0 ? "" : `#${tick}`}`, { delayMs: SETTLE_MS });

  const choiceText = JSON.stringify(choice);
  const all = useMemo(() => {
    const { x, ys, by } = JSON.parse(choiceText) as ChartChoice;
    return linesOf(answer.batches, x, ys, by === "" ? null : by);
  }, [answer.batches, choiceText]);
  const lines = useMemo(() => all.slice(0, MAX_LINES), [all]);
  // Reading the same again, as of a live window, is nothing to tell.
  const isLoading = url !== null && answer.url?.replace(/#.*/, "") !== url;
  // Another axis or table: where one had zoomed to means nothing there.
  useEffect(() => setZooms([]), [choice.x, table.full_name]);

  const choose = (changes: Partial<ChartChoice>) => {
    const next = { ...choice, ...changes };
    navigate(withParams(route, { x: next.x, y: next.ys.join("\n"), by: next.by, filter: next.filter }), true);
  };
  const shown = range ?? extentOf(lines);
  const onZoom = useCallback((to: Range) => setZooms((before) => zoomTo(before, to)), []);
  const adjust = (share: number, factor = 1) => {
    if (shown !== null) setZooms((before) => adjusted(before, moved(shown, share, factor)));
  };
  return (
    <div className="chart">
      <ChartForm table={table} tables={tables} choice={choice} onChoose={choose} />
      <section className="card chart-card" aria-label="Chart">
        <header>
          <ChartNote
            lines={lines}
            hiddenLines={all.length - lines.length}
            range={shown}
            isTime={isTime(xType)}
            x={choice.x}
            isLoading={isLoading}
            milliseconds={answer.milliseconds}
          />
          <ZoomButtons
            isZoomed={zooms.length > 0}
            onBack={() => setZooms(back)}
            onReset={() => setZooms([])}
            onAdjust={adjust}
          />
        </header>
        {answer.error !== null ? (
          <ErrorNote error={answer.error} />
        ) : !isDrawable ? (
          <Empty title="Pick what to draw">
            <p className="quiet">A line needs an x and at least one y, numbers or times.</p>
          </Empty>
        ) : (
          <Plot
            lines={lines}
            range={range}
            isTime={isTime(xType)}
            xName={choice.x}
            theme={theme}
            isLoading={isLoading}
            onWidth={setWidthPx}
            onZoom={onZoom}
            onBack={() => setZooms(back)}
            onReset={() => setZooms([])}
            onAdjust={adjust}
          />
        )}
      </section>
    </div>
  );
}

function choiceOf(route: Route, table: TableInfo): ChartChoice {
  const standard = defaultChoice(table);
  const has = (name: string | null) => name !== null && table.schema.some((c) => c.name === name);
  const x = route.params.get("x");
  const ys = (route.params.get("y") ?? "").split("\n").filter(has);
  const by = route.params.get("by");
  const isNumber = (name: string) => isNumeric(table.schema.find((c) => c.name === name)?.type ?? "");
  return {
    x: has(x) && x !== null ? x : standard.x,
    ys: route.params.has("y") ? ys.filter(isNumber) : standard.ys,
    by: has(by) && by !== null ? by : "",
    filter: route.params.get("filter") ?? "",
  };
}

function pointsOfWidth(widthPx: number): number {
  return Math.max(16, Math.round(widthPx * devicePixelRatio));
}

function extentOf(lines: ReturnType<typeof linesOf>): Range | null {
  let from = Infinity;
  let to = -Infinity;
  for (const { xs } of lines) {
    from = Math.min(from, xs[0] ?? Infinity);
    to = Math.max(to, xs.at(-1) ?? -Infinity);
  }
  return to > from ? { from, to } : null;
}

/** Counts up every other second while `runs`. The seam for a live feed: batches that come by themselves. */
function useTick(runs: boolean): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (!runs) return;
    const timer = setInterval(() => document.hidden || setTick((before) => before + 1), LIVE_MS);
    return () => clearInterval(timer);
  }, [runs]);
  return runs ? tick : 0;
}
