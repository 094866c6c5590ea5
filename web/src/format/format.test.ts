import { describe, expect, it } from "vitest";

import { decimalText, typeWord } from "./cell";
import { formatBytes, formatCount, formatSeconds, formatShare, formatShort } from "./number";
import { formatInstant, formatUptime, instantText } from "./time";

describe("numbers", () => {
  it("are short, and exact where they count rows", () => {
    expect(formatCount(120_000_000)).toBe("120,000,000");
    expect(formatShort(9_500)).toBe("9.5 k");
    expect(formatShort(999_999)).toBe("1 M");
    expect(formatShort(-0.5)).toBe("-0.5");
    expect(formatBytes(1023)).toBe("1023 B");
    expect(formatBytes(17_693_557_145)).toBe("16.5 GiB");
    expect(formatSeconds(0.000042)).toBe("42 µs");
    expect(formatSeconds(0)).toBe("0 s");
  });

  it("never round a share to nothing or to all", () => {
    expect(formatShare(0)).toBe("0 %");
    expect(formatShare(1e-9)).toBe("< 0.1 %");
    expect(formatShare(0.0123)).toBe("1.2 %");
    expect(formatShare(0.25)).toBe("25 %");
    expect(formatShare(0.99999)).toBe("> 99.9 %");
    expect(formatShare(1)).toBe("100 %");
  });
});

describe("instants", () => {
  it("keep their own digits, in UTC", () => {
    expect(formatInstant(0n, 1)).toBe("1970-01-01 00:00:00");
    expect(formatInstant(1_704_067_200_000_000_001n, 1e9)).toBe("2024-01-01 00:00:00.000000001");
    expect(formatInstant(-1n, 1e3)).toBe("1969-12-31 23:59:59.999");
    expect(formatInstant(-62_198_755_200n, 1)).toMatch(/^-0001-/);
    expect(formatInstant(9_223_372_036_854_775_807n, 1)).toBe("9223372036854775807");
  });

  it("are bounds for the server", () => {
    expect(instantText(1_704_067_200.25)).toBe("2024-01-01T00:00:00.25Z");
    expect(instantText(-0.5)).toBe("1969-12-31T23:59:59.5Z");
  });

  it("tell an uptime by two units", () => {
    expect(formatUptime(0.4)).toBe("0 s");
    expect(formatUptime(3_700)).toBe("1 h 1 min");
    expect(formatUptime(200_000)).toBe("2 d 7 h");
  });
});

describe("cells", () => {
  it("show decimals exactly", () => {
    expect(decimalText(new Uint32Array([12345, 0, 0, 0]), 2)).toBe("123.45");
    expect(decimalText(new Uint32Array([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff]), 2)).toBe("-0.01");
    expect(decimalText(new Uint32Array([7, 0, 0, 0]), 0)).toBe("7");
  });

  it("name types in a word", () => {
    expect(typeWord("timestamp[ns, tz=UTC]")).toBe("time UTC");
    expect(typeWord("large_string")).toBe("text");
    expect(typeWord("dictionary<values=string, indices=int32, ordered=0>")).toBe("text");
    expect(typeWord("decimal128(10, 2)")).toBe("decimal128");
  });
});
