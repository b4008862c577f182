import { describe, expect, test } from "vitest";
import * as D from "../src/market/decimal";
import { blocks, bounded, ruleWords } from "../src/pages/alerts/alert";
import { drafted, isWrong, limitsOf } from "../src/pages/Limits";
import { ms } from "../src/pages/Numbers";
import { withDefaults } from "../src/pages/trade/Indicators";
import { shareOf, touched } from "../src/pages/trade/preview";
import type { LimitUse } from "../src/pages/trade/preview";
import { isOnPrice, joined, ofServer, studiesOf } from "../src/pages/trade/studies";
import type { Indicator } from "../src/pages/trade/studies";
import { BLANK, plan } from "../src/pages/trade/ticket";
import type { Draft } from "../src/pages/trade/ticket";
import { book, market } from "./samples";

describe("one order that cancels the other", () => {
  const draft = (it: Partial<Draft>): Draft => ({ ...BLANK, kind: "oco", side: "sell", price: "110000", stop: "90000", amount: "0.1", ...it });
  const funds = { base: D.of("1"), quote: D.of("100000") };

  test("is sent with both prices, and with the stop's limit when there is one", () => {
    expect(plan(market, draft({}), book, funds).order).toEqual({ symbol: "BTCUSDT", side: "sell", order_type: "oco", quantity: "0.1", price: "110000", stop_price: "90000" });
    expect(plan(market, draft({ stopPrice: "89000" }), book, funds).order?.stop_limit_price).toBe("89000");
  });

  test("has its limit and its stop on either side of the market", () => {
    const faults = (it: Partial<Draft>) => plan(market, draft(it), book, funds).faults.map((fault) => [fault.field, fault.code]);
    expect(faults({ price: "99999" })).toEqual([["price", "above"]]);
    expect(faults({ stop: "100001" })).toEqual([["stop", "below"]]);
    expect(faults({ side: "buy", price: "90000", stop: "110000", amount: "0.1" })).toEqual([]);
    expect(faults({ side: "buy", price: "110000", stop: "90000", amount: "0.1" })).toEqual([["price", "below"], ["stop", "above"]]);
    expect(faults({ stopPrice: "1.001" })).toEqual([["stopPrice", "step"]]);
  });

  test("must be paid for at the dearer of its prices", () => {
    expect(plan(market, draft({ side: "buy", price: "90000", stop: "110000", amount: "1" }), book, { base: D.ZERO, quote: D.of("100000") }).faults).toMatchObject([{ code: "funds" }]);
  });
});

describe("limits", () => {
  const use = (it: Partial<LimitUse>): LimitUse => ({ name: "exposure", symbol: null, used: "1", after: "2", max: "4", unit: "USDT", ...it });

  test("are told fullest first, and only those that are on and touched", () => {
    const list = touched([use({ after: "1" }), use({ name: "position", after: "3" }), use({ max: null }), use({ after: "0" })]);
    expect(list.map((each) => [each.name, shareOf(each, "after")])).toEqual([["position", 0.75], ["exposure", 0.25]]);
  });

  test("are typed in per cent and sent in hundredths of it, those of single markets in the base asset", () => {
    const before = { order_value_max: "1000", drawdown_max_bips: 250, exposure_max: null, daily_loss_max: null, price_band_bips: null, orders_per_minute: 30, markets: { BTCUSDT: { position_max: "1", order_quantity_max: null } } };
    const draft = drafted(before);
    expect([draft.drawdown_max_bips, draft.order_value_max, draft.exposure_max, draft.orders_per_minute]).toEqual(["2.5", "1000", "", "30"]);
    expect(limitsOf(draft)).toEqual(before);
    expect(limitsOf({ ...draft, drawdown_max_bips: "0.07", order_value_max: " " })).toMatchObject({ drawdown_max_bips: 7, order_value_max: null });
    const markets = { BTCUSDT: { position_max: " ", order_quantity_max: "" }, ETHUSDT: { position_max: "", order_quantity_max: " 2 " } };
    expect(limitsOf({ ...draft, markets }).markets).toEqual({ ETHUSDT: { position_max: null, order_quantity_max: "2" } });
  });

  test("that cannot be are told before they are sent", () => {
    expect([isWrong("money", ""), isWrong("money", "0"), isWrong("money", "x"), isWrong("percent", "100.5"), isWrong("percent", "0.001"), isWrong("whole", "1.5"), isWrong("whole", "3")]).toEqual([false, true, true, true, true, true, false]);
  });
});

describe("indicators of the server", () => {
  const macd = { name: "MACD", group: "Momentum Indicators", doc: "", inputs: [], lookback: 33, outputs: [{ name: "macd", whole: false }, { name: "macd-hist", whole: false }], params: [{ name: "fast", default: "12" }, { name: "slow", default: "26" }] } as unknown as Indicator;
  const values = (t: number[], from: number) => ({ symbol: "S", interval: "1m", open: true, t, indicators: [{ name: "MACD(12,26)", lookback: 33, outputs: [{ name: "macd", values: t.map((_, i) => (i === 0 && from === 0 ? null : from + i)) }, { name: "macd-hist", values: t.map((_, i) => from + i) }] }] });

  test("are asked for with their defaults and told from those of the page", () => {
    expect(withDefaults(macd)).toBe("MACD(12,26)");
    expect(ofServer(["ema20", "MACD(12,26)", "rsi14", "OBV"])).toEqual(["MACD(12,26)", "OBV"]);
  });

  test("are drawn over the candles or in panes of their own, histograms as bars", () => {
    expect([isOnPrice("BBANDS(20)", "Overlap Studies"), isOnPrice("TSF", "Statistic Functions"), isOnPrice("RSI", "Momentum Indicators")]).toEqual([true, true, false]);
    const lines = studiesOf(values([60_000, 120_000], 0), [macd], 2);
    expect(lines.map((line) => [line.id, line.pane, line.bars, line.points.length])).toEqual([["MACD(12,26) macd", 2, false, 1], ["MACD(12,26) macd-hist", 2, true, 2]]);
    expect(lines[0]?.points[0]).toEqual({ time: 120, value: 1 });
  });

  test("keep their past when the end is read anew, and are read whole after a gap", () => {
    const both = joined(values([1, 2, 3], 0), values([3, 4], 10));
    expect(both?.t).toEqual([1, 2, 3, 4]);
    expect(both?.indicators[0]?.outputs[1]?.values).toEqual([0, 1, 10, 11]);
    expect(joined(values([1, 2], 0), values([5, 6], 0))).toBeNull();
  });
});

describe("alerts", () => {
  test("speak in words and short numbers", () => {
    expect(["HighAPILatency", "HighErrorRate", "VerySlowTradeExecution"].map(ruleWords)).toEqual(["High API latency", "High error rate", "Very slow trade execution"]);
    expect([bounded(0.123456), bounded(12_345.6), bounded(-2)]).toEqual(["0.123", "12,346", "−2"]);
    expect([ms(null), ms(0.1234), ms(12.34), ms(1234.5)]).toEqual(["–", "0.12", "12.3", "1,235"]);
  });

  test("have runbooks of headings, paragraphs, items and code", () => {
    expect(blocks("# A\n\nOne\ntwo.\n\n1. x\n   y\n- z\n\n```sh\nls\n\nps\n```\nend")).toEqual([
      { kind: "head", text: "A" },
      { kind: "text", text: "One two." },
      { kind: "item", text: "x y" },
      { kind: "item", text: "z" },
      { kind: "code", text: "ls\n\nps" },
      { kind: "text", text: "end" },
    ]);
  });
});
