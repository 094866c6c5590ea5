import { formatBytes, formatCount, formatShort } from "../format/number";
import type { LiveFigures, LiveSubscriptionFigures } from "../server/tables";

/** One subscription in words. */
export interface LiveRow {
  key: string;
  peer: string;
  id: string;
  table: string;
  policy: string;
  rate: string;
  queued: string;
  skipped: string;
  isSlow: boolean;
  hasSkipped: boolean;
}

/** In the server's order, which has the slow ones first. */
export function liveRows(subscriptions: readonly LiveSubscriptionFigures[]): LiveRow[] {
  return subscriptions.map(({ peer, id, table, policy, rate, slow, queued_bytes, rows_skipped }) => ({
    key: JSON.stringify([peer, id]),
    peer,
    id: String(id),
    table,
    policy,
    rate: rate === null ? "once" : `${formatShort(rate)}/s`,
    queued: formatBytes(queued_bytes),
    skipped: formatCount(rows_skipped),
    isSlow: slow,
    hasSkipped: rows_skipped > 0,
  }));
}

/** What the table does not show; "" where it shows all. */
export function unlisted({ subscriptions, slowest }: LiveFigures): string {
  const more = subscriptions - slowest.length;
  return slowest.length > 0 && more > 0 ? `and ${formatCount(more)} more that keep up better` : "";
}
