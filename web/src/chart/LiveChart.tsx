import { useMemo, useState } from "react";

import { formatCount } from "../format/number";
import { ErrorNote } from "../shell/States";
import { ChartNote } from "./ChartNote";
import { liveColumns, liveLabel, liveSubscription } from "./chartQuery";
import type { ChartSubject } from "./ChartView";
import { LiveRing } from "./liveRing";
import { LiveState } from "./LiveState";
import { Plot } from "./Plot";
import { useLiveFeed, type LiveFigures } from "./useLiveFeed";
import { useWindowRows } from "./useWindowRows";
import { controlsOf } from "./useZoom";
import { ZoomButtons } from "./ZoomButtons";

/** A live window with a rolling statistic, as it moves. To zoom is to pause: nothing moves under the hand. */
export function LiveChart({ table, choice, isTime, theme, zoom }: ChartSubject) {
  const [isPaused, setIsPaused] = useState(false);
  const capacity = useWindowRows(table.name);
  const { x, by } = choice;
  const names = liveColumns(choice).join("\n");
  const ring = useMemo(() => new LiveRing(capacity ?? 1, x, names.split("\n"), by), [capacity, x, names, by]);
  const subscription = capacity === null ? null : liveSubscription(table.full_name, choice, capacity);
  const runs = !isPaused && zoom.range === null;
  const feed = useLiveFeed(subscription, ring, runs);
  const shown = zoom.range ?? feed.extent;
  const labels = feed.labels.map((label) => liveLabel(label, choice));
  const controls = controlsOf(zoom, shown);
  const onToggle = () => {
    setIsPaused(runs);
    if (!runs) zoom.reset();
  };
  return (
    <section className="card chart-card" aria-label="Chart" data-frames={feed.frames}>
      <header>
        <ChartNote range={shown} isTime={isTime} x={x} text={noteOf(feed, runs)} />
        <div className="chart-controls">
          <LiveState state={feed.state} onToggle={onToggle} />
          <ZoomButtons isZoomed={zoom.range !== null} {...controls} />
        </div>
      </header>
      {feed.error !== null ? (
        <ErrorNote error={feed.error} />
      ) : (
        <Plot
          labels={labels}
          strong={labels.filter((_, i) => feed.labels[i] !== labels[i])}
          data={null}
          onPlot={feed.onPlot}
          range={zoom.range}
          isTime={isTime}
          xName={x}
          theme={theme}
          isLoading={feed.state === "connecting"}
          emptyText={feed.rows === 0 ? "No rows yet: they are drawn as they come" : undefined}
          onWidth={ignoreWidth}
          onZoom={zoom.to}
          {...controls}
        />
      )}
    </section>
  );
}

/** A live chart has the rows of the window, however wide it is. */
function ignoreWidth(): void {}

function noteOf({ rows, skipped, framesPerSecond }: LiveFigures, runs: boolean): string {
  const pace = runs ? ` · ${Math.round(framesPerSecond)} frames a second` : "";
  const missed = skipped > 0 ? ` · ${formatCount(skipped)} skipped` : "";
  return `${formatCount(rows)} rows${pace}${missed}`;
}
