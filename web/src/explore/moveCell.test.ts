import { expect, it } from "vitest";

import { moveCell } from "./moveCell";

const bounds = { rows: 100_000_000, columns: 5, page: 18 };

function press(key: string, cell = { row: 50, column: 2 }, ctrlKey = false) {
  return moveCell(cell, { key, ctrlKey, metaKey: false }, bounds);
}

it("moves by cells, screens and to the ends", () => {
  expect(press("ArrowDown")).toEqual({ row: 51, column: 2 });
  expect(press("PageUp")).toEqual({ row: 32, column: 2 });
  expect(press("End", undefined, true)).toEqual({ row: 99_999_999, column: 4 });
  expect(press("Home")).toEqual({ row: 50, column: 0 });
});

it("stays inside, and leaves other keys alone", () => {
  expect(press("ArrowUp", { row: 0, column: 0 })).toEqual({ row: 0, column: 0 });
  expect(press("ArrowRight", { row: 0, column: 4 })).toEqual({ row: 0, column: 4 });
  expect(press("Tab")).toBeNull();
});
