import { RecordBatchReader, type RecordBatch, type Schema } from "apache-arrow";

import { readServerError } from "../server/serverError";

/** One answer of the server as it comes in: the schema first, then batch by batch. */
export interface ArrowAnswer {
  schema: Schema;
  /** Where the next page begins; null behind the last one. */
  nextCursor: string | null;
  batches: AsyncIterable<RecordBatch>;
}

/**
 * Asks for an Arrow stream. Throws a ServerError for what the server refuses, an AbortError once
 * `signal` is aborted, and an error if the body breaks off.
 */
export async function openArrow(url: string, signal: AbortSignal): Promise<ArrowAnswer> {
  const answer = await fetch(url, {
    signal,
    headers: { Accept: "application/vnd.apache.arrow.stream" },
  });
  if (!answer.ok || answer.body === null) throw await readServerError(answer);
  const reader = await RecordBatchReader.from(answer.body);
  await reader.open();
  return { schema: reader.schema, nextCursor: answer.headers.get("X-Next-Cursor"), batches: reader };
}

/** The same, whole. For pages and aggregates, whose size is known to be small. */
export async function readArrow(url: string, signal: AbortSignal) {
  const { schema, nextCursor, batches } = await openArrow(url, signal);
  const all: RecordBatch[] = [];
  for await (const batch of batches) all.push(batch);
  return { schema, nextCursor, batches: all };
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
