/** What an account is worth, and what today made of it: folds of what the server sent, in exact decimals. */
import type { Balance, Fill, Market, Position } from "./desk";
import * as D from "../market/decimal";
import type { Decimal } from "../market/decimal";
import type { Ticker } from "../market/hub";

/** The asset in which a total is told: the quote of most markets. */
export function homeAsset(markets: Iterable<Market>): string {
  const counts = new Map<string, number>();
  for (const { quote } of markets) counts.set(quote, (counts.get(quote) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "USDT";
}

/** The last price of an asset in the home asset; null when no market says it. */
export function priceIn(asset: string, home: string, markets: Iterable<Market>, tickers: ReadonlyMap<string, Ticker>): Decimal | null {
  if (asset === home) return { units: 1n, scale: 0 };
  for (const market of markets) {
    if (market.base !== asset || market.quote !== home) continue;
    const last = D.of(tickers.get(market.symbol)?.last);
    if (D.sign(last) > 0) return last;
  }
  return null;
}

export interface Holding {
  readonly asset: string;
  readonly total: Decimal;
  readonly locked: Decimal;
  /** In the home asset; null when it has no price. */
  readonly value: Decimal | null;
}

export function holdings(balances: readonly Balance[], home: string, markets: readonly Market[], tickers: ReadonlyMap<string, Ticker>): Holding[] {
  return balances
    .map((balance) => {
      const total = D.of(balance.total);
      const price = priceIn(balance.asset, home, markets, tickers);
      return { asset: balance.asset, total, locked: D.of(balance.locked), value: price && D.mul(total, price) };
    })
    .filter((holding) => D.sign(holding.total) > 0)
    .sort((a, b) => D.compare(b.value ?? D.ZERO, a.value ?? D.ZERO));
}

export function sum(values: Iterable<Decimal | null>): Decimal {
  let all = D.ZERO;
  for (const value of values) if (value) all = D.add(all, value);
  return all;
}

/** Midnight of the reader's own clock. */
export function midnight(now: Date): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
}

export interface Today {
  /** Realised by today's fills, before fees. */
  readonly realised: Decimal;
  readonly fills: number;
  readonly fees: Decimal;
}

/** Fills since `from` (ms) of markets quoted in the home asset; a fee in another asset is valued at its last price. */
export function since(from: number, fills: readonly Fill[], home: string, markets: readonly Market[], tickers: ReadonlyMap<string, Ticker>): Today {
  let realised = D.ZERO;
  let fees = D.ZERO;
  let count = 0;
  for (const fill of fills) {
    if (Date.parse(fill.created_at) < from) continue;
    count += 1;
    realised = D.add(realised, D.of(fill.pnl));
    const price = priceIn(fill.fee_currency, home, markets, tickers);
    if (price) fees = D.add(fees, D.mul(D.of(fill.fee), price));
  }
  return { realised, fills: count, fees };
}

export function openProfit(positions: readonly Position[]): Decimal {
  return sum(positions.map((position) => D.of(position.unrealised_pnl)));
}
