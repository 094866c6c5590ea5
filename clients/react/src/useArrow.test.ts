import { tableFromArrays, tableToIPC } from "apache-arrow";
import { Window } from "happy-dom";
import { createElement } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { TruncatedError } from "./errors";
import { useArrow, type ArrowState } from "./useArrow";

// Only the tree: streams and answers are those of the platform.
const page = new Window();
Object.assign(globalThis, { window: page, document: page.document });
const streamOf = (...values: number[]) =>
  tableToIPC(tableFromArrays({ n: new Int32Array(values) }), "stream").slice();

interface Asked {
  url: string;
  signal: AbortSignal;
  answer: (response: Response) => void;
}

let asked: Asked[];
let root: Root;
let shown: ArrowState;
let renders: number;

function Shown({ url }: { url: string | null }) {
  shown = useArrow(url);
  ++renders;
  return null;
}

const show = async (url: string | null) => {
  renders = 0;
  root.render(createElement(Shown, { url }));
  await settles(() => expect(renders).toBeGreaterThan(0));
};
const settles = (holds: () => void) => vi.waitFor(holds, { timeout: 10_000, interval: 5 });
const last = () => asked[asked.length - 1] as Asked;
const numbers = () => shown.batches.flatMap((batch) => [...(batch.getChild("n") ?? [])]);

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (url: string, { signal }: { signal: AbortSignal }) => {
    return new Promise<Response>((answer, refuse) => {
      asked.push({ url, signal, answer });
      signal.addEventListener("abort", () => refuse(new DOMException("", "AbortError")));
    });
  });
  root = createRoot(document.createElement("div"));
});

afterEach(() => {
  root.unmount();
  vi.unstubAllGlobals();
});

describe("useArrow", () => {
  it("asks once, and shows rows and what has come", async () => {
    await show("/a");
    await settles(() => expect(asked).toHaveLength(1));
    expect(shown).toMatchObject({ loading: true, batches: [], error: null });
    last().answer(new Response(streamOf(1, 2)));
    await settles(() => expect(shown.loading).toBe(false));
    expect(numbers()).toEqual([1, 2]);
    expect(shown.progress).toEqual({ rows: 2, bytes: streamOf(1, 2).length, totalBytes: null });
    expect(shown.milliseconds).not.toBeNull();
  });

  it("aborts the request before, and keeps its rows until there are others", async () => {
    await show("/a");
    await settles(() => expect(asked).toHaveLength(1));
    last().answer(new Response(streamOf(1)));
    await settles(() => expect(numbers()).toEqual([1]));
    await show("/b");
    await settles(() => expect(asked).toHaveLength(2));
    await show("/c");
    await settles(() => expect(asked[1]?.signal.aborted).toBe(true));
    expect(numbers()).toEqual([1]);
    await settles(() => expect(asked).toHaveLength(3));
    last().answer(new Response(streamOf(3)));
    await settles(() => expect(shown.url).toBe("/c"));
    expect(numbers()).toEqual([3]);
  });

  it("aborts when it leaves, and says nothing more", async () => {
    await show("/a");
    await settles(() => expect(asked).toHaveLength(1));
    const before = shown;
    root.unmount();
    await settles(() => expect(last().signal.aborted).toBe(true));
    expect(shown).toBe(before);
    root = createRoot(document.createElement("div"));
  });

  it("says what went wrong, by its type, and recovers", async () => {
    await show("/a");
    await settles(() => expect(asked).toHaveLength(1));
    last().answer(new Response(streamOf(1).slice(0, -20)));
    await settles(() => expect(shown.error).toBeInstanceOf(TruncatedError));
    expect(shown).toMatchObject({ loading: false, url: "/a" });
    await show("/b");
    await settles(() => expect(asked).toHaveLength(2));
    await settles(() => expect(shown.error).toBeNull());
    last().answer(new Response(streamOf(2)));
    await settles(() => expect(numbers()).toEqual([2]));
  });

  it("asks for nothing without a URL", async () => {
    await show(null);
    expect(asked).toHaveLength(0);
    expect(shown.loading).toBe(false);
  });
});
