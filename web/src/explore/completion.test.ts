import { describe, expect, it } from "vitest";

import { complete } from "./completion";

const columns = [
  { name: "date", type: "timestamp[us]", nullable: true },
  { name: "delay", type: "int64", nullable: true },
  { name: "origin", type: "string", nullable: true },
  { name: "is ok", type: "bool", nullable: true },
  { name: "and", type: "int64", nullable: true },
];

/** What is offered where the text has '|'. */
function offered(marked: string): string[] {
  const caret = marked.indexOf("|");
  return complete(marked.replace("|", ""), caret, columns).options.map(({ text }) => text);
}

describe("complete", () => {
  it("begins with columns, quoted where they are no plain words", () => {
    expect(offered("|")).toEqual(["date", "delay", "origin", '"is ok"', '"and"', "not"]);
    expect(offered("d|")).toEqual(["date", "delay"]);
    expect(offered("DE|")).toEqual(["delay"]);
    expect(offered('"is|')).toEqual(['"is ok"']);
  });

  it("goes on with operators of the column's type", () => {
    expect(offered("delay |")).toContain("between");
    expect(offered("delay |")).not.toContain("like '");
    expect(offered("origin |")).toContain("like '");
    expect(offered('"is ok" |')).toEqual(["is true", "is false", "is null"]);
  });

  it("goes on with values and columns behind an operator", () => {
    expect(offered("origin = |")).toEqual(["'", "date", "delay", "origin", '"is ok"', '"and"']);
    expect(offered("date >= |")[0]).toMatch(/^'2001/);
    expect(offered("origin in (|")).toEqual(["'"]);
  });

  it("joins conditions", () => {
    expect(offered("delay > 60 |")).toEqual(["and", "or"]);
    expect(offered("delay > 60 a|")).toEqual(["and"]);
    expect(offered("delay > 60 and |")).toContain("origin");
    expect(offered("not |")).not.toContain("not");
    expect(offered("delay is |")).toEqual(["null", "not null", "true", "false"]);
  });

  it("offers nothing inside of text", () => {
    expect(offered("origin = 'del|")).toEqual([]);
  });

  it("replaces the word before the caret only", () => {
    const { from, to } = complete("delay > 60 and ori and x", 18, columns);
    expect([from, to]).toEqual([15, 18]);
  });
});
