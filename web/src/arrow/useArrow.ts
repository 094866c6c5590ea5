import type { RecordBatch, Schema } from "apache-arrow";
import { useEffect, useState } from "react";

import { isAbort, openArrow } from "./readArrow";

export interface ArrowState {
  /** Whose answer this is; null before the first one. */
  url: string | null;
  /** Of the batches; null until the first answer. */
  schema: Schema | null;
  batches: readonly RecordBatch[];
  /** What is shown belongs to an earlier URL, or is not whole yet. */
  loading: boolean;
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
  loading: false,
  error: null,
  milliseconds: null,
};

/**
 * Fetches and decodes the Arrow stream at `url`; null asks for nothing. Another URL aborts the
 * request before, and what that one gave stays until the new answer's first batch is there.
 */
export function useArrow(url: string | null, { delayMs = 0 }: ArrowOptions = {}): ArrowState {
  const [state, setState] = useState<ArrowState>(NOTHING);
  useEffect(() => {
    if (url === null) {
      setState(NOTHING);
      return;
    }
    const abort = new AbortController();
    const read = async () => {
      const start = performance.now();
      try {
        const { schema, batches } = await openArrow(url, abort.signal);
        const had: RecordBatch[] = [];
        for await (const batch of batches) {
          had.push(batch);
          setState({ ...NOTHING, url, schema, batches: [...had], loading: true });
        }
        const milliseconds = performance.now() - start;
        if (!abort.signal.aborted) setState({ ...NOTHING, url, schema, batches: had, milliseconds });
      } catch (error) {
        if (abort.signal.aborted || isAbort(error)) return;
        setState({ ...NOTHING, url, error: error instanceof Error ? error : new Error(String(error)) });
      }
    };
    setState((before) => ({ ...before, loading: true, error: null }));
    const timer = setTimeout(() => void read(), delayMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [url, delayMs]);
  return state;
}
