/** Reading something now and again: the last good answer stays while a newer one is fetched or fails. */
import { useCallback, useEffect, useRef, useState } from "react";
import { asFailure } from "../api/problem";
import type { Failure } from "../api/problem";
import { feed } from "../market/feed";

export interface Reading<T> {
  readonly value: T | null;
  readonly failed: Failure | null;
  /** When the value came, ms of performance.now(). */
  readonly at: number | undefined;
  readonly again: () => void;
}

/** Least time between two readings that a room of the stream brings about, ms. */
const ROOM_EVERY = 250;

/**
 * Reads once, every `every` ms while the page is looked at, and when `room` of the stream says something. `read` must be stable: a
 * changed one starts anew.
 */
export function useReading<T>(read: () => Promise<T>, every?: number, room?: string): Reading<T> {
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
    const timer = every === undefined ? undefined : setInterval(() => !document.hidden && go(), every);
    let soon: ReturnType<typeof setTimeout> | undefined;
    const told = () => {
      soon ??= setTimeout(() => {
        soon = undefined;
        if (!document.hidden) go();
      }, ROOM_EVERY);
    };
    const stop = room === undefined ? () => {} : feed.watch(room, (said) => said.kind === "event" && told());
    return () => {
      over = true;
      clearInterval(timer);
      clearTimeout(soon);
      stop();
    };
  }, [read, every, room]);
  const again = useCallback(() => run.current(), []);
  return { ...state, again };
}
