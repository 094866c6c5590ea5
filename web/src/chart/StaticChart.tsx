import { useArrow } from "@headrace/react";
import { useMemo, useState } from "react";

import { formatCount, formatSeconds } from "../format/number";
import { ErrorNote } from "../shell/States";
import { ChartNote } from "./ChartNote";
import { chartUrl } from "./chartQuery";
import type { ChartSubject } from "./ChartView";
import { Plot } from "./Plot";
import { dataOf } from "./plotOptions";
import { linesOf, MAX_LINES, pointsOf, type Line } from "./series";
import { controlsOf } from "./useZoom";
import type { Range } from "./zoom";
import { ZoomButtons } from "./ZoomButtons";

/** Of many ranges in a row only the one where it stays so long is asked for. */
const SETTLE_MS = 120;

/** The rows that a chart shows, chosen by the server, anew for each range. */
export function StaticChart({ table, choice, xType, isTime, theme, zoom }: ChartSubject) {
  const [widthPx, setWidthPx] = useState(0);
  const points = Math.max(16, Math.round(widthPx * devicePixelRatio));
  const url = widthPx > 0 ? chartUrl(table.full_name, choice, xType, zoom.range, points) : null;
  const answer = useArrow(url, { delayMs: SETTLE_MS });
  const { x, by } = choice;
  const names = choice.ys.join("\n");
  const all = useMemo(
    () => linesOf(answer.batches, x, names.split("\n"), by === "" ? null : by),
    [answer.batches, x, names, by],
  );
  const lines = useMemo(() => all.slice(0, MAX_LINES), [all]);
  const data = useMemo(() => dataOf(lines), [lines]);
  const isLoading = answer.loading || answer.url !== url;
  const shown = zoom.range ?? extentOf(lines);
  const controls = controlsOf(zoom, shown);
  return (
    <section className="card chart-card" aria-label="Chart">
      <header>
        <ChartNote
          range={shown}
          isTime={isTime}
          x={x}
          text={isLoading ? "reading …" : noteOf(lines, all.length - lines.length, answer.milliseconds)}
        />
        <ZoomButtons isZoomed={zoom.range !== null} {...controls} />
      </header>
      {answer.error !== null ? (
        <ErrorNote error={answer.error} />
      ) : (
        <Plot
          labels={lines.map(({ label }) => label)}
          data={data}
          range={zoom.range}
          isTime={isTime}
          xName={x}
          theme={theme}
          isLoading={isLoading}
          emptyText={lines.length === 0 ? "No points in this range" : undefined}
          onWidth={setWidthPx}
          onZoom={zoom.to}
          {...controls}
        />
      )}
    </section>
  );
}

function noteOf(lines: readonly Line[], hidden: number, milliseconds: number | null): string {
  const points = `${formatCount(lines.reduce((sum, line) => sum + pointsOf(line), 0))} points`;
  const time = milliseconds === null ? "" : ` in ${formatSeconds(milliseconds / 1e3)}`;
  const more = hidden > 0 ? ` · ${formatCount(hidden)} more lines are not drawn: filter them` : "";
  return points + time + more;
}

function extentOf(lines: readonly Line[]): Range | null {
  let from = Infinity;
  let to = -Infinity;
  for (const { xs } of lines) {
    from = Math.min(from, xs[0] ?? Infinity);
    to = Math.max(to, xs.at(-1) ?? -Infinity);
  }
  return to > from ? { from, to } : null;
}
