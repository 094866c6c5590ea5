import { isNumeric, isTime, type TableInfo } from "../server/tables";
import type { Polled } from "../server/usePoll";
import { pickTable } from "../shell/pickTable";
import { hrefOf, navigate, withParams, type Route } from "../shell/route";
import { Empty, ErrorNote, Skeleton } from "../shell/States";
import type { Theme } from "../shell/theme";
import { ChartForm } from "./ChartForm";
import { defaultChoice, ROLLING_ROWS, ROLLING_STATS, type ChartChoice } from "./chartQuery";
import { LiveChart } from "./LiveChart";
import { StaticChart } from "./StaticChart";
import { useZoom, type Zoom } from "./useZoom";

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

/** What is drawn, and where one has zoomed to. */
export interface ChartSubject {
  table: TableInfo;
  choice: ChartChoice;
  xType: string;
  isTime: boolean;
  theme: Theme;
  zoom: Zoom;
}

interface TableChartProps {
  table: TableInfo;
  tables: readonly TableInfo[];
  route: Route;
  theme: Theme;
}

function TableChart({ table, tables, route, theme }: TableChartProps) {
  const choice = choiceOf(route, table);
  const zoom = useZoom(choice.x);
  const xType = table.schema.find(({ name }) => name === choice.x)?.type ?? "";
  const choose = (changes: Partial<ChartChoice>) => {
    const { x, ys, by, filter, stat, over } = { ...choice, ...changes };
    const isLive = table.kind === "buffers";
    const rolling: Record<string, string> = isLive ? { stat: stat || "none", over: String(over) } : {};
    navigate(withParams(route, { x, y: ys.join("\n"), by, filter, ...rolling }), true);
  };
  const subject = { table, choice, xType, isTime: isTime(xType), theme, zoom };
  return (
    <div className="chart">
      <ChartForm table={table} tables={tables} choice={choice} onChoose={choose} />
      {choice.x === "" || choice.ys.length === 0 ? (
        <section className="card chart-card" aria-label="Chart">
          <Empty title="Pick what to draw">
            <p className="quiet">A line needs an x and at least one y, numbers or times.</p>
          </Empty>
        </section>
      ) : table.kind === "buffers" ? (
        <LiveChart {...subject} />
      ) : (
        <StaticChart {...subject} />
      )}
    </div>
  );
}

function choiceOf({ params }: Route, table: TableInfo): ChartChoice {
  const standard = defaultChoice(table);
  const has = (name: string | null) => name !== null && table.schema.some((c) => c.name === name);
  const x = params.get("x");
  const ys = (params.get("y") ?? "").split("\n").filter(has);
  const by = params.get("by");
  const stat = params.get("stat");
  const isNumber = (name: string) => isNumeric(table.schema.find((c) => c.name === name)?.type ?? "");
  return {
    x: has(x) && x !== null ? x : standard.x,
    ys: params.has("y") ? ys.filter(isNumber) : standard.ys,
    by: has(by) && by !== null ? by : "",
    filter: params.get("filter") ?? "",
    stat: stat === "none" ? "" : (ROLLING_STATS.find((known) => known === stat) ?? standard.stat),
    over: ROLLING_ROWS.find((rows) => String(rows) === params.get("over")) ?? standard.over,
  };
}
