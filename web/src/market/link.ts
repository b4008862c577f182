/** How we hear from the server at this moment. One small store; the top bar, the notice and the ticket read it. */
import { useSyncExternalStore } from "react";

export type Way = "starting" | "stream" | "polling" | "lost";

export interface Link {
  readonly way: Way;
  /** Round trip, ms; null before the first answer. */
  readonly latency: number | null;
  /** When the connection was lost, ms of performance.now(). */
  readonly lostAt: number | null;
}

let link: Link = { way: "starting", latency: null, lostAt: null };
const listeners = new Set<() => void>();

export function currentLink(): Link {
  return link;
}

export function setLink(change: Partial<Link>): void {
  const next = { ...link, ...change };
  if (next.way === "lost" && link.way !== "lost") next.lostAt = performance.now();
  if (next.way !== "lost") next.lostAt = null;
  if (next.way === link.way && next.latency === link.latency && next.lostAt === link.lostAt) return;
  link = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function useLink(): Link {
  return useSyncExternalStore(subscribe, currentLink);
}
