import { describe, expect, test } from "vitest";
import type { Fill } from "../src/app/desk";
import { ownTrips, testTrips } from "../src/chart/trips";
import { fan, isOf, valueAt } from "../src/pages/bots/fan";
import { exits } from "../src/pages/backtests/result";
import type { Backtest, RoundTrip } from "../src/pages/backtests/result";
import type { Bot } from "../src/pages/bots/bot";
import type { Strategy } from "../src/pages/strategies/params";
import { facts, outlook, rounded, scores, withLoss } from "../src/pages/models/model";
import type { Forecast, Model } from "../src/pages/models/model";
import * as D from "../src/market/decimal";
import { qrPath } from "../src/parts/Qr";
import { axisWord } from "../src/parts/Series";
import { encode } from "uqr";
import { fill } from "./samples";

const at = (minute: number) => `2026-11-26T02:${String(minute).padStart(2, "0")}:00Z`;
const bought = (minute: number, price: string, quantity: string, it: Partial<Fill> = {}): Fill => ({ ...fill, id: `f${minute}${price}`, order_id: `o${minute}`, side: "buy", price, quantity, pnl: null, created_at: at(minute), ...it });
const sold = (minute: number, price: string, quantity: string, it: Partial<Fill> = {}): Fill => bought(minute, price, quantity, { side: "sell", pnl: "1", ...it });

describe("round trips of one's own fills", () => {
  test("go from the average entry to each fill that reduces", () => {
    const trips = ownTrips([bought(1, "100", "1"), bought(2, "110", "1"), sold(5, "126", "1"), sold(9, "84", "1")]);
    expect(trips.map((trip) => [trip.entry, trip.exit, trip.words, trip.tone, trip.long])).toEqual([
      [105, 126, "+20.00%", "up", true],
      [105, 84, "−20.00%", "down", true],
    ]);
    expect(trips[1]?.opened).toBe(Date.parse(at(1)) / 1000);
    expect(trips.length).toBe(2);
  });

  test("take fills of one order as one, and turn over to the other side", () => {
    const one = { order_id: "x" };
    const trips = ownTrips([bought(1, "100", "1"), sold(2, "110", "0.5", one), sold(2, "120", "2", { ...one, id: "later" }), bought(4, "60", "1.5", { pnl: "9" })]);
    expect(trips.map((trip) => [trip.entry, trip.exit, trip.long])).toEqual([
      [100, 120, true],
      [120, 60, false],
    ]);
    expect(trips[1]?.words).toBe("+50.00%");
  });

  test("know nothing of what was held before", () => {
    expect(ownTrips([sold(1, "100", "1")])).toEqual([]);
    expect(ownTrips([sold(1, "100", "1"), bought(2, "101", "1")])).toMatchObject([{ entry: 101, closed: null, long: true }]);
  });

  test("of a short back-test trade win when the price falls", () => {
    expect(testTrips([{ opened: 60_000, closed: 120_000, entry: "100", exit: "90", side: "short" }])[0]).toMatchObject({ opened: 60, closed: 120, words: "+10.00%", tone: "up", long: false });
  });
});

test("trips are summed by the reason of their way out", () => {
  const trade = (reason: string, pnl: string, held: number): RoundTrip => ({ opened: 0, closed: held, symbol: "S", side: "long", quantity: "2", entry: "100", exit: "0", pnl, fees: "0", mae: "0", mfe: "0", bars: 1, reason });
  const rows = exits([trade("stop", "-4", 1_000), trade("target", "6", 2_000), trade("stop", "2", 3_000)]);
  expect(rows.map((row) => [row.reason, row.count, row.won, row.held, row.mean, D.short(row.sum)])).toEqual([
    ["stop", 2, 0.5, 2_000, -0.5, "-2"],
    ["target", 1, 1, 2_000, 3, "6"],
  ]);
});

test("an axis has the decimals that its steps need, and nothing has no sign", () => {
  expect([-0.004, -0.002, 0].map((value) => axisWord(value, 0.002, 2))).toEqual(["−0.004", "−0.002", "0.000"]);
  expect([axisWord(-0.001, 0.5, 2), axisWord(-0, 0.5, 2), axisWord(1500, 500, 0), axisWord(0.25, 0.25, 0), axisWord(-1.5, 0.5, 2)]).toEqual(["0.00", "0.00", "1,500", "0.25", "−1.50"]);
});

describe("the fan of a back-test", () => {
  const line = (from: number, step: number, growth: number, count: number) => Array.from({ length: count }, (_, i) => ({ t: from + i * step, value: 100 * growth ** i }));

  test("of steady growth is steady growth, and the same curve lies in its middle", () => {
    const it = fan(line(0, 60, 1.001, 100), line(0, 60, 1.001, 1_000));
    const last = it?.steps.at(-1);
    expect(last?.t).toBeCloseTo(99 * 60 * 1.4, 6);
    // Interpolated in a straight line between points that grow by the same factor: off by less than the growth of a point.
    expect(last?.middle).toBeCloseTo((1.001 ** (99 * 1.4) - 1) * 100, 1);
    expect((last?.high ?? 0) - (last?.low ?? 0)).toBeLessThan(0.1);
    expect(it?.live[0]).toBe(0);
    expect(it?.live.filter((value) => value === null).length).toBeGreaterThan(5);
  });

  test("is wider the longer it runs, is drawn the same each time, and tells a curve that falls out of it", () => {
    const test = Array.from({ length: 2_000 }, (_, i) => ({ t: i * 60, value: 100 + 3 * Math.sin(i / 7) + 2 * Math.sin(i / 31) }));
    const flat = line(0, 60, 1, 200);
    const it = fan(flat, test);
    const width = (i: number) => (it?.steps[i]?.high ?? 0) - (it?.steps[i]?.low ?? 0);
    expect(width(60)).toBeGreaterThan(width(6));
    expect(fan(flat, test)).toEqual(it);
    expect(fan(line(0, 60, 0.995, 200), test)?.rank).toBe(0);
    expect(it?.rank).toBeGreaterThan(0.1);
    expect(it?.rank).toBeLessThan(0.9);
  });

  test("needs enough of both", () => {
    expect(fan(line(0, 60, 1, 1), line(0, 60, 1, 100))).toBeNull();
    expect(fan(line(0, 60, 1, 5_000), line(0, 60, 1, 3))).toBeNull();
    expect(valueAt(line(0, 60, 1, 2), 61)).toBeNull();
  });

  test("is of a test with the same strategy, parameters, market and bars", () => {
    const bot = { strategy: "grid", params: { b: "2", a: "1" }, markets: [{ symbol: "local:BTCUSDT", interval: "1m" }] } as unknown as Bot;
    const run = { strategy: "grid", params: { a: "1", b: "2" }, symbols: ["BTCUSDT"], interval: "1m" } as unknown as Backtest;
    const strategies = [{ name: "grid", params: [{ name: "c", default: "7" }] }] as unknown as Strategy[];
    expect(isOf(bot, run, strategies)).toBe(true);
    expect(isOf(bot, { ...run, params: { a: "1.0", b: "2", c: "7" } } as unknown as Backtest, strategies)).toBe(true);
    for (const other of [{ strategy: "x" }, { params: { a: "1", b: "3" } }, { symbols: ["ETHUSDT"] }, { params: { a: "1", b: "2", c: "8" } }, { interval: "5m" }]) expect(isOf(bot, { ...run, ...other } as unknown as Backtest, strategies)).toBe(false);
  });
});

describe("a model", () => {
  const metrics = { count: 10, mae: 9, rmse: 12, pinball: 3, coverage: 0.8, direction: 0.5, mae_ratio: 0.9, rmse_ratio: 1.2, pinball_ratio: 1, verdict: "v" };

  test("is held against the naive forecast", () => {
    const it = scores({ metrics } as unknown as Model);
    expect([it?.naive.mae, it?.naive.rmse, it?.naive.pinball]).toEqual([10, 10, 3]);
    expect(it?.skill).toBeCloseTo(10, 9);
    expect(scores({ metrics: {} } as unknown as Model)).toBeNull();
  });

  test("draws its steps at the opening of their bars", () => {
    const forecast = { steps: [{ at: "2026-11-26T02:15:00Z", mean: 1, low: 0, high: 2 }] } as unknown as Forecast;
    expect(outlook(forecast, "15m")[0]?.time).toBe(Date.parse("2026-11-26T02:00:00Z") / 1000);
  });

  test("tells its parameters flat and its losses once", () => {
    expect(facts({ order: [2, 1, 2], fit: { sigma: -0.001234567, on: true }, none: null })).toEqual([["order", "2, 1, 2"], ["fit.sigma", "−0.0012346"], ["fit.on", "true"]]);
    expect(rounded(63_990.123)).toBe("63990");
    const once = withLoss([], 0.5);
    expect(withLoss(once, 0.5)).toBe(once);
    expect(withLoss(withLoss(once, null), 0.4)).toEqual([0.5, 0.4]);
  });
});

test("a QR code's path covers its dark modules and no other", () => {
  const { data } = encode("otpauth://totp/Tradewind:admin?secret=JBSWY3DPEHPK3PXP&issuer=Tradewind", { ecc: "M", border: 4 });
  const path = qrPath(data);
  const painted = data.map((row) => row.map(() => false));
  for (const [, x = "", y = "", width = ""] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let i = 0; i < Number(width); i += 1) (painted[Number(y)] as boolean[])[Number(x) + i] = true;
  }
  expect(painted).toEqual(data);
});
