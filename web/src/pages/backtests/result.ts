/** What is read out of a back-test's result: measures, curves in per cent, months. Floats: for drawing and reading only. */
import type { Schemas } from "../../api/client";
import * as D from "../../market/decimal";
import type { Candle } from "../../market/candles";
import type { Point } from "../../parts/Series";

export type Backtest = Schemas["Backtest"];
export type EquityPoint = Schemas["BacktestEquity"];
export type RoundTrip = Schemas["BacktestTrade"];

export interface Measure {
  readonly value: number | null;
  readonly unit: string;
  readonly low: number | null;
  readonly high: number | null;
  readonly note: string | null;
}

const finite = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** A measure by its name; everything absent when the run has not got it. */
export function measure(test: Backtest, name: string): Measure {
  const all = (test.result?.metrics ?? {}) as Record<string, Record<string, unknown> | undefined>;
  const it = all[name] ?? {};
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return { value: finite(it["value"]), unit: text(it["unit"]) ?? "", low: finite(it["low"]), high: finite(it["high"]), note: text(it["note"]) };
}

export function measureNames(test: Backtest): string[] {
  return Object.keys((test.result?.metrics ?? {}) as Record<string, unknown>).sort();
}

/** Per cent since the start. */
export function growth(points: readonly EquityPoint[]): Point[] {
  const start = D.toNumber(D.of(points[0]?.equity));
  return start > 0 ? points.map((point) => ({ t: point.t / 1000, value: (D.toNumber(D.of(point.equity)) / start - 1) * 100 })) : [];
}

/** Per cent below the highest so far, zero or less; the lows inside a point count. */
export function underwater(points: readonly EquityPoint[]): Point[] {
  let top = 0;
  return points.map((point) => {
    top = Math.max(top, D.toNumber(D.of(point.high)), D.toNumber(D.of(point.equity)));
    const low = Math.min(D.toNumber(D.of(point.low)), D.toNumber(D.of(point.equity)));
    return { t: point.t / 1000, value: top > 0 ? (low / top - 1) * 100 : 0 };
  });
}

/** Worth of one unit that is bought at the first candle's open and kept, at the end of each candle; without costs. `until`: when the last one ends, ms. */
export function heldOn(candles: readonly Candle[], until: number): EquityPoint[] {
  const first = candles[0];
  if (!first) return [];
  const point = (t: number, equity: string, high: string, low: string): EquityPoint => ({ t, equity, high, low });
  return [point(first.t, first.o, first.o, first.o), ...candles.map((candle, i) => point(candles[i + 1]?.t ?? Math.max(until, candle.t + 1), candle.c, candle.h, candle.l))];
}

export interface Year {
  readonly year: number;
  /** January first, per cent; null where the run was not. */
  readonly months: readonly (number | null)[];
  readonly whole: number;
}

/** Returns by month of UTC, each on what the month began with. */
export function years(points: readonly EquityPoint[]): Year[] {
  const first = points[0];
  if (!first) return [];
  let before = D.toNumber(D.of(first.equity));
  const ends = new Map<string, { year: number; month: number; end: number }>();
  for (const point of points) {
    const date = new Date(point.t);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    ends.set(`${year}-${month}`, { year, month, end: D.toNumber(D.of(point.equity)) });
  }
  const found = new Map<number, { months: (number | null)[]; start: number; end: number }>();
  for (const { year, month, end } of ends.values()) {
    const row = found.get(year) ?? { months: Array.from({ length: 12 }, () => null), start: before, end };
    row.months[month] = before > 0 ? (end / before - 1) * 100 : null;
    row.end = end;
    found.set(year, row);
    before = end;
  }
  return [...found].map(([year, row]) => ({ year, months: row.months, whole: row.start > 0 ? (row.end / row.start - 1) * 100 : 0 }));
}

/** What the trips that ended for one reason made together. */
export interface Exit {
  readonly reason: string;
  readonly count: number;
  /** Share of them that won, 0 to 1. */
  readonly won: number;
  /** Mean time held, ms. */
  readonly held: number;
  /** Mean result of what was put in, per cent. */
  readonly mean: number;
  readonly sum: D.Decimal;
}

/** By the reason of the way out, the commonest first. */
export function exits(trades: readonly RoundTrip[]): Exit[] {
  const groups = new Map<string, RoundTrip[]>();
  for (const trade of trades) groups.set(trade.reason, [...(groups.get(trade.reason) ?? []), trade]);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const share = (trade: RoundTrip) => {
    const put = D.toNumber(D.mul(D.of(trade.entry), D.of(trade.quantity)));
    return put > 0 ? (D.toNumber(D.of(trade.pnl)) / put) * 100 : 0;
  };
  const one = ([reason, list]: [string, RoundTrip[]]): Exit => ({
    reason,
    count: list.length,
    won: list.filter((trade) => D.sign(D.of(trade.pnl)) > 0).length / list.length,
    held: mean(list.map((trade) => trade.closed - trade.opened)),
    mean: mean(list.map(share)),
    sum: list.reduce((sum, trade) => D.add(sum, D.of(trade.pnl)), D.ZERO),
  });
  return [...groups].map(one).sort((a, b) => b.count - a.count || a.reason.localeCompare(b.reason));
}

export const isOver = (status: string): boolean => status !== "queued" && status !== "running";

/** `+1.84%` of a number for reading. */
export function percent(value: number | null, decimals = 1): string {
  if (value === null) return "–";
  const text = Math.abs(value).toFixed(decimals);
  const zero = Number(text) === 0;
  return `${zero ? "" : value > 0 ? "+" : "−"}${text}%`;
}

export function plain(value: number | null, decimals = 2): string {
  // What rounds to nothing has no sign.
  return value === null ? "–" : value.toFixed(decimals).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
}
