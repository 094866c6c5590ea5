import { describe, expect, it } from "vitest";

import { PageStore } from "./pageStore";

/** Answers when told to, and notes what was asked and aborted. */
class Source {
  readonly asked: number[] = [];
  readonly aborted: number[] = [];
  private readonly pending = new Map<number, { resolve: (v: string) => void; reject: (e: Error) => void }>();

  readonly load = (page: number, signal: AbortSignal): Promise<string> => {
    this.asked.push(page);
    signal.addEventListener("abort", () => this.aborted.push(page));
    return new Promise((resolve, reject) => this.pending.set(page, { resolve, reject }));
  };

  async answer(page: number): Promise<void> {
    this.pending.get(page)?.resolve(`page ${page}`);
    await Promise.resolve();
    await Promise.resolve();
  }

  async fail(page: number): Promise<void> {
    this.pending.get(page)?.reject(new Error("refused"));
    await Promise.resolve();
    await Promise.resolve();
  }
}

function make(capacity = 3, parallel = 2) {
  const source = new Source();
  return { source, store: new PageStore(source.load, { capacity, parallel }) };
}

describe("PageStore", () => {
  it("asks for what is seen, so many at a time", async () => {
    const { source, store } = make();
    store.want([4, 5, 6]);
    expect(source.asked).toEqual([4, 5]);
    await source.answer(4);
    expect(source.asked).toEqual([4, 5, 6]);
    expect(store.peek(4)).toBe("page 4");
  });

  it("aborts what was scrolled past, and takes no late answer", async () => {
    const { source, store } = make();
    store.want([1]);
    store.want([900]);
    expect(source.aborted).toEqual([1]);
    await source.answer(1);
    expect(store.peek(1)).toBeUndefined();
    expect(source.asked).toEqual([1, 900]);
  });

  it("does not ask twice", async () => {
    const { source, store } = make();
    store.want([1]);
    store.want([1]);
    await source.answer(1);
    store.want([1]);
    expect(source.asked).toEqual([1]);
  });

  it("forgets what was looked at longest ago", async () => {
    const { source, store } = make(2);
    for (const page of [1, 2]) {
      store.want([page]);
      await source.answer(page);
    }
    store.want([1]);
    store.want([3]);
    await source.answer(3);
    expect(store.peek(1)).toBe("page 1");
    expect(store.peek(2)).toBeUndefined();
    expect(store.peek(3)).toBe("page 3");
  });

  it("tells listeners, and stops at an error until it is asked again", async () => {
    const { source, store } = make();
    let told = 0;
    store.subscribe(() => ++told);
    store.want([7]);
    await source.fail(7);
    expect(store.error).toEqual(new Error("refused"));
    expect(told).toBe(1);
    store.want([8]);
    expect(source.asked).toEqual([7]);
    store.refresh();
    expect(store.error).toBeNull();
    expect(source.asked).toEqual([7, 8]);
  });

  it("keeps what is there while it is refreshed", async () => {
    const { source, store } = make();
    store.want([1]);
    await source.answer(1);
    store.refresh();
    expect(store.peek(1)).toBe("page 1");
    expect(source.asked).toEqual([1, 1]);
  });
});
