/** Round trips for the chart: of one's own fills, and of a back-test's record. Floats: for pixels and words only. */
import type { Fill } from "../app/desk";
import * as D from "../market/decimal";
import type { Decimal } from "../market/decimal";
import * as F from "../market/format";

export interface RoundTrip {
  /** Seconds since 1970. */
  readonly opened: number;
  readonly entry: number;
  /** Null while the position is open. */
  readonly closed: number | null;
  readonly exit: number;
  readonly long: boolean;
  readonly words: string;
  readonly tone: "up" | "down" | "";
}

/** A trip with its result in per cent of the entry. */
function trip(opened: number, entry: Decimal, closed: number, exit: Decimal, long: boolean): RoundTrip {
  const gain = long ? D.sub(exit, entry) : D.sub(entry, exit);
  const percent = D.round(D.div(D.mul(gain, { units: 100n, scale: 0 }), entry), 2);
  return { opened, entry: D.toNumber(entry), closed, exit: D.toNumber(exit), long, words: F.percent(percent), tone: F.tone(percent) };
}

/**
 * The trips of one market's fills, oldest first: a fill that reduces what is held ends a trip that began with the first fill of
 * the position, at its average entry. Fills of one order are one. What was held before the first fill here has no known entry
 * and is left out.
 */
export function ownTrips(fills: readonly Fill[]): RoundTrip[] {
  const ordered = [...fills].sort((a, b) => a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id));
  const out: { order: string; trip: RoundTrip }[] = [];
  let [held, entry, opened] = [D.ZERO, D.ZERO, 0];
  for (const fill of ordered) {
    const quantity = D.of(fill.quantity);
    const price = D.of(fill.price);
    const change = fill.side === "buy" ? quantity : D.negate(quantity);
    const at = Date.parse(fill.created_at) / 1000;
    const sign = D.sign(held);
    // It closed something that was held before the first fill here.
    if (sign === 0 && fill.pnl != null) continue;
    if (sign === 0) [held, entry, opened] = [change, price, at];
    else if (sign === D.sign(change)) {
      const cost = D.add(D.mul(D.abs(held), entry), D.mul(quantity, price));
      held = D.add(held, change);
      entry = D.div(cost, D.abs(held));
    } else {
      const made = trip(opened, entry, at, price, sign > 0);
      const last = out.at(-1);
      if (last?.order === fill.order_id) last.trip = made;
      else out.push({ order: fill.order_id, trip: made });
      held = D.add(held, change);
      if (D.sign(held) === -sign) [entry, opened] = [price, at];
    }
  }
  const trips = out.map((each) => each.trip);
  // What is still open has an entry and no exit.
  if (D.sign(held) !== 0) trips.push({ opened, entry: D.toNumber(entry), closed: null, exit: 0, long: D.sign(held) > 0, words: "", tone: "" });
  return trips;
}

/** The trips of a back-test in one instrument. */
export function testTrips(trades: readonly { readonly opened: number; readonly closed: number; readonly entry: string; readonly exit: string; readonly side: string }[]): RoundTrip[] {
  return trades.map((each) => trip(each.opened / 1000, D.of(each.entry), each.closed / 1000, D.of(each.exit), each.side !== "short"));
}
