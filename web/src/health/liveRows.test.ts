import { describe, expect, it } from "vitest";

import type { LiveFigures, LiveSubscriptionFigures } from "../server/tables";
import { liveRows, unlisted } from "./liveRows";

const slow: LiveSubscriptionFigures = {
  peer: "127.0.0.1:50798",
  id: 7,
  table: "buffers.ticks",
  policy: "latest",
  rate: 0.5,
  slow: true,
  queued_bytes: 1 << 20,
  rows_sent: 10,
  rows_skipped: 12_000,
};
const quick: LiveSubscriptionFigures = { ...slow, id: "7", rate: null, slow: false, queued_bytes: 0, rows_skipped: 0 };

describe("live rows", () => {
  it("are in words, in the server's order", () => {
    expect(liveRows([slow, quick])).toEqual([
      {
        key: '["127.0.0.1:50798",7]',
        peer: "127.0.0.1:50798",
        id: "7",
        table: "buffers.ticks",
        policy: "latest",
        rate: "0.5/s",
        queued: "1 MiB",
        skipped: "12,000",
        isSlow: true,
        hasSkipped: true,
      },
      expect.objectContaining({ rate: "once", queued: "0 B", skipped: "0", isSlow: false, hasSkipped: false }),
    ]);
  });

  it("of one client have keys of their own", () => {
    const keys = liveRows([slow, quick]).map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
  });

  it("tell how many are left out", () => {
    const live: LiveFigures = {
      clients: 1,
      subscriptions: 1200,
      slow_subscriptions: 1,
      queued_bytes: 0,
      rows_skipped: 0,
      slowest: [slow, quick],
    };
    expect(unlisted(live)).toBe("and 1,198 more that keep up better");
    expect(unlisted({ ...live, subscriptions: 2 })).toBe("");
    expect(unlisted({ ...live, slowest: [] })).toBe(""); // one came between two figures
  });
});
