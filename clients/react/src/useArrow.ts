import type { RecordBatch, Schema } from "apache-arrow";
import { useEffect, useState } from "react";

import { isAbort } from "./errors";
import { openArrow, type Progress } from "./openArrow";

export interface ArrowState {
  /** Whose answer this is; null before the first one. */
  url: string | null;
  /** Of the batches; null until the first answer. */
  schema: Schema | null;
  batches: readonly RecordBatch[];
  /** What has come of the answer to `url`. */
  progress: Progress & { rows: number };
  /** What is shown belongs to an earlier URL, or is not whole yet. */
  loading: boolean;
  /** A ServerError, ConnectionError or TruncatedError; anything else is a fault of the program. */
  error: Error | null;
  /** From asking to the last batch. */
  milliseconds: number | null;
}

export interface ArrowOptions {
  /** Waits so long for another URL before it asks. */
  delayMs?: number;
}

const NOTHING: ArrowState = {
  url: null,
  schema: null,
  batches: [],
  progress: { rows: 0, bytes: 0, totalBytes: null },
  loading: false,
  error: null,
  milliseconds: null,
};

/** While rows come, they are shown anew so often: nobody sees more, and each time costs a render. */
const SHOW_MS = 100;

/**
 * Fetches and decodes the Arrow stream at `url`; null asks for nothing. Another URL aborts the
 * request before, and so does leaving; what that one gave stays until the new answer's first batch
 * is there.
 */
export function useArrow(url: string | null, { delayMs = 0 }: ArrowOptions = {}): ArrowState {
  const [state, setState] = useState<ArrowState>(NOTHING);
  useEffect(() => {
    if (url === null) {
      setState(NOTHING);
      return;
    }
    const abort = new AbortController();
    setState((before) => ({ ...before, loading: true, error: null }));
    const timer = setTimeout(() => void read(url, abort.signal, setState), delayMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [url, delayMs]);
  return state;
}

async function read(url: string, signal: AbortSignal, show: (state: ArrowState) => void): Promise<void> {
  const start = performance.now();
  try {
    const { schema, batches, progress } = await openArrow(url, signal);
    const had: RecordBatch[] = [];
    let rows = 0;
    let shownAt = -Infinity;
    const stateNow = (): ArrowState => ({
      ...NOTHING,
      url,
      schema,
      batches: [...had],
      progress: { ...progress, rows },
    });
    for await (const batch of batches) {
      had.push(batch);
      rows += batch.numRows;
      if (signal.aborted || performance.now() - shownAt < SHOW_MS) continue;
      shownAt = performance.now();
      show({ ...stateNow(), loading: true });
    }
    if (!signal.aborted) show({ ...stateNow(), milliseconds: performance.now() - start });
  } catch (error) {
    if (signal.aborted || isAbort(error)) return;
    show({ ...NOTHING, url, error: error instanceof Error ? error : new Error(String(error)) });
  }
}
