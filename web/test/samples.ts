import type { Fill, Market } from "../src/app/desk";
import type { Ticker } from "../src/market/hub";

export const market: Market = {
  id: "local:BTCUSDT", symbol: "BTCUSDT", venue: "local", kind: "spot", base: "BTC", quote: "USDT", price_scale: 2, qty_scale: 8,
  tick: "0.01", lot: "0.00001", qty_min: "0.00001", qty_max: "9000", notional_min: "5",
};

export const ticker: Ticker = {
  symbol: "BTCUSDT", id: "local:BTCUSDT", last: "100000", open: "99000", high: "101000", low: "98000", change_percent: "1.01", volume: "1",
  quote_volume: "100000", trades: 3, at: "2026-11-26T02:00:00Z",
};

export const fill: Fill = {
  id: "t", order_id: "o", account: "a", symbol: "BTCUSDT", side: "sell", price: "100000", quantity: "0.02", fee: "2", fee_currency: "USDT",
  pnl: "2", created_at: "2026-11-26T01:00:00Z", cursor: "1",
};

export const book = { update: 1, bids: [["99999", "0.5"], ["99998", "1"]], asks: [["100001", "0.5"], ["100002", "1"]] } as const;
