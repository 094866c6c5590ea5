import { tableFromArrays, tableToIPC } from "apache-arrow";
import { afterEach, describe, expect, it, vi } from "vitest";

import { ConnectionError, ServerError, TruncatedError } from "./errors";
import { openArrow, readArrow } from "./openArrow";

const WHOLE = tableToIPC(tableFromArrays({ n: new Int32Array([1, 2, 3]) }), "stream");
const END_BYTES = 8;

/** An answer that sends `parts`, then ends or fails. */
function answer(parts: readonly Uint8Array[], failure?: Error): Response {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts[sent++];
      if (part !== undefined) controller.enqueue(part);
      else if (failure === undefined) controller.close();
      else controller.error(failure);
    },
  });
  return new Response(body);
}

const serve = (make: () => Response | Promise<Response>) => vi.stubGlobal("fetch", async () => make());
const read = () => readArrow("/v1/tables/t", new AbortController().signal);
afterEach(() => vi.unstubAllGlobals());

describe("answers", () => {
  it("are batches, whatever the pieces they come in", async () => {
    for (const size of [1, 7, WHOLE.length]) {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < WHOLE.length; at += size) parts.push(WHOLE.slice(at, at + size));
      serve(() => answer(parts));
      const { schema, batches } = await read();
      expect(schema.fields.map(({ name }) => name)).toEqual(["n"]);
      expect(batches.flatMap((batch) => [...(batch.getChild("n") ?? [])])).toEqual([1, 2, 3]);
    }
  });

  it("tell what has come", async () => {
    serve(() => new Response(WHOLE.slice(), { headers: { "Content-Length": String(WHOLE.length) } }));
    const { progress, batches } = await openArrow("/", new AbortController().signal);
    for await (const batch of batches) expect(batch.numRows).toBe(3);
    expect(progress).toEqual({ bytes: WHOLE.length, totalBytes: WHOLE.length });
  });

  it("give the rest up when the reader leaves", async () => {
    const cancelled = vi.fn();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(WHOLE.slice(0, -END_BYTES)),
      cancel: cancelled,
    });
    serve(() => new Response(body));
    const { batches } = await openArrow("/", new AbortController().signal);
    for await (const batch of batches) {
      expect(batch.numRows).toBe(3);
      break;
    }
    expect(cancelled).toHaveBeenCalledOnce();
  });
});

describe("an answer that breaks off is told", () => {
  const reset = new TypeError("network error");
  const cases: Record<string, () => Response> = {
    "by an error behind a batch": () => answer([WHOLE.slice(0, -END_BYTES)], reset),
    "by an error within a batch": () => answer([WHOLE.slice(0, -30)], reset),
    "by an error within the schema": () => answer([WHOLE.slice(0, 30)], reset),
    "by an error behind the end of the stream": () => answer([WHOLE], reset),
    "by an end behind a batch": () => answer([WHOLE.slice(0, -END_BYTES)]),
    "by an end within a batch": () => answer([WHOLE.slice(0, -30)]),
  };
  for (const [name, make] of Object.entries(cases)) {
    it(name, async () => {
      serve(make);
      await expect(read()).rejects.toBeInstanceOf(TruncatedError);
    });
  }
});

describe("errors", () => {
  it("are the server's words, or else the status", async () => {
    const error = { code: "unknown_name", message: "no column 'x'", location: ["query", 0] };
    serve(() => new Response(JSON.stringify({ error }), { status: 404 }));
    const refused = await read().catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(ServerError);
    expect(refused).toMatchObject({ message: "no column 'x'", code: "unknown_name", status: 404, location: ["query", "0"] });
    serve(() => new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
    await expect(read()).rejects.toMatchObject({ message: "502 Bad Gateway", code: "unknown" });
  });

  it("tell a server that is not there", async () => {
    serve(() => Promise.reject(new TypeError("Failed to fetch")));
    await expect(read()).rejects.toBeInstanceOf(ConnectionError);
  });

  it("leave an abort as it is", async () => {
    const aborted = new DOMException("", "AbortError");
    serve(() => answer([WHOLE.slice(0, -END_BYTES)], aborted));
    await expect(read()).rejects.toBe(aborted);
  });
});
