import { formatCount, formatSeconds } from "../format/number";
import { formatInstant } from "../format/time";
import { pointsOf, type Line } from "./series";
import type { Range } from "./zoom";

interface ChartNoteProps {
  lines: readonly Line[];
  hiddenLines: number;
  range: Range | null;
  isTime: boolean;
  x: string;
  isLoading: boolean;
  milliseconds: number | null;
}

/** What is drawn, of which range, and how long it took. */
export function ChartNote(props: ChartNoteProps) {
  const { lines, hiddenLines, range, isTime, x, isLoading, milliseconds } = props;
  const points = lines.reduce((sum, line) => sum + pointsOf(line), 0);
  const bound = (value: number) => {
    const perSecond = range !== null && range.to - range.from < 60 ? 1e6 : 1;
    if (isTime) return formatInstant(BigInt(Math.round(value * perSecond)), perSecond);
    return String(Number(value.toPrecision(7)));
  };
  return (
    <div className="chart-note" role="status">
      <b>{range === null ? " " : `${bound(range.from)} – ${bound(range.to)}`}</b>
      <small>
        {isTime ? "UTC" : x}
        {" · "}
        {isLoading ? "reading …" : `${formatCount(points)} points`}
        {!isLoading && milliseconds !== null && ` in ${formatSeconds(milliseconds / 1e3)}`}
        {hiddenLines > 0 && ` · ${formatCount(hiddenLines)} more lines are not drawn: filter them`}
      </small>
    </div>
  );
}
