/** A stretch of the axis; instants are seconds since 1970. */
export interface Range {
  from: number;
  to: number;
}

/** Where one has zoomed to, the last one last; none is all of the axis. */
export type ZoomHistory = readonly Range[];

const MAX_STEPS = 50;

export function current(history: ZoomHistory): Range | null {
  return history.at(-1) ?? null;
}

export function zoomTo(history: ZoomHistory, range: Range): ZoomHistory {
  if (!(range.to > range.from)) return history;
  return [...history, range].slice(-MAX_STEPS);
}

export function back(history: ZoomHistory): ZoomHistory {
  return history.slice(0, -1);
}

/** The last step moved by a share of its width, or narrowed around its middle (factor < 1). */
export function moved(range: Range, share: number, factor = 1): Range {
  const width = (range.to - range.from) * factor;
  const middle = (range.from + range.to) / 2 + share * (range.to - range.from);
  return { from: middle - width / 2, to: middle + width / 2 };
}

/** A step that goes on from the last one takes its place, so that going back skips the way. */
export function adjusted(history: ZoomHistory, range: Range): ZoomHistory {
  return history.length === 0 ? zoomTo(history, range) : [...history.slice(0, -1), range];
}
