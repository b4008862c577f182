/** What is read out of an order book: ladder rows, spread, what a market order would pay, how much waits ahead of a limit. */
import * as D from "./decimal";
import type { Decimal } from "./decimal";

/** Price and quantity as the server wrote them. */
export type Level = readonly [string, string];

export interface Book {
  readonly update: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface LadderRow {
  readonly price: string;
  readonly size: string;
  readonly total: string;
  /** Share of the deepest total shown, 0 to 1. */
  readonly share: number;
}

/** Groups levels by a price step: bids down, asks up, so a group never looks better than what is in it. */
export function grouped(levels: readonly Level[], step: Decimal, side: "bids" | "asks"): Level[] {
  const out: [string, string][] = [];
  let price: Decimal | null = null;
  let size = D.ZERO;
  for (const [p, q] of levels) {
    const at = D.of(p);
    let group = D.floorTo(at, step);
    if (side === "asks" && D.compare(group, at) < 0) group = D.add(group, step);
    if (price !== null && D.compare(price, group) === 0) {
      size = D.add(size, D.of(q));
    } else {
      if (price !== null) out.push([D.text(price), D.text(size)]);
      price = group;
      size = D.of(q);
    }
  }
  if (price !== null) out.push([D.text(price), D.text(size)]);
  return out;
}

/** The best `depth` levels with running totals. */
export function ladder(levels: readonly Level[], depth: number): LadderRow[] {
  const rows: { price: string; size: string; sum: Decimal }[] = [];
  let sum = D.ZERO;
  for (const [price, size] of levels.slice(0, depth)) {
    sum = D.add(sum, D.of(size));
    rows.push({ price, size, sum });
  }
  const most = D.toNumber(sum) || 1;
  return rows.map((row) => ({
    price: row.price,
    size: row.size,
    total: D.text(row.sum),
    share: D.toNumber(row.sum) / most,
  }));
}

export interface Sweep {
  /** Average price paid or received. */
  readonly average: Decimal;
  /** Last price touched. */
  readonly worst: Decimal;
  /** Quote amount. */
  readonly quote: Decimal;
  /** True when the visible book holds the whole quantity. */
  readonly whole: boolean;
}

/** What a market order for `quantity` would meet in the visible book. */
export function sweep(levels: readonly Level[], quantity: Decimal): Sweep | null {
  let left = quantity;
  let quote = D.ZERO;
  let worst: Decimal | null = null;
  for (const [price, size] of levels) {
    if (D.sign(left) <= 0) break;
    const take = D.min(left, D.of(size));
    quote = D.add(quote, D.mul(take, D.of(price)));
    left = D.sub(left, take);
    worst = D.of(price);
  }
  if (worst === null) return null;
  const taken = D.sub(quantity, left);
  return { average: D.div(quote, taken), worst, quote, whole: D.sign(left) <= 0 };
}

/** The quantity that a limit order at `price` would wait behind, at that price and better. */
export function ahead(levels: readonly Level[], price: Decimal, side: "buy" | "sell"): Decimal {
  let sum = D.ZERO;
  for (const [at, size] of levels) {
    const order = D.compare(D.of(at), price);
    if (side === "buy" ? order < 0 : order > 0) break;
    sum = D.add(sum, D.of(size));
  }
  return sum;
}

export function spread(book: Book): Decimal | null {
  const [bid, ask] = [book.bids[0], book.asks[0]];
  return bid && ask ? D.sub(D.of(ask[0]), D.of(bid[0])) : null;
}

/** Steps to group by: the tick and its multiples by ten. */
export function groupings(tick: string): string[] {
  const base = D.of(tick);
  const times = [1n, 10n, 100n, 1_000n, 10_000n];
  return times.map((n) => D.short({ units: base.units * n, scale: base.scale }));
}
