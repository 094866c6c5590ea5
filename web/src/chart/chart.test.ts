import { tableFromArrays, vectorFromArray, Table, Utf8, Float64 } from "apache-arrow";
import { describe, expect, it } from "vitest";

import { boundText, chartUrl, defaultChoice, liveColumns, liveSubscription } from "./chartQuery";
import { numberMarks } from "./plotOptions";
import { linesOf, pointsOf } from "./series";
import { timeMarks } from "./timeAxis";
import { adjusted, back, current, moved, zoomTo } from "./zoom";

describe("zoom", () => {
  it("goes back the way it came", () => {
    const first = zoomTo([], { from: 0, to: 100 });
    const second = zoomTo(first, { from: 10, to: 20 });
    expect(current(second)).toEqual({ from: 10, to: 20 });
    expect(current(back(second))).toEqual({ from: 0, to: 100 });
    expect(current(back(back(second)))).toBeNull();
    expect(zoomTo(first, { from: 5, to: 5 })).toBe(first);
  });

  it("moves in one step of its history", () => {
    const range = { from: 10, to: 20 };
    expect(moved(range, 0.5)).toEqual({ from: 15, to: 25 });
    expect(moved(range, 0, 2)).toEqual({ from: 5, to: 25 });
    expect(adjusted([range], moved(range, 1))).toEqual([{ from: 20, to: 30 }]);
  });
});

describe("marks of numbers", () => {
  it("are short, and told apart", () => {
    expect(numberMarks([0, 20_000], 20_000)).toEqual(["0", "20 k"]);
    expect(numberMarks([100.5, 101, 101.5], 0.5)).toEqual(["100.5", "101.0", "101.5"]);
    expect(numberMarks([100, 100.25], 0.25)).toEqual(["100.00", "100.25"]);
    expect(numberMarks([1000, 1001], 1)).toEqual(["1000", "1001"]);
  });
});

describe("lines", () => {
  it("break at nulls and NaN", () => {
    const table = tableFromArrays({ x: new Float64Array([1, 2, 3]), y: new Float64Array([5, NaN, 7]) });
    const [line] = linesOf(table.batches, "x", ["y"], null);
    expect(line).toEqual({ label: "y", xs: [1, 2, 3], ys: [5, null, 7] });
    expect(line && pointsOf(line)).toBe(2);
  });

  it("are told apart by a column", () => {
    const table = new Table({
      x: vectorFromArray([1, 2, 1], new Float64()),
      y: vectorFromArray([5, null, 7], new Float64()),
      k: vectorFromArray(["a", "a", "b"], new Utf8()),
    });
    expect(linesOf(table.batches, "x", ["y"], "k")).toEqual([
      { label: "a", xs: [1, 2], ys: [5, null] },
      { label: "b", xs: [1], ys: [7] },
    ]);
  });
});

describe("queries", () => {
  const schema = [
    { name: "id", type: "int64", nullable: true },
    { name: "at", type: "timestamp[ms]", nullable: true },
    { name: "a,b", type: "double", nullable: true },
  ];
  const table = { name: "t", full_name: "files.t", kind: "files", rows: 1, bytes: 1, schema };

  it("ask for just the range, in the axis' own terms", () => {
    expect(boundText(1.4, "int64")).toBe("1");
    expect(boundText(1.4, "double")).toBe("1.4");
    const choice = { ...defaultChoice(table), ys: ["a,b"] };
    expect(choice.x).toBe("at");
    const url = new URL(chartUrl("files.t", choice, "timestamp[ms]", { from: 0, to: 60 }, 800), "http://x");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      downsample: "minmaxlttb",
      x: "at",
      y: '"a,b"',
      points: "800",
      from: "1970-01-01T00:00:00Z",
      to: "1970-01-01T00:01:00Z",
      format: "arrows",
    });
  });

  it("of live windows have a rolling statistic behind each y", () => {
    const choice = { x: "at", ys: ["a", "b"], by: "", filter: "a > 1", stat: "mean", over: 5 };
    const columns = ["a", "a_rolling_mean_5", "b", "b_rolling_mean_5"];
    expect(liveColumns(choice)).toEqual(columns);
    expect(liveSubscription("buffers.w", choice, 100)).toEqual({
      table: "buffers.w",
      columns: ["at", ...columns],
      features: { columns: ["a", "b"], rolling_windows: [5], include_rolling_stats: ["mean"], include_lags: false, fill: "null" },
      filter: "a > 1",
      tail: 100,
      rate: 30,
    });
    // Rows of all lines follow each other: a statistic over them is none of a line.
    const plain = { table: "w", columns: ["at", "a", "k"], tail: 9, rate: 30 };
    expect(liveSubscription("w", { ...choice, ys: ["a"], by: "k", filter: "" }, 9)).toEqual(plain);
    expect(liveSubscription("w", { ...choice, ys: ["a"], stat: "", filter: "" }, 9).columns).toEqual(["at", "a"]);
  });
});

describe("marks of time", () => {
  it("say the day once below the hours", () => {
    expect(timeMarks([0, 43_200, 86_400], 43_200)).toEqual(["00:00\n1970-01-01", "12:00", "00:00\n1970-01-02"]);
    expect(timeMarks([0, 0.25], 0.25)).toEqual(["00:00:00\n1970-01-01", "00:00:00.25"]);
    expect(timeMarks([0, 31_536_000], 31_536_000)).toEqual(["1970", "1971"]);
  });
});
