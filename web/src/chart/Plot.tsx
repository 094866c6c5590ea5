import { useEffect, useLayoutEffect, useRef, type KeyboardEvent } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { Theme } from "../shell/theme";
import { optionsOf } from "./plotOptions";
import type { ZoomControls } from "./useZoom";
import type { Range } from "./zoom";

interface PlotProps extends ZoomControls {
  labels: readonly string[];
  /** Drawn stronger than the others. */
  strong?: readonly string[];
  /** Null: whoever has taken the plot from `onPlot` puts it in. */
  data: uPlot.AlignedData | null;
  onPlot?: (plot: uPlot | null) => void;
  /** Null: all that there is. */
  range: Range | null;
  isTime: boolean;
  xName: string;
  theme: Theme;
  isLoading: boolean;
  /** Stands where there is nothing to draw. */
  emptyText?: string;
  onWidth: (px: number) => void;
  onZoom: (range: Range) => void;
}

export function Plot(props: PlotProps) {
  const { data, range, isTime, xName, theme, isLoading, onPlot, onWidth, onZoom } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const labels = props.labels.join("\n");
  const strong = (props.strong ?? []).join("\n");

  // Another set of lines or colours is another plot; other points are only put in.
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || labels === "") return;
    const options = optionsOf({ labels: labels.split("\n"), strong: strong.split("\n"), isTime, xName, element, onZoom });
    const made = new uPlot(options, undefined, element);
    plot.current = made;
    onPlot?.(made);
    return () => {
      onPlot?.(null);
      made.destroy();
      plot.current = null;
    };
  }, [labels, strong, isTime, xName, theme, onZoom, onPlot]);

  useLayoutEffect(() => {
    const made = plot.current;
    if (made === null) return;
    made.batch(() => {
      if (data !== null || range === null) made.setData(data ?? made.data, range === null);
      if (range !== null) made.setScale("x", { min: range.from, max: range.to });
    });
  }, [data, range, labels, strong, isTime, xName, theme]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let settled: ReturnType<typeof setTimeout> | undefined;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      plot.current?.setSize({ width, height: height - legendPx(element) });
      clearTimeout(settled);
      settled = setTimeout(() => onWidth(width), 100);
    });
    observer.observe(element);
    onWidth(element.clientWidth);
    return () => {
      clearTimeout(settled);
      observer.disconnect();
    };
  }, [onWidth]);

  return (
    <div
      className={isLoading ? "plot is-loading" : "plot"}
      ref={box}
      tabIndex={0}
      role="application"
      aria-label={`Chart of ${labels.replaceAll("\n", ", ")} over ${xName}. Arrow keys move, plus and minus zoom, Backspace goes back, 0 shows all.`}
      onKeyDown={(event) => onKey(event, props)}
    >
      {props.emptyText !== undefined && <span className="plot-wait">{isLoading ? "" : props.emptyText}</span>}
    </div>
  );
}

function legendPx(element: HTMLElement): number {
  return element.querySelector<HTMLElement>(".u-legend")?.offsetHeight ?? 32;
}

function onKey(event: KeyboardEvent, { onAdjust, onBack, onReset }: PlotProps): void {
  const actions: Record<string, () => void> = {
    ArrowLeft: () => onAdjust(-0.1),
    ArrowRight: () => onAdjust(0.1),
    "+": () => onAdjust(0, 0.5),
    "=": () => onAdjust(0, 0.5),
    "-": () => onAdjust(0, 2),
    Backspace: onBack,
    "0": onReset,
  };
  const action = actions[event.key];
  if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
}
