import uPlot from "uplot";

import { formatInstant } from "../format/time";
import { formatShort } from "../format/number";
import type { Line } from "./series";
import { timeMarks } from "./timeAxis";
import type { Range } from "./zoom";

interface PlotSubject {
  labels: readonly string[];
  /** Those that are drawn over the others, and stronger. */
  strong: readonly string[];
  isTime: boolean;
  xName: string;
  element: HTMLElement;
  onZoom: (range: Range) => void;
}

/** Less than this is a click, not a range. */
const LEAST_DRAG_PX = 4;

/** Colours and fonts are those of the style sheet, so that light and dark are told in one place. */
export function optionsOf({ labels, strong, isTime, xName, element, onZoom }: PlotSubject): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
    gap: 8,
  };
  return {
    width: element.clientWidth,
    height: Math.max(120, element.clientHeight - 32),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
    scales: { x: { time: isTime } },
    cursor: {
      drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
      points: { size: 7 },
      y: false,
    },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    axes: [
      {
        ...axis,
        label: isTime ? `${xName} (UTC)` : xName,
        labelFont: axis.font,
        labelSize: 22,
        labelGap: 2,
        size: isTime ? 42 : 28,
        space: isTime ? 84 : 60,
        values: (_, marks, _axis, _space, step) =>
          isTime ? timeMarks(marks, step) : numberMarks(marks, step),
      },
      { ...axis, size: yAxisPx, values: (_, splits, _axis, _space, step) => numberMarks(splits, step) },
    ],
    series: [
      { label: xName, value: (_, x) => (x === null ? "–" : xText(x, isTime)) },
      ...labels.map((label, i) => ({
        label,
        stroke: colour(`--series-${i % 6}`),
        width: strong.includes(label) ? 2 : 1,
        dash: i >= 6 ? [5, 3] : undefined,
        spanGaps: false,
        points: { show: (u: uPlot) => (u.data[0]?.length ?? 0) < 120 },
        value: (_: uPlot, y: number | null) => (y === null ? "–" : String(Number(y.toPrecision(9)))),
      })),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < LEAST_DRAG_PX) return;
          onZoom({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") });
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** Short, unless two marks would read the same. */
export function numberMarks(marks: readonly number[], step: number): string[] {
  const short = marks.map(formatShort);
  if (new Set(short).size === short.length) return short;
  let decimals = 0;
  while (decimals < 9 && Math.abs(step - Number(step.toFixed(decimals))) > step * 1e-6) ++decimals;
  return marks.map((mark) => mark.toFixed(decimals));
}

function xText(x: number, isTime: boolean): string {
  return isTime ? formatInstant(BigInt(Math.round(x * 1e3)), 1e3) : String(x);
}

/** As wide as the longest label. */
function yAxisPx(_: uPlot, values: string[] | null): number {
  const longest = Math.max(2, ...(values ?? []).map((value) => value.length));
  return 18 + longest * 7;
}

/** Lines with points of their own become columns over one axis; a null is a gap and stays one. */
export function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  const first = lines[0]?.xs ?? [];
  const isShared = lines.every(({ xs }) => xs.length === first.length && xs.every((x, i) => x === first[i]));
  if (isShared) return [first, ...lines.map(({ ys }) => ys)];
  // A row for each point of each line. Where other lines have none stands undefined, over which
  // uPlot draws on, so that points with the same x are all kept.
  const places = lines.flatMap(({ xs }, line) => xs.map((x, row) => ({ x, line, row })));
  places.sort((a, b) => a.x - b.x || a.line - b.line || a.row - b.row);
  const columns = lines.map(() => new Array<number | null | undefined>(places.length).fill(undefined));
  places.forEach(({ line, row }, i) => {
    const column = columns[line];
    if (column) column[i] = lines[line]?.ys[row];
  });
  return [places.map(({ x }) => x), ...columns];
}
