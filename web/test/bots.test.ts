import { describe, expect, test } from "vitest";
import * as D from "../src/market/decimal";
import { timeWord } from "../src/parts/Series";
import { curve } from "../src/pages/Analytics";
import { brief, needsYou, request, returned, together } from "../src/pages/bots/bot";
import type { Bot } from "../src/pages/bots/bot";
import { NO_BRACKET } from "../src/pages/strategies/bracket";
import { paramFault, words } from "../src/pages/strategies/params";
import type { Param, Strategy } from "../src/pages/strategies/params";

const bot = (it: Partial<Bot>): Bot => ({
  id: "b", account: "a", name: "Grid", strategy: "grid", status: "running", assets: [], funds: [], markets: [], params: {}, positions: [],
  decisions: 1, working_orders: 0, revision: 1, created_at: "2026-11-26T02:00:00Z", quote: "USDT", equity: "110", profit: "10", fees: "1", ...it,
});
const param = (it: Partial<Param>): Param => ({ name: "fast", kind: "whole", default: "12", doc: "", choices: [], min: "2", max: "100", ...it });
const strategy: Strategy = { name: "ema-cross", summary: "", source: "", fails: "", markets_doc: "", markets_min: 1, markets_max: 1, params: [] };

describe("a bot", () => {
  test("made its profit on what it began with", () => {
    const share = returned(bot({}));
    expect(share && D.short(share)).toBe("10");
    expect(returned(bot({ equity: null }))).toBeNull();
    expect(returned(bot({ equity: "10", profit: "10" }))).toBeNull();
  });

  test("is added only to those of its own asset", () => {
    const all = together([bot({}), bot({ profit: "-4" }), bot({ quote: "KRW", profit: "1000000" })]);
    expect([all.asset, D.short(all.profit), D.short(all.equity)]).toEqual(["USDT", "6", "220"]);
  });

  test("needs somebody when it failed or its switch is on", () => {
    expect([bot({}), bot({ halt: "off" }), bot({ halt: "full" }), bot({ status: "failed" }), bot({ status: "paused", halt: "full" })].map(needsYou)).toEqual([false, false, true, true, false]);
  });

  test("speaks in words and short numbers", () => {
    expect(words("fast_above-slow")).toBe("Fast above slow");
    expect([brief("38.775510204081634"), brief("-0.0000123456789"), brief("70"), brief("BTCUSDT"), brief("98353.05")]).toEqual(["38.7755", "−0.0000123457", "70", "BTCUSDT", "98353.05"]);
  });
});

describe("a new bot", () => {
  test("parameters are judged by their documentation; an empty one is fine", () => {
    expect(["", "12", "1", "101", "2.5", "x"].map((text) => paramFault(param({}), text))).toEqual([null, null, "range", "range", "whole", "number"]);
    expect(paramFault(param({ kind: "real", min: null, max: null }), "-2.5")).toBeNull();
    expect(paramFault(param({ kind: "text" }), "anything")).toBeNull();
  });

  test("the request holds what was filled in, as it was typed", () => {
    const draft = { name: " ", markets: [{ symbol: "BTCUSDT", interval: "1m" }], params: { fast: "12", slow: "" }, funds: { USDT: "10000.50", BTC: "" }, drawdown: "", daily: "", position: "", bracket: NO_BRACKET };
    expect(request(strategy, draft)).toEqual({ strategy: "ema-cross", markets: [{ symbol: "BTCUSDT", interval: "1m" }], funds: { USDT: "10000.50" }, params: { fast: "12" } });
    expect(request(strategy, { ...draft, name: "A", drawdown: "7.5", daily: "100" })).toMatchObject({ name: "A", limits: { drawdown_max_bips: 750, daily_loss_max: "100", position_max: null } });
    expect(request(strategy, { ...draft, bracket: { ...NO_BRACKET, trailing_bps: "80" } }).bracket).toEqual({ stop_loss_bps: null, take_profit_bps: null, trailing_bps: 80 });
  });
});

test("the curve of analytics begins at nothing and sums exactly", () => {
  const day = (key: string, net_pnl: string) => ({ key, net_pnl, realised_pnl: "0", fees: "0", volume: "0", fills: 1, closing_fills: 1 });
  expect(curve([day("2026-11-25", "0.1"), day("2026-11-26", "0.2")]).map((point) => point.value)).toEqual([0, 0.1, 0.3]);
  expect(curve([])).toEqual([]);
});

test("times on an axis are as fine as the span needs", () => {
  const t = new Date(2026, 10, 26, 14, 5, 9).getTime() / 1000;
  expect([timeWord(t, 60), timeWord(t, 7_200), timeWord(t, 864_000)]).toEqual(["14:05:09", "14:05", "26 Nov"]);
});
