/**
 * Candles of one market and interval, for a chart library that breaks on doubles and on times out of order: kept sorted, each
 * open time once, the newest word on a candle wins.
 */
import type { Schemas } from "../api/client";
import * as D from "./decimal";

export type Candle = Schemas["CandleBody"];

/** What charts draw. Floats: for pixels only. */
export interface Bar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Bars kept at most: more makes chart libraries stall. */
export const BARS_MAX = 5_000;

export function bar(candle: Candle): Bar {
  const n = (text: string) => D.toNumber(D.of(text));
  return { time: Math.floor(candle.t / 1000), open: n(candle.o), high: n(candle.h), low: n(candle.l), close: n(candle.c), volume: n(candle.v) };
}

export class Bars {
  #bars: Bar[] = [];

  get all(): readonly Bar[] {
    return this.#bars;
  }

  get first(): number | null {
    return this.#bars[0]?.time ?? null;
  }

  /** Takes candles in any order; true when only the last bar changed or some were added behind it, so that a chart can update. */
  take(candles: readonly Candle[]): boolean {
    const fresh = candles.map(bar).sort((a, b) => a.time - b.time);
    const lastKnown = this.#bars.at(-1)?.time ?? -Infinity;
    const onlyTail = this.#bars.length > 0 && fresh.every((each) => each.time >= lastKnown);
    if (onlyTail) {
      const bars = this.#bars.slice();
      for (const each of fresh) {
        if (bars.at(-1)?.time === each.time) bars.pop();
        bars.push(each);
      }
      this.#bars = bars.slice(-BARS_MAX);
      return true;
    }
    const byTime = new Map(this.#bars.map((each) => [each.time, each]));
    for (const each of fresh) byTime.set(each.time, each);
    this.#bars = [...byTime.values()].sort((a, b) => a.time - b.time).slice(-BARS_MAX);
    return false;
  }
}

/** Exponential moving average; the first `length - 1` values are left out. */
export function ema(bars: readonly Bar[], length: number): { time: number; value: number }[] {
  const out: { time: number; value: number }[] = [];
  const weight = 2 / (length + 1);
  let value = 0;
  bars.forEach((each, i) => {
    if (i < length) value += each.close / length;
    else value += (each.close - value) * weight;
    if (i >= length - 1) out.push({ time: each.time, value });
  });
  return out;
}

/** Relative strength, Wilder's smoothing, 0 to 100. */
export function rsi(bars: readonly Bar[], length: number): { time: number; value: number }[] {
  const out: { time: number; value: number }[] = [];
  let [gain, loss] = [0, 0];
  for (let i = 1; i < bars.length; i += 1) {
    const [now, before] = [bars[i] as Bar, bars[i - 1] as Bar];
    const change = now.close - before.close;
    const [up, down] = [Math.max(change, 0), Math.max(-change, 0)];
    const share = i <= length ? 1 / length : 1 / length;
    gain = i <= length ? gain + up * share : gain + (up - gain) * share;
    loss = i <= length ? loss + down * share : loss + (down - loss) * share;
    if (i >= length) out.push({ time: now.time, value: gain + loss === 0 ? 50 : (100 * gain) / (gain + loss) });
  }
  return out;
}

/** Mean and two standard deviations around it over `length` closes. */
export function bands(bars: readonly Bar[], length: number): { time: number; middle: number; upper: number; lower: number }[] {
  const out: { time: number; middle: number; upper: number; lower: number }[] = [];
  for (let i = length - 1; i < bars.length; i += 1) {
    const window = bars.slice(i - length + 1, i + 1).map((each) => each.close);
    const mean = window.reduce((a, b) => a + b, 0) / length;
    const deviation = Math.sqrt(window.reduce((a, b) => a + (b - mean) ** 2, 0) / length);
    out.push({ time: (bars[i] as Bar).time, middle: mean, upper: mean + 2 * deviation, lower: mean - 2 * deviation });
  }
  return out;
}
