import { formatInstant } from "../format/time";

const DAY = 86_400;

/**
 * Marks of an axis of time, in UTC and as ISO has them. Below what is told by each mark stands, once,
 * what is the same until it changes: the day under hours, the year under days.
 */
export function timeMarks(seconds: readonly number[], stepSeconds: number): string[] {
  let before = "";
  return seconds.map((at) => {
    const text = formatInstant(BigInt(Math.round(at * 1e6)), 1e6);
    const [mark, rest] = split(text, stepSeconds);
    const shown = rest === before || rest === "" ? mark : `${mark}\n${rest}`;
    before = rest;
    return shown;
  });
}

/** "2001-05-02 09:00:00.25" as the mark and what it belongs to. */
function split(text: string, stepSeconds: number): [string, string] {
  const day = text.slice(0, 10);
  if (stepSeconds >= 360 * DAY) return [text.slice(0, 4), ""];
  if (stepSeconds >= 28 * DAY) return [text.slice(0, 7), ""];
  if (stepSeconds >= DAY) return [text.slice(5, 10), text.slice(0, 4)];
  if (stepSeconds >= 60) return [text.slice(11, 16), day];
  return [text.slice(11), day];
}
