import { formatInstant } from "../format/time";
import type { Range } from "./zoom";

interface ChartNoteProps {
  range: Range | null;
  isTime: boolean;
  x: string;
  /** What is drawn, in words. */
  text: string;
}

/** Of which range the chart is, and what is drawn. */
export function ChartNote({ range, isTime, x, text }: ChartNoteProps) {
  const bound = (value: number) => {
    const perSecond = range !== null && range.to - range.from < 60 ? 1e6 : 1;
    if (isTime) return formatInstant(BigInt(Math.round(value * perSecond)), perSecond);
    return String(Number(value.toPrecision(7)));
  };
  return (
    <div className="chart-note">
      <b>{range === null ? " " : `${bound(range.from)} – ${bound(range.to)}`}</b>
      <small>
        {isTime ? "UTC" : x} · {text}
      </small>
    </div>
  );
}
