import { tableFromArrays, tableToIPC, type RecordBatch } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ServerError } from "./errors";
import { backOffMs, followLive, liveUrl, type LiveListener } from "./live";

/** A socket whose other end is the test. */
class FakeSocket {
  static all: FakeSocket[] = [];
  binaryType = "blob";
  sent: string[] = [];
  isClosed = false;
  onopen = () => {};
  onclose = () => {};
  onmessage = (_: { data: unknown }) => {};

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(text: string) {
    this.sent.push(text);
  }

  close() {
    this.isClosed = true;
  }

  say(message: object) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  give(flags: number, payload: Uint8Array) {
    const message = new Uint8Array(8 + payload.length);
    new DataView(message.buffer).setUint32(4, flags, true);
    message.set(payload, 8);
    this.onmessage({ data: message.buffer });
  }
}

/** A stream of one batch, taken apart as the server sends it. */
function parts(...values: number[]) {
  const whole = tableToIPC(tableFromArrays({ n: new Int32Array(values) }), "stream");
  const schemaBytes = 8 + new DataView(whole.buffer, whole.byteOffset).getInt32(4, true);
  return { schema: whole.slice(0, schemaBytes), rows: whole.slice(schemaBytes, -8) };
}

let told: unknown[];
const listener: LiveListener = {
  onState: (state) => told.push(state),
  onBegin: () => told.push("begin"),
  onBatch: (batch: RecordBatch) => told.push([...(batch.getChild("n") ?? [])]),
  onSkipped: (total) => told.push({ skipped: total }),
  onEnd: (error) => told.push({ end: error }),
};
const last = () => FakeSocket.all.at(-1) as FakeSocket;

beforeEach(() => {
  told = [];
  FakeSocket.all = [];
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("followLive", () => {
  it("subscribes, and gives the state, changes, and what was skipped", () => {
    followLive("ws://x/v1/live", { table: "w", tail: 5 }, listener);
    last().onopen();
    expect(last().sent.map((text) => JSON.parse(text) as unknown)).toEqual([{ subscribe: { table: "w", tail: 5 } }]);
    last().say({ subscribed: { id: 1, number: 1 } });
    last().give(1, parts(0).schema);
    last().give(2, parts(1, 2).rows);
    last().say({ skipped: { id: 1, rows: 3, total: 7 } });
    last().give(0, parts(9).rows);
    last().say({ cleared: { id: 1 } });
    expect(told).toEqual(["connecting", "live", "begin", [1, 2], { skipped: 7 }, [9], "begin"]);
  });

  it("connects again when the connection is lost, later each time, and begins anew", () => {
    followLive("ws://x/v1/live", { table: "w" }, listener);
    for (let attempt = 0; attempt < 3; ++attempt) {
      last().onclose();
      const before = FakeSocket.all.length;
      vi.advanceTimersByTime(backOffMs(attempt, 1) - 1);
      expect(FakeSocket.all).toHaveLength(before);
      vi.advanceTimersByTime(backOffMs(attempt, 0));
      expect(FakeSocket.all).toHaveLength(before + 1);
    }
    last().onopen();
    last().say({ subscribed: { id: 1, number: 1 } });
    expect(told.slice(-3)).toEqual(["reconnecting", "live", "begin"]);
    last().onclose(); // the next wait is the first one again
    const before = FakeSocket.all.length;
    vi.advanceTimersByTime(backOffMs(0, 0));
    expect(FakeSocket.all).toHaveLength(before + 1);
  });

  it("does not wait longer and longer for ever", () => {
    expect(backOffMs(0, 0)).toBe(250);
    expect(backOffMs(1, 1)).toBe(250);
    expect(backOffMs(50, 0)).toBe(10_000);
  });

  it("does not try again what was refused or has ended", () => {
    const error = { code: "unknown_name", message: "no 'w'", location: ["subscribe", "table"] };
    const ends: [object, unknown][] = [
      [{ error }, expect.objectContaining({ code: "unknown_name", location: ["subscribe", "table"] })],
      [{ closed: { reason: "dropped", rows: 1 } }, expect.objectContaining({ code: "dropped" })],
      [{ closed: { reason: "error", because: error } }, expect.any(ServerError)],
      [{ closed: { reason: "end", rows: 1 } }, null],
    ];
    for (const [message, end] of ends) {
      followLive("ws://x/v1/live", { table: "w" }, listener);
      last().say(message);
      expect(told.at(-1)).toEqual({ end });
      expect(last().isClosed).toBe(true);
      last().onclose();
    }
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(ends.length);
  });

  it("ends with what it cannot read", () => {
    followLive("ws://x/v1/live", { table: "w" }, listener);
    last().onmessage({ data: "{" });
    expect(told.at(-1)).toEqual({ end: expect.any(SyntaxError) });
  });

  it("is silent once it was stopped, also while it waits", () => {
    const stop = followLive("ws://x/v1/live", { table: "w" }, listener);
    last().onclose();
    told = [];
    stop();
    vi.advanceTimersByTime(60_000);
    last().say({ subscribed: {} });
    last().onclose();
    expect(told).toEqual([]);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("is where the page comes from", () => {
    expect(liveUrl("http://host:14345/#/chart")).toBe("ws://host:14345/v1/live");
    expect(liveUrl("https://host/x?y")).toBe("wss://host/v1/live");
  });
});
