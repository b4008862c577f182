/** One tick a second for everything that shows an age. Listeners hear nothing in between. */
import { useSyncExternalStore } from "react";

let now = performance.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = performance.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** ms of `performance.now()`, renewed each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
