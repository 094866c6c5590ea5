import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

import {
  clampTop,
  isScaled,
  scrollOfTop,
  topAfterScroll,
  topToShow,
  visibleRows,
  type Extent,
} from "./scrollScale";

const LINE_PX = 40;
const SETTLED_MS = 180;

/** Ties a scroll bar to the rows that are seen; see scrollScale.ts. `headPx` stays above them. */
export function useScaledScroll(box: RefObject<HTMLDivElement | null>, rows: number, rowPx: number, headPx: number) {
  const [{ viewPx, widthPx }, setSize] = useState({ viewPx: 0, widthPx: 0 });
  const [top, setTop] = useState(0);
  const extent: Extent = { rows, rowPx, viewPx };
  const now = useRef({ extent, top, scroll: 0 });
  now.current.extent = extent;

  const moveTo = useCallback(
    (wanted: number) => {
      const state = now.current;
      state.top = clampTop(state.extent, wanted);
      setTop(state.top);
      if (box.current === null) return;
      box.current.scrollTop = scrollOfTop(state.extent, state.top);
      state.scroll = box.current.scrollTop;
    },
    [box],
  );

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setSize({ viewPx: Math.max(0, element.clientHeight - headPx), widthPx: element.clientWidth }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, headPx]);

  // Fewer rows than before: the place may be behind the last.
  useLayoutEffect(() => {
    if (now.current.top !== clampTop(now.current.extent, now.current.top)) moveTo(now.current.top);
  }, [rows, viewPx, moveTo]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let settled: ReturnType<typeof setTimeout> | undefined;
    const onScroll = () => {
      const state = now.current;
      if (Math.abs(element.scrollTop - state.scroll) < 0.6) return; // our own doing, or sideways
      state.top = topAfterScroll(state.extent, state.top, state.scroll, element.scrollTop);
      state.scroll = element.scrollTop;
      setTop(state.top);
      clearTimeout(settled);
      if (isScaled(state.extent)) settled = setTimeout(() => moveTo(state.top), SETTLED_MS);
    };
    const onWheel = (event: WheelEvent) => {
      const state = now.current;
      if (!isScaled(state.extent) || event.ctrlKey || event.shiftKey) return;
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      const unit = [1, LINE_PX, state.extent.viewPx][event.deltaMode] ?? 1;
      moveTo(state.top + event.deltaY * unit);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      clearTimeout(settled);
      element.removeEventListener("scroll", onScroll);
      element.removeEventListener("wheel", onWheel);
    };
  }, [box, moveTo]);

  const show = useCallback(
    (row: number) => moveTo(topToShow(now.current.extent, now.current.top, row)),
    [moveTo],
  );
  const jump = useCallback((row: number) => moveTo(row * now.current.extent.rowPx), [moveTo]);
  return { top, extent, widthPx, visible: visibleRows(extent, top), show, jump };
}
