import { Float64, Table, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";

import { LiveRing } from "./liveRing";

type Row = [x: number | null, y: number | null, key?: string];

function batchOf(...rows: Row[]) {
  const table = new Table({
    x: vectorFromArray(rows.map(([x]) => x), new Float64()),
    y: vectorFromArray(rows.map(([, y]) => y), new Float64()),
    k: vectorFromArray(rows.map(([, , key]) => key ?? null), new Utf8()),
  });
  const [batch] = table.batches;
  if (batch === undefined) throw new Error("no batch");
  return batch;
}

const plain = (ring: LiveRing) => ring.data().map((column) => Array.from(column));

describe("the ring", () => {
  it("keeps the last rows, however they come", () => {
    for (const step of [1, 2, 3, 7, 40]) {
      const ring = new LiveRing(8, "x", ["y"]);
      for (let first = 0; first < 40; first += step) {
        const count = Math.min(step, 40 - first);
        ring.push(batchOf(...Array.from({ length: count }, (_, i): Row => [first + i, -(first + i)])));
        expect(ring.rows).toBe(Math.min(8, first + count));
      }
      expect(plain(ring)).toEqual([
        [32, 33, 34, 35, 36, 37, 38, 39],
        [-32, -33, -34, -35, -36, -37, -38, -39],
      ]);
      expect(ring.extent).toEqual({ from: 32, to: 39 });
    }
  });

  it("gives what lies side by side without copying it", () => {
    const ring = new LiveRing(8, "x", ["y"]);
    ring.push(batchOf([1, 2], [2, 3]));
    expect(ring.data().every((column) => column instanceof Float64Array)).toBe(true);
  });

  it("breaks at nulls and NaN, and leaves out what has no x", () => {
    const ring = new LiveRing(8, "x", ["y"]);
    ring.push(batchOf([1, 5], [2, null], [null, 9], [3, NaN], [4, 7]));
    expect(plain(ring)).toEqual([[1, 2, 3, 4], [5, null, null, 7]]);
  });

  it("sorts rows that come out of order", () => {
    const ring = new LiveRing(8, "x", ["y"]);
    ring.push(batchOf([3, 30], [1, 10], [2, null]));
    expect(plain(ring)).toEqual([[1, 2, 3], [10, null, 30]]);
  });

  it("tells lines apart by a column, up to as many as are drawn", () => {
    const ring = new LiveRing(40, "x", ["y"], "k");
    ring.push(batchOf([1, 10, "a"], [2, 20, "b"], [3, 30, "a"]));
    expect(ring.labels).toEqual(["a", "b"]);
    expect(plain(ring)).toEqual([[1, 2, 3], [10, undefined, 30], [undefined, 20, undefined]]);
    ring.push(batchOf(...Array.from({ length: 20 }, (_, i): Row => [4 + i, 0, `key ${i}`])));
    expect(ring.labels).toHaveLength(12);
    expect(ring.data()).toHaveLength(13);
  });

  it("begins anew", () => {
    const ring = new LiveRing(4, "x", ["y"], "k");
    ring.push(batchOf([1, 1, "a"], [2, 1, "b"]));
    ring.clear();
    expect([ring.rows, ring.labels, ring.extent]).toEqual([0, [], null]);
    ring.push(batchOf([9, 1, "c"]));
    expect(ring.labels).toEqual(["c"]);
  });
});
