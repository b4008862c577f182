/** Reading something now and again: the last good answer stays while a newer one is fetched or fails. */
import { useCallback, useEffect, useRef, useState } from "react";
import { asFailure } from "../api/problem";
import type { Failure } from "../api/problem";

export interface Reading<T> {
  readonly value: T | null;
  readonly failed: Failure | null;
  /** When the value came, ms of performance.now(). */
  readonly at: number | undefined;
  readonly again: () => void;
}

/** Reads once, and every `every` ms while the page is looked at. `read` must be stable: a changed one starts anew. */
export function useReading<T>(read: () => Promise<T>, every?: number): Reading<T> {
  const [state, setState] = useState<{ value: T | null; failed: Failure | null; at: number | undefined }>({ value: null, failed: null, at: undefined });
  const run = useRef<() => void>(() => {});
  useEffect(() => {
    let over = false;
    let turn = 0;
    const go = () => {
      const mine = ++turn;
      read().then(
        (value) => {
          if (!over && mine === turn) setState({ value, failed: null, at: performance.now() });
        },
        (error: unknown) => {
          if (!over && mine === turn) setState((now) => ({ ...now, failed: asFailure(error) }));
        },
      );
    };
    run.current = go;
    go();
    if (every === undefined) return () => void (over = true);
    const timer = setInterval(() => !document.hidden && go(), every);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [read, every]);
  const again = useCallback(() => run.current(), []);
  return { ...state, again };
}
