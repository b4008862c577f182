/**
 * A bot's live result against what its back-test lets one expect. Blocks of the back-test's returns are drawn at random and put one
 * after the other (block bootstrap: what follows on each other in the test stays together), a few hundred times; between which
 * shares of these paths does the live curve run? Floats: for drawing and reading only.
 */
import type { Schemas } from "../../api/client";
import * as D from "../../market/decimal";
import type { Strategy } from "../strategies/params";
import type { Bot } from "./bot";

export interface Curve {
  /** Seconds since 1970, rising. */
  readonly t: number;
  readonly value: number;
}

/** Per cent since the start; between `low` and `high` lie 80 % of the paths, between `lower` and `upper` half of them. */
export interface FanStep {
  readonly t: number;
  readonly low: number;
  readonly lower: number;
  readonly middle: number;
  readonly upper: number;
  readonly high: number;
}

export interface Fan {
  readonly steps: readonly FanStep[];
  /** The live curve at the steps until now, per cent; null where there is none yet. */
  readonly live: readonly (number | null)[];
  /** Share of the paths that are below the live curve now, 0 to 1. */
  readonly rank: number;
}

const [PATHS, STEPS, BLOCK] = [400, 60, 5];
/** How much longer than the live curve the fan is. */
const AHEAD = 1.4;

/** Value at a moment, on the straight line between its neighbours; null outside. */
export function valueAt(curve: readonly Curve[], t: number): number | null {
  const [first, last] = [curve[0], curve.at(-1)];
  if (!first || !last || t < first.t || t > last.t) return null;
  let [low, high] = [0, curve.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((curve[middle] as Curve).t <= t) low = middle;
    else high = middle;
  }
  const [a, b] = [curve[low] as Curve, curve[high] as Curve];
  return b.t === a.t ? b.value : a.value + ((b.value - a.value) * (t - a.t)) / (b.t - a.t);
}

/** Mulberry32: the same seed draws the same fan, so that it does not tremble with each reading. */
function drawer(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}

/** One path of growth factors, a value a step, begun at 1. */
function path(test: readonly Curve[], step: number, random: () => number): number[] {
  const [from, to] = [(test[0] as Curve).t, (test.at(-1) as Curve).t];
  const block = Math.max(1, Math.min(BLOCK, Math.floor((to - from) / step)));
  const out: number[] = [1];
  while (out.length <= STEPS) {
    const start = from + random() * (to - from - block * step);
    let before = valueAt(test, start) ?? 1;
    for (let i = 1; i <= block && out.length <= STEPS; i += 1) {
      const after = valueAt(test, Math.min(to, start + i * step)) ?? before;
      out.push((out.at(-1) as number) * (before > 0 ? after / before : 1));
      before = after;
    }
  }
  return out;
}

/** Null when there is too little of either: fewer than two points, or a test shorter than one step of the fan. */
export function fan(live: readonly Curve[], test: readonly Curve[], seed = 1): Fan | null {
  const [first, last] = [live[0], live.at(-1)];
  const [from, to] = [test[0], test.at(-1)];
  if (!first || !last || !from || !to || live.length < 2 || test.length < 2 || first.value <= 0) return null;
  const step = (Math.max(last.t - first.t, 60) * AHEAD) / STEPS;
  if (to.t - from.t < step) return null;
  const random = drawer(seed);
  const paths = Array.from({ length: PATHS }, () => path(test, step, random));
  const percent = (factor: number) => (factor - 1) * 100;
  const steps = Array.from({ length: STEPS + 1 }, (_, i): FanStep => {
    const sorted = paths.map((each) => percent(each[i] as number)).sort((a, b) => a - b);
    const at = (share: number) => quantile(sorted, share);
    return { t: first.t + i * step, low: at(0.1), lower: at(0.25), middle: at(0.5), upper: at(0.75), high: at(0.9) };
  });
  const liveAt = (t: number) => {
    const value = valueAt(live, t);
    return value === null ? null : percent(value / first.value);
  };
  const now = Math.min(STEPS, Math.max(1, Math.round((last.t - first.t) / step)));
  const result = percent(last.value / first.value);
  const below = paths.filter((each) => percent(each[now] as number) < result).length;
  return { steps, live: steps.map((each) => liveAt(each.t)), rank: below / PATHS };
}

const bare = (symbol: string) => symbol.replace(/^local:/, "");
/** Parameters with the defaults of the strategy where nothing was given, numbers as numbers. */
function whole(params: Readonly<Record<string, unknown>>, strategy: Strategy | undefined): string {
  const all = new Map(strategy?.params.map((param) => [param.name, param.default]) ?? []);
  for (const [name, value] of Object.entries(params)) all.set(name, String(value));
  const plain = (text: string) => {
    const value = D.parse(text);
    return value ? D.short(value) : text;
  };
  return JSON.stringify([...all].map(([name, value]) => [name, plain(value)]).sort());
}

/** Whether a back-test is of this very bot: strategy, parameters, markets, bars. */
export function isOf(bot: Bot, test: Schemas["Backtest"], strategies: readonly Strategy[]): boolean {
  const strategy = strategies.find((each) => each.name === bot.strategy);
  const markets = bot.markets.map((market) => bare(market.symbol));
  return (
    test.strategy === bot.strategy &&
    test.interval === bot.markets[0]?.interval &&
    JSON.stringify(test.symbols.map(bare)) === JSON.stringify(markets) &&
    whole(test.params as Record<string, unknown>, strategy) === whole(bot.params, strategy)
  );
}
