import { useCallback, useEffect, useMemo, useState } from "react";

import { adjusted, back, current, moved, zoomTo, type Range, type ZoomHistory } from "./zoom";

export interface Zoom {
  /** Null: all that there is. */
  range: Range | null;
  to: (range: Range) => void;
  back: () => void;
  reset: () => void;
  /** Moves what is `shown` by a share of its width, or narrows it. */
  adjust: (shown: Range | null, share: number, factor?: number) => void;
}

/** What buttons and keys do to what is shown. */
export interface ZoomControls {
  onBack: () => void;
  onReset: () => void;
  onAdjust: (share: number, factor?: number) => void;
}

export function controlsOf(zoom: Zoom, shown: Range | null): ZoomControls {
  return {
    onBack: zoom.back,
    onReset: zoom.reset,
    onAdjust: (share, factor) => zoom.adjust(shown, share, factor),
  };
}

/** Where one has zoomed to; on another axis, which `axis` names, that means nothing. */
export function useZoom(axis: string): Zoom {
  const [history, setHistory] = useState<ZoomHistory>([]);
  useEffect(() => setHistory([]), [axis]);
  const to = useCallback((range: Range) => setHistory((before) => zoomTo(before, range)), []);
  const range = current(history);
  return useMemo(
    () => ({
      range,
      to,
      back: () => setHistory(back),
      reset: () => setHistory([]),
      adjust: (shown, share, factor = 1) => {
        if (shown !== null) setHistory((before) => adjusted(before, moved(shown, share, factor)));
      },
    }),
    [range, to],
  );
}
