import { describe, expect, it } from "vitest";

import { addCount } from "../sources/appendRate";
import { hrefOf, parseRoute } from "../shell/route";
import { parseMetrics, routeFigures, valueOf } from "./metrics";
import { columnWord, listItem, readUrl } from "./query";

describe("queries", () => {
  it("quote what is no plain word", () => {
    expect(columnWord("delay")).toBe("delay");
    expect(columnWord("Between")).toBe('"Between"');
    expect(columnWord('a "b"')).toBe('"a ""b"""');
    expect(listItem("a,b")).toBe('"a,b"');
    expect(readUrl("files.a:b", { filter: "x > 1", limit: 2 })).toBe(
      "/v1/tables/files.a%3Ab?filter=x+%3E+1&limit=2&format=arrows",
    );
  });
});

describe("metrics", () => {
  const samples = parseMetrics(`# HELP a b
headrace_http_connections 3
headrace_http_requests_total{method="GET",route="/v1/tables",status="200"} 8
headrace_http_requests_total{method="GET",route="/v1/tables",status="422"} 2
headrace_http_request_duration_seconds_sum{method="GET",route="/v1/tables",status="200"} 0.5
headrace_memory_owner_bytes{owner="a \\"b\\""} 1e6
`);

  it("are read with their labels", () => {
    expect(valueOf(samples, "headrace_http_connections")).toBe(3);
    expect(samples.at(-1)).toEqual({ name: "headrace_memory_owner_bytes", labels: { owner: 'a "b"' }, value: 1e6 });
  });

  it("are added up by route", () => {
    expect(routeFigures(samples)).toEqual([
      { method: "GET", route: "/v1/tables", requests: 10, refused: 2, meanSeconds: 0.05 },
    ]);
  });
});

describe("routes", () => {
  it("go there and back", () => {
    const href = hrefOf("explore", "files.a:b", { filter: "x > '#?'", sort: "" });
    const route = parseRoute(href);
    expect([route.view, route.table, route.params.get("filter")]).toEqual(["explore", "files.a:b", "x > '#?'"]);
    expect(parseRoute("#/nothing").view).toBe("sources");
  });
});

describe("append rates", () => {
  it("are rows a second, of a window made anew too", () => {
    const first = addCount(undefined, 100, 0);
    const second = addCount(first, 150, 2000);
    expect(second.rates).toEqual([25]);
    expect(addCount(second, 10, 3000).rates).toEqual([25, 10]);
  });
});
