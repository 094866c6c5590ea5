import { RecordBatchReader, type RecordBatch, type Schema } from "apache-arrow";

import { ConnectionError, isAbort, readServerError, TruncatedError } from "./errors";

/** What of an answer has come. */
export interface Progress {
  bytes: number;
  /** Null where the server does not know yet how many there will be. */
  totalBytes: number | null;
}

/** One answer of the server as it comes in: the schema first, then batch by batch. */
export interface ArrowAnswer {
  schema: Schema;
  /** Where the next page begins; null behind the last one. */
  nextCursor: string | null;
  progress: Readonly<Progress>;
  batches: AsyncIterable<RecordBatch>;
}

/**
 * Asks for an Arrow stream. Throws a ServerError for what the server refuses, a ConnectionError if
 * nobody answers, an AbortError once `signal` is aborted, and a TruncatedError if the body breaks off.
 */
export async function openArrow(url: string, signal: AbortSignal): Promise<ArrowAnswer> {
  const answer = await fetch(url, {
    signal,
    headers: { Accept: "application/vnd.apache.arrow.stream" },
  }).catch((error: unknown) => {
    throw isAbort(error) ? error : new ConnectionError(error);
  });
  if (!answer.ok || answer.body === null) throw await readServerError(answer);
  const body = new Body(answer.body, answer.headers);
  const reader = await body.broken(() => RecordBatchReader.from(body));
  await body.broken(() => reader.open());
  return {
    schema: reader.schema,
    nextCursor: answer.headers.get("X-Next-Cursor"),
    progress: body.progress,
    batches: batchesOf(reader, body),
  };
}

/** The same, whole. For pages and aggregates, whose size is known to be small. */
export async function readArrow(url: string, signal: AbortSignal) {
  const { schema, nextCursor, batches } = await openArrow(url, signal);
  const all: RecordBatch[] = [];
  for await (const batch of batches) all.push(batch);
  return { schema, nextCursor, batches: all };
}

async function* batchesOf(reader: RecordBatchReader, body: Body): AsyncGenerator<RecordBatch> {
  try {
    while (true) {
      const { done, value } = await body.broken(() => reader.next());
      if (done === true) break;
      yield value as RecordBatch;
    }
    await body.finish();
  } finally {
    await body.cancel();
  }
}

/** How an Arrow stream ends. Readers take one without it for whole, so that it has to be looked for. */
const END_OF_STREAM = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

const NOTHING = new Uint8Array();

/** The bytes of an answer: counts them, and knows how they ended, which the Arrow reader takes as the end. */
class Body implements AsyncIterableIterator<Uint8Array, undefined, number | undefined> {
  readonly progress: Progress;
  private readonly source: ReadableStreamDefaultReader<Uint8Array>;
  private last: number[] = [];
  private failure: unknown = null;
  private ended = false;

  constructor(stream: ReadableStream<Uint8Array>, headers: Headers) {
    this.source = stream.getReader();
    // Of a packed body the length is that of the pack.
    const length = headers.has("Content-Encoding") ? null : headers.get("Content-Length");
    this.progress = { bytes: 0, totalBytes: length === null ? null : Number(length) };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /**
   * The Arrow reader says how many bytes it still wants. It asks for none where it has a batch whole,
   * which it would not give before there is an answer.
   */
  async next(wanted?: number): Promise<IteratorResult<Uint8Array, undefined>> {
    if (wanted === 0) return { done: false, value: NOTHING };
    try {
      const { done, value } = await this.source.read();
      if (done) {
        this.ended = true;
        return { done, value: undefined };
      }
      this.progress.bytes += value.byteLength;
      const tail = value.subarray(Math.max(0, value.byteLength - END_OF_STREAM.length));
      this.last = [...this.last, ...tail].slice(-END_OF_STREAM.length);
      return { done: false, value };
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  /** The Arrow reader calls it where its stream ends; the body may still fail behind that. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Reads what stands behind the last batch. A body that was aborted fails here. */
  async finish(): Promise<void> {
    await this.broken(async () => {
      while (!(await this.next()).done);
    });
    if (END_OF_STREAM.some((byte, i) => this.last[i] !== byte)) throw new TruncatedError();
  }

  async cancel(): Promise<void> {
    await this.source.cancel().catch(() => undefined);
  }

  /** Tells what goes wrong while `read` reads: the bytes broke off, or they are no Arrow. */
  async broken<T>(read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      await this.cancel();
      if (isAbort(this.failure)) throw this.failure;
      throw this.ended || this.failure !== null ? new TruncatedError(this.failure ?? error) : error;
    }
  }
}
