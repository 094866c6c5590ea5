/** Rows a second between polls, the newest last. */
export interface RateHistory {
  count: number;
  atMs: number;
  rates: readonly number[];
}

const KEPT = 60;

export function addCount(before: RateHistory | undefined, count: number, atMs: number): RateHistory {
  if (before === undefined || atMs <= before.atMs) return { count, atMs, rates: [] };
  // A count that went back is that of a window that was cleared or made anew.
  const added = count >= before.count ? count - before.count : count;
  const rate = (added * 1000) / (atMs - before.atMs);
  return { count, atMs, rates: [...before.rates, rate].slice(-KEPT) };
}
