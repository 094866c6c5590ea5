import { describe, expect, it } from "vitest";

import { statusText, type Shown } from "./statusText";

const all: Shown = { all: 5000, shown: 5000, total: 5000, filter: "", sort: null };
const price = { column: "price", descending: true };

describe("the line above the rows", () => {
  it("counts them", () => {
    expect(statusText({ ...all, all: null, shown: null })).toBe("Counting …");
    expect(statusText(all)).toBe("5,000 rows");
    expect(statusText({ ...all, all: 7, shown: 7, filter: "x > 1" })).toBe("7 of 5,000 rows");
    expect(statusText({ ...all, total: null, filter: "x > 1" })).toBe("5,000 rows");
  });

  it("says the order", () => {
    expect(statusText({ ...all, sort: price })).toBe("5,000 rows by price, descending");
    const word = { column: "a b", descending: false };
    expect(statusText({ ...all, sort: word })).toBe('5,000 rows by "a b", ascending');
  });

  it("says where an order is cut", () => {
    const many: Shown = { ...all, all: 20_000, shown: 10_000, total: 1_000_000, sort: price };
    expect(statusText({ ...many, filter: "x > 1" })).toBe(
      "First 10,000 by price, descending, of 20,000 of 1,000,000 rows",
    );
    expect(statusText({ ...many, total: 20_000 })).toBe(
      "First 10,000 by price, descending, of 20,000 rows",
    );
  });
});
