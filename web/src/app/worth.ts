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

const ONE: Decimal = { units: 1n, scale: 0 };

type Markets = readonly Market[];
type Tickers = ReadonlyMap<string, Ticker>;

/** What one of `base` costs in `quote` by a market of theirs; null when there is none that has traded. */
function rate(base: string, quote: string, markets: Markets, tickers: Tickers): Decimal | null {
  for (const market of markets) {
    const last = D.of(tickers.get(market.symbol)?.last);
    if (D.sign(last) <= 0) continue;
    if (market.base === base && market.quote === quote) return last;
    if (market.base === quote && market.quote === base) return D.div(ONE, last);
  }
  return null;
}

/** The last price of an asset in the home asset, if need be by way of a third; null when no market says it. */
export function priceIn(asset: string, home: string, markets: Markets, tickers: Tickers): Decimal | null {
  if (asset === home) return ONE;
  const direct = rate(asset, home, markets, tickers);
  if (direct) return direct;
  for (const { base, quote } of markets) {
    const third = base === asset ? quote : quote === asset ? base : null;
    if (third === null || third === home) continue;
    const [there, back] = [rate(asset, third, markets, tickers), rate(third, home, markets, tickers)];
    if (there && back) return D.mul(there, back);
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

export function holdings(balances: readonly Balance[], home: string, markets: Markets, tickers: Tickers): Holding[] {
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
export function since(from: number, fills: readonly Fill[], home: string, markets: Markets, tickers: Tickers): Today {
  const here = new Set(markets.filter((market) => market.quote === home).map((market) => market.symbol));
  let realised = D.ZERO;
  let fees = D.ZERO;
  let count = 0;
  for (const fill of fills) {
    if (Date.parse(fill.created_at) < from) continue;
    if (!here.has(fill.symbol)) continue;
    count += 1;
    realised = D.add(realised, D.of(fill.pnl));
    const price = priceIn(fill.fee_currency, home, markets, tickers);
    if (price) fees = D.add(fees, D.mul(D.of(fill.fee), price));
  }
  return { realised, fills: count, fees };
}

/** An amount in the quote asset of each position, summed in the home asset; where it has no price there it is left out. */
function inHome(positions: readonly Position[], of: (position: Position) => Decimal, home: string, markets: Markets, tickers: Tickers): Decimal {
  const bySymbol = new Map(markets.map((market) => [market.symbol, market]));
  return sum(
    positions.map((position) => {
      const price = priceIn(bySymbol.get(position.symbol)?.quote ?? home, home, markets, tickers);
      return price && D.mul(of(position), price);
    }),
  );
}

export function openProfit(positions: readonly Position[], home: string, markets: Markets, tickers: Tickers): Decimal {
  return inHome(positions, (position) => D.of(position.unrealised_pnl), home, markets, tickers);
}

/** What positions are worth at their marks, long and short alike. */
export function exposed(positions: readonly Position[], home: string, markets: Markets, tickers: Tickers): Decimal {
  return inHome(positions, (position) => D.abs(D.mul(D.of(position.quantity), D.of(position.mark_price ?? position.entry_price))), home, markets, tickers);
}
