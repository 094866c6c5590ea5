import { useEffect, useState } from "react";

export interface Polled<T> {
  value: T | null;
  error: unknown;
}

/**
 * Asks again `everyMs` after each answer, so that a slow server is never asked twice at a time,
 * and not at all while nobody looks. `ask` has to be the same function from call to call. What
 * came last stays while an error is shown.
 */
export function usePoll<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number): Polled<T> {
  const [state, setState] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = async () => {
      timer = undefined;
      if (document.hidden) return;
      try {
        const value = await ask(abort.signal);
        if (!abort.signal.aborted) setState({ value, error: null });
      } catch (error) {
        if (!abort.signal.aborted) setState((before) => ({ ...before, error }));
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void again(), everyMs);
    };
    const onVisible = () => {
      if (!document.hidden && timer === undefined) void again();
    };
    void again();
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [ask, everyMs]);
  return state;
}
