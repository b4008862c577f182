/** What needs somebody, as far as the whole service goes: asked once by the frame, read by whoever tells it. */
import { createContext, useContext, useMemo } from "react";
import { api, body } from "../api/client";
import { useReading } from "./reading";
import { useApp } from "./store";

const [STATUS_EVERY, ALERTS_EVERY] = [20_000, 15_000];
/** More alerts than this are not counted one by one. */
const ALERTS_MAX = 100;

export interface Attention {
  /** Alerts that last; nothing for who may not see them. */
  readonly firing: number;
  /** `ok`, `degraded` or `down`; null before the first answer. */
  readonly parts: string | null;
  /** What the administrators tell everybody. */
  readonly notice: string | null;
}

const readStatus = () => body(api.GET("/api/status"));
const readFiring = () => body(api.GET("/api/alerts", { params: { query: { state: "firing", limit: ALERTS_MAX } } }));
const readNothing = async () => [];

export function useAsked(): Attention {
  const admin = useApp((state) => state.session.user?.role === "admin");
  const status = useReading(readStatus, STATUS_EVERY).value;
  const firing = useReading<unknown[]>(admin ? readFiring : readNothing, admin ? ALERTS_EVERY : undefined, admin ? "alerts" : undefined).value;
  return useMemo(() => ({ firing: firing?.length ?? 0, parts: status?.status ?? null, notice: status?.notice ?? null }), [firing, status]);
}

export const AttentionContext = createContext<Attention>({ firing: 0, parts: null, notice: null });

export function useAttention(): Attention {
  return useContext(AttentionContext);
}
