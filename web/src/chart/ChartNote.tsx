import type { ArrowState } from "../arrow/useArrow";
import { formatCount, formatSeconds } from "../format/number";
import { formatInstant } from "../format/time";
import { pointsOf, type Line } from "./series";
import type { Range } from "./zoom";

interface ChartNoteProps {
  answer: ArrowState;
  lines: readonly Line[];
  range: Range | null;
  isTime: boolean;
  x: string;
}

/** What is drawn, of which range, and how long it took. */
export function ChartNote({ answer, lines, range, isTime, x }: ChartNoteProps) {
  const points = lines.reduce((sum, line) => sum + pointsOf(line), 0);
  const bound = (value: number) => {
    if (isTime) return formatInstant(BigInt(Math.round(value)), 1);
    return String(Number(value.toPrecision(7)));
  };
  return (
    <div className="chart-note" role="status">
      <b>{range === null ? " " : `${bound(range.from)} – ${bound(range.to)}`}</b>
      <small>
        {isTime ? "UTC" : x}
        {" · "}
        {answer.loading ? "reading …" : `${formatCount(points)} points`}
        {answer.milliseconds !== null && ` in ${formatSeconds(answer.milliseconds / 1e3)}`}
      </small>
    </div>
  );
}
