/** What a ticket means: its order, its cost, what it does to the position, and what is wrong with it. Exact decimals only. */
import type { Schemas } from "../../api/client";
import type { Fill, Market, Position } from "../../app/desk";
import { ahead, sweep } from "../../market/book";
import type { Book, Sweep } from "../../market/book";
import * as D from "../../market/decimal";
import type { Decimal } from "../../market/decimal";

export type Side = "buy" | "sell";
export type Kind = "limit" | "market" | "stop" | "oco";

export interface Draft {
  readonly side: Side;
  readonly kind: Kind;
  readonly price: string;
  readonly stop: string;
  readonly amount: string;
  readonly tif: "gtc" | "ioc" | "fok";
  readonly postOnly: boolean;
  /** A stop that becomes a limit order instead of a market order. */
  readonly stopLimit: boolean;
  /** The limit of an OCO's stop, when it has one. */
  readonly stopPrice: string;
}

export const BLANK: Draft = { side: "buy", kind: "limit", price: "", stop: "", amount: "", tif: "gtc", postOnly: false, stopLimit: false, stopPrice: "" };

/** Fields of the ticket that can be wrong. */
export type Field = "price" | "stop" | "stopPrice" | "amount";

export type Fault =
  | { readonly field: Field; readonly code: "missing" | "unreadable" | "zero" }
  | { readonly field: Field; readonly code: "step"; readonly step: string }
  | { readonly field: "price" | "stop"; readonly code: "above" | "below"; readonly last: string }
  | { readonly field: "amount"; readonly code: "min" | "max"; readonly limit: string }
  | { readonly field: "amount"; readonly code: "notional"; readonly limit: string }
  | { readonly field: "amount"; readonly code: "funds"; readonly free: string; readonly asset: string };

export interface Funds {
  readonly base: Decimal;
  readonly quote: Decimal;
}

export interface Plan {
  readonly faults: readonly Fault[];
  readonly price: Decimal | null;
  readonly amount: Decimal | null;
  /** Quote amount without the fee. */
  readonly cost: Decimal | null;
  /** What a market order meets in the visible book. */
  readonly meets: Sweep | null;
  /** What waits before a limit order. */
  readonly ahead: Decimal | null;
  /** A limit order that trades at once. */
  readonly crosses: boolean;
  readonly order: Schemas["NewOrder"] | null;
}

function needsPrice(draft: Draft): boolean {
  return draft.kind === "limit" || draft.kind === "oco" || (draft.kind === "stop" && draft.stopLimit);
}

function needsStop(draft: Draft): boolean {
  return draft.kind === "stop" || draft.kind === "oco";
}

/** The two prices of an OCO lie on either side of the market: a sale's limit above it and its stop below, a buy's the other way. */
function aroundMarket(draft: Draft, price: Decimal | null, stop: Decimal | null, book: Book | null, faults: Fault[]): void {
  const best = draft.side === "sell" ? book?.asks[0] : book?.bids[0];
  const other = draft.side === "sell" ? book?.bids[0] : book?.asks[0];
  if (draft.kind !== "oco" || !best || !other) return;
  const [bid, ask] = [D.of(draft.side === "sell" ? other[0] : best[0]), D.of(draft.side === "sell" ? best[0] : other[0])];
  const sells = draft.side === "sell";
  // A post-only limit may not trade at once.
  if (price && sells && D.compare(price, bid) <= 0) faults.push({ field: "price", code: "above", last: D.short(bid) });
  if (price && !sells && D.compare(price, ask) >= 0) faults.push({ field: "price", code: "below", last: D.short(ask) });
  if (stop && sells && D.compare(stop, bid) >= 0) faults.push({ field: "stop", code: "below", last: D.short(bid) });
  if (stop && !sells && D.compare(stop, ask) <= 0) faults.push({ field: "stop", code: "above", last: D.short(ask) });
}

function read(field: Field, text: string, step: string, faults: Fault[]): Decimal | null {
  if (text.trim() === "") {
    faults.push({ field, code: "missing" });
    return null;
  }
  const value = D.parse(text);
  if (!value) faults.push({ field, code: "unreadable" });
  else if (D.sign(value) <= 0) faults.push({ field, code: "zero" });
  else if (!D.fits(value, D.of(step))) faults.push({ field, code: "step", step: D.short(D.of(step)) });
  else return value;
  return null;
}

function judge(market: Market, draft: Draft, amount: Decimal, cost: Decimal | null, funds: Funds | null, faults: Fault[]): void {
  if (D.compare(amount, D.of(market.qty_min)) < 0) faults.push({ field: "amount", code: "min", limit: D.short(D.of(market.qty_min)) });
  if (D.compare(amount, D.of(market.qty_max)) > 0) faults.push({ field: "amount", code: "max", limit: D.short(D.of(market.qty_max)) });
  if (cost && D.compare(cost, D.of(market.notional_min)) < 0) {
    faults.push({ field: "amount", code: "notional", limit: D.short(D.of(market.notional_min)) });
  }
  if (!funds) return;
  const [needed, free, asset] = draft.side === "buy" ? [cost, funds.quote, market.quote] : [amount, funds.base, market.base];
  if (needed && D.compare(needed, free) > 0) faults.push({ field: "amount", code: "funds", free: D.short(free), asset });
}

function orderType(draft: Draft): string {
  if (draft.kind === "market" || draft.kind === "oco") return draft.kind;
  if (draft.kind === "limit") return draft.postOnly ? "limit_maker" : "limit";
  return draft.stopLimit ? "stop_loss_limit" : "stop_loss";
}

function order(market: Market, draft: Draft, amount: Decimal, price: Decimal | null, stop: Decimal | null): Schemas["NewOrder"] {
  const request: Schemas["NewOrder"] = { symbol: market.symbol, side: draft.side, order_type: orderType(draft), quantity: D.text(amount) };
  if (price) request.price = D.text(price);
  if (stop) request.stop_price = D.text(stop);
  if (draft.kind === "oco") {
    if (draft.stopPrice.trim() !== "") request.stop_limit_price = draft.stopPrice.trim();
  } else if (needsPrice(draft) && !draft.postOnly) request.time_in_force = draft.tif;
  return request;
}

/** Judges a draft against the market's rules, the book and what is free. */
export function plan(market: Market, draft: Draft, book: Book | null, funds: Funds | null): Plan {
  const faults: Fault[] = [];
  const price = needsPrice(draft) ? read("price", draft.price, market.tick, faults) : null;
  const stop = needsStop(draft) ? read("stop", draft.stop, market.tick, faults) : null;
  const stopPrice = draft.kind === "oco" && draft.stopPrice.trim() !== "" ? read("stopPrice", draft.stopPrice, market.tick, faults) : null;
  aroundMarket(draft, price, stop, book, faults);
  const amount = read("amount", draft.amount, market.lot, faults);
  const against = book ? (draft.side === "buy" ? book.asks : book.bids) : [];
  const own = book ? (draft.side === "buy" ? book.bids : book.asks) : [];
  const meets = amount && draft.kind === "market" ? sweep(against, amount) : null;
  // Of an OCO's two prices the dearer one is what a buy must be able to pay.
  const dearest = [price, stop, stopPrice].reduce((most, each) => (each && (!most || D.compare(each, most) > 0) ? each : most), null);
  const at = draft.kind === "oco" && draft.side === "buy" ? dearest : (price ?? stop);
  const cost = amount ? (meets ? meets.quote : at ? D.mul(amount, at) : null) : null;
  if (amount) judge(market, draft, amount, cost, funds, faults);
  const best = against[0] ? D.of(against[0][0]) : null;
  const crosses =
    draft.kind === "limit" && price !== null && best !== null && (draft.side === "buy" ? D.compare(price, best) >= 0 : D.compare(price, best) <= 0);
  return {
    faults,
    price,
    amount,
    cost,
    meets,
    ahead: draft.kind === "limit" && price && book && !crosses ? ahead(own, price, draft.side) : null,
    crosses,
    order: faults.length === 0 && amount ? order(market, draft, amount, price, stop) : null,
  };
}

/** The largest amount that can be paid for, times a share in per cent, on the lot's grid. */
export function share(market: Market, draft: Draft, book: Book | null, funds: Funds, percent: number): string {
  const part = { units: BigInt(percent), scale: 2 };
  const grid = (value: Decimal) => D.text(D.cut(D.floorTo(value, D.of(market.lot)), D.decimalsOf(market.lot)));
  if (draft.side === "sell") return grid(D.mul(funds.base, part));
  const at = D.of(draft.kind === "market" || !draft.price ? (draft.kind === "stop" && draft.stop) || book?.asks[0]?.[0] : draft.price);
  return grid(D.div(D.mul(funds.quote, part), at));
}

export interface After {
  readonly quantity: Decimal;
  readonly entry: Decimal | null;
}

/** Position and average entry once the order has filled at `at`. Reducing keeps the entry, turning over starts a new one. */
export function after(position: Position | undefined, side: Side, amount: Decimal, at: Decimal): After {
  const now = D.of(position?.quantity);
  const change = side === "buy" ? amount : D.negate(amount);
  const quantity = D.add(now, change);
  const entry = D.of(position?.entry_price);
  if (D.sign(quantity) === 0) return { quantity, entry: null };
  if (D.sign(now) === 0) return { quantity, entry: at };
  if (D.sign(now) === D.sign(change)) {
    const cost = D.add(D.mul(D.abs(now), entry), D.mul(amount, at));
    return { quantity, entry: D.div(cost, D.abs(quantity)) };
  }
  return { quantity, entry: D.sign(quantity) === D.sign(now) ? entry : at };
}

/** The fee of a market's newest fill as a share of its value; null when nothing was filled there, or the fee is in a third asset. */
export function feeRate(market: Market, fills: readonly Fill[]): Decimal | null {
  const fill = fills.find((fill) => fill.symbol === market.symbol);
  if (!fill) return null;
  const [fee, quantity] = [D.of(fill.fee), D.of(fill.quantity)];
  if (fill.fee_currency === market.base) return D.div(fee, quantity);
  if (fill.fee_currency === market.quote) return D.div(fee, D.mul(quantity, D.of(fill.price)));
  return null;
}
