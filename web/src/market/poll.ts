/** What is asked by REST while there is no stream, shaped like the stream's snapshots. Rooms without a route give nothing. */
import { api, body } from "../api/client";

export interface Poller {
  /** Pause between two questions, ms. */
  readonly every: number;
  readonly read: () => Promise<unknown>;
}

/** Levels a side, as on the stream. */
export const LEVELS = 50;

export function pollers(room: string): Poller | null {
  const [kind = "", symbol = "", interval = ""] = room.split(":");
  switch (kind) {
    case "market-data":
      return { every: 2_000, read: async () => ({ tickers: await body(api.GET("/api/tickers")) }) };
    case "book":
      return {
        every: 1_000,
        read: () =>
          body(api.GET("/api/book/{symbol}", { params: { path: { symbol }, query: { depth: LEVELS } } })),
      };
    case "candles":
      return {
        every: 2_000,
        read: () =>
          body(api.GET("/api/candles/{symbol}", { params: { path: { symbol }, query: { interval, limit: 10 } } })),
      };
    case "orders":
      return {
        every: 3_000,
        read: async () => ({ orders: await body(api.GET("/api/orders", { params: { query: { live: true } } })) }),
      };
    case "positions":
      return { every: 3_000, read: async () => ({ positions: await body(api.GET("/api/positions")) }) };
    default:
      return null;
  }
}
