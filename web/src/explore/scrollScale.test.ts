import { describe, expect, it } from "vitest";

import {
  contentPx,
  isScaled,
  MAX_SCROLL_PX,
  maxTop,
  scrollOfTop,
  topAfterScroll,
  topOfScroll,
  topToShow,
  visibleRows,
} from "./scrollScale";

const few = { rows: 1000, rowPx: 30, viewPx: 600 };
const many = { rows: 100_000_000, rowPx: 30, viewPx: 600 };
const END = MAX_SCROLL_PX - 600;

describe("scrollScale", () => {
  it("is the browser's own for few rows", () => {
    expect(isScaled(few)).toBe(false);
    expect(contentPx(few)).toBe(30_000);
    expect(topOfScroll(few, 1234)).toBe(1234);
    expect(topAfterScroll(few, 0, 0, 17)).toBe(17);
  });

  it("stays below what browsers draw, and still reaches every row", () => {
    expect(contentPx(many)).toBe(MAX_SCROLL_PX);
    expect(topOfScroll(many, END)).toBe(maxTop(many));
    expect(visibleRows(many, maxTop(many))).toEqual({ first: 99_999_980, end: 100_000_000 });
  });

  it("goes there and back", () => {
    for (const row of [0, 1, 12_345, 50_000_000, 99_999_000]) {
      const top = row * 30;
      expect(topOfScroll(many, scrollOfTop(many, top))).toBeCloseTo(top, 3);
    }
  });

  it("moves pixel by pixel in small steps, in proportion in large ones", () => {
    const top = 50_000_000 * 30;
    const scroll = scrollOfTop(many, top);
    expect(topAfterScroll(many, top, scroll, scroll + 40)).toBe(top + 40);
    expect(topAfterScroll(many, top, scroll, scroll + 4000)).toBeGreaterThan(top + 1e6);
  });

  it("takes the ends of the bar as the ends of the rows", () => {
    expect(topAfterScroll(many, 5000, 10, 0)).toBe(0);
    expect(topAfterScroll(many, maxTop(many) - 5000, END - 5, END)).toBe(maxTop(many));
  });

  it("shows a row with as little movement as there can be", () => {
    expect(topToShow(few, 300, 5)).toBe(150);
    expect(topToShow(few, 0, 20)).toBe(30);
    expect(topToShow(few, 300, 15)).toBe(300);
  });

  it("knows no rows where there are none", () => {
    const none = { ...few, rows: 0 };
    expect(visibleRows(none, 0)).toEqual({ first: 0, end: 0 });
    expect(scrollOfTop(none, 100)).toBe(0);
  });
});
