import { followLive, liveUrl, type LiveState, type LiveSubscription } from "@headrace/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type uPlot from "uplot";

import type { LiveRing } from "./liveRing";
import { Painter } from "./painter";
import type { Range } from "./zoom";

const FIGURES_MS = 250;
/** The frame rate is that of the last so many figures. */
const RATE_FIGURES = 8;

/** What is told beside the chart; read a few times a second, not for each frame. */
export interface LiveFigures {
  labels: readonly string[];
  rows: number;
  extent: Range | null;
  skipped: number;
  /** Drawn since the feed began. */
  frames: number;
  framesPerSecond: number;
}

export interface LiveFeed extends LiveFigures {
  state: LiveState | "paused" | "ended";
  error: Error | null;
  /** For the plot that the feed draws into. */
  onPlot: (plot: uPlot | null) => void;
}

/**
 * Follows `subscription` into `ring` and draws it, at most 30 times a second and only when
 * something came. Not while it does not run, nor while nobody looks; what was drawn last stays then.
 */
export function useLiveFeed(subscription: LiveSubscription | null, ring: LiveRing, runs: boolean): LiveFeed {
  const [state, setState] = useState<LiveState | "ended">("connecting");
  const [error, setError] = useState<Error | null>(null);
  const skipped = useRef(0);
  const painter = useMemo(() => new Painter(ring), [ring]);
  const figures = useFigures(painter, skipped, runs);
  const isSeen = useIsSeen();
  const text = subscription === null ? null : JSON.stringify(subscription);

  useEffect(() => {
    if (text === null || !runs || !isSeen) return;
    setError(null);
    const stop = followLive(liveUrl(), JSON.parse(text) as LiveSubscription, {
      onState: setState,
      onBegin: () => {
        skipped.current = 0;
        ring.clear();
      },
      onBatch: (batch) => {
        ring.push(batch);
        painter.schedule();
      },
      onSkipped: (total) => (skipped.current = total),
      onEnd: (cause) => {
        setState("ended");
        setError(cause);
      },
    });
    return () => {
      stop();
      painter.cancel();
    };
  }, [text, runs, isSeen, ring, painter]);

  const onPlot = useCallback((plot: uPlot | null) => painter.take(plot), [painter]);
  return { ...figures, state: runs ? state : "paused", error, onPlot };
}

/** They stay as they are where it stops. */
function useFigures(painter: Painter, skipped: { readonly current: number }, runs: boolean): LiveFigures {
  const [figures, setFigures] = useState<LiveFigures>(() => figuresOf(painter, 0, []));
  useEffect(() => {
    const drawn: { at: number; frames: number }[] = [];
    const tell = () => {
      drawn.push({ at: performance.now(), frames: painter.frames });
      if (drawn.length > RATE_FIGURES) drawn.shift();
      setFigures(figuresOf(painter, skipped.current, drawn));
    };
    tell();
    if (!runs) return;
    const timer = setInterval(tell, FIGURES_MS);
    return () => clearInterval(timer);
  }, [painter, skipped, runs]);
  return figures;
}

function figuresOf(
  { ring, frames }: Painter,
  skipped: number,
  drawn: readonly { at: number; frames: number }[],
): LiveFigures {
  const first = drawn[0] ?? { at: 0, frames };
  const seconds = ((drawn.at(-1)?.at ?? 0) - first.at) / 1e3;
  const framesPerSecond = seconds > 0 ? (frames - first.frames) / seconds : 0;
  return { labels: ring.labels, rows: ring.rows, extent: ring.extent, skipped, frames, framesPerSecond };
}

function useIsSeen(): boolean {
  const [isSeen, setIsSeen] = useState(!document.hidden);
  useEffect(() => {
    const onChange = () => setIsSeen(!document.hidden);
    document.addEventListener("visibilitychange", onChange);
    return () => document.removeEventListener("visibilitychange", onChange);
  }, []);
  return isSeen;
}
