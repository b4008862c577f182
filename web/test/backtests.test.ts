import { describe, expect, test } from "vitest";
import { instrument, request } from "../src/pages/backtests/NewTest";
import { asPercent, bracketFault, bracketOf, isBracketFaulty, NO_BRACKET } from "../src/pages/strategies/bracket";
import type { TestDraft } from "../src/pages/backtests/NewTest";
import { growth, heldOn, measure, percent, plain, underwater, years } from "../src/pages/backtests/result";
import type { Backtest, EquityPoint } from "../src/pages/backtests/result";
import type { Strategy } from "../src/pages/strategies/params";
import { kept, named, plane } from "../src/pages/sweeps/kept";
import type { Sweep } from "../src/pages/sweeps/kept";

const at = (text: string, equity: number, low = equity, high = equity): EquityPoint => ({ t: Date.parse(text), equity: String(equity), low: String(low), high: String(high) });
const points = [at("2025-11-30T00:00:00Z", 100), at("2025-12-31T00:00:00Z", 110, 105, 120), at("2026-01-15T00:00:00Z", 99, 90), at("2026-01-31T00:00:00Z", 121)];
const strategy: Strategy = { name: "ema-cross", summary: "", source: "", fails: "", markets_doc: "", markets_min: 1, markets_max: 1, params: [] };
const draft: TestDraft = { symbols: ["BTCUSDT"], interval: "1h", from: "", to: "", cash: "", fee: "", slippage: "", source: "", params: {}, bracket: NO_BRACKET };

test("what rounds to nothing has no sign", () => {
  expect([plain(-0.04, 1), plain(-0.06, 1), plain(0), plain(-12.3, 0), plain(null)]).toEqual(["0.0", "−0.1", "0.00", "−12", "–"]);
});

describe("curves", () => {
  test("growth is in per cent of the start", () => {
    expect(growth(points).map(({ value }) => Math.round(value))).toEqual([0, 10, -1, 21]);
    expect(growth([])).toEqual([]);
  });

  test("underwater counts highs and lows inside a point", () => {
    expect(underwater(points).map(({ value }) => Number(value.toFixed(2)))).toEqual([0, -12.5, -25, 0]);
  });

  test("months stand on what they began with, years on theirs", () => {
    const [first, second] = years(points);
    expect([first?.year, first?.months[10], Math.round(first?.months[11] ?? 0), Math.round(first?.whole ?? 0)]).toEqual([2025, 0, 10, 10]);
    expect([second?.year, Math.round(second?.months[0] ?? 0), second?.months[1], Math.round(second?.whole ?? 0)]).toEqual([2026, 10, null, 10]);
    expect(years([])).toEqual([]);
  });
});

test("measures are read with care", () => {
  const it = { result: { metrics: { sharpe: { value: 1.5, low: -0.6, high: 3.6, unit: "ratio", note: "n" }, calmar: { value: null, unit: "ratio" } } } } as unknown as Backtest;
  expect(measure(it, "sharpe")).toEqual({ value: 1.5, unit: "ratio", low: -0.6, high: 3.6, note: "n" });
  expect(measure(it, "calmar").value).toBeNull();
  expect(measure(it, "nothing")).toEqual({ value: null, unit: "", low: null, high: null, note: null });
  expect(measure({ result: null } as unknown as Backtest, "sharpe").value).toBeNull();
  expect([percent(1.84, 2), percent(-0.04), percent(null), plain(-2.5), plain(null)]).toEqual(["+1.84%", "0.0%", "–", "−2.50", "–"]);
});

test("buying and holding begins at the first open and is worth each close at its end", () => {
  const candle = (t: number, o: string, h: string, l: string, c: string) => ({ t, o, h, l, c, v: "1" }) as never;
  const held = heldOn([candle(0, "100", "120", "90", "110"), candle(60_000, "110", "110", "80", "99")], 120_000);
  expect(held.map(({ t }) => t)).toEqual([0, 60_000, 120_000]);
  expect(growth(held).map(({ value }) => Math.round(value * 1e9) / 1e9)).toEqual([0, 10, -1]);
  // The low inside a candle counts from the highest so far, that of the same candle included.
  expect(underwater(held).map(({ value }) => Math.round(value * 100) / 100)).toEqual([0, -25, -33.33]);
  expect(heldOn([], 5)).toEqual([]);
});

describe("a bracket", () => {
  const legs = (stop: string, take: string, trailing: string) => ({ stop_loss_bps: stop, take_profit_bps: take, trailing_bps: trailing });

  test("is judged leg by leg; a stop and a trailing stop exclude each other", () => {
    expect(["", "1", "9900", "0", "9901", "2.5", "-3", "x"].map((stop) => bracketFault(legs(stop, "", ""), "stop_loss_bps"))).toEqual([null, null, null, "range", "range", "whole", "whole", "whole"]);
    expect([bracketFault(legs("", "100000", ""), "take_profit_bps"), bracketFault(legs("", "100001", ""), "take_profit_bps")]).toEqual([null, "range"]);
    expect([legs("50", "", "80"), legs("", "100", "80"), legs("50", "100", ""), NO_BRACKET].map(isBracketFaulty)).toEqual([true, false, false, false]);
  });

  test("is sent when a leg of it is set, and told in per cent", () => {
    expect(bracketOf(NO_BRACKET)).toEqual({});
    expect(bracketOf(legs(" 150 ", "", ""))).toEqual({ bracket: { stop_loss_bps: 150, take_profit_bps: null, trailing_bps: null } });
    expect(request(strategy, { ...draft, bracket: legs("", "300", "80") }).bracket).toEqual({ stop_loss_bps: null, take_profit_bps: 300, trailing_bps: 80 });
    expect([1, 150, 300, 123_456].map(asPercent)).toEqual(["0.01%", "1.5%", "3%", "1,234.56%"]);
  });
});

describe("the request", () => {
  test("names instruments as the server does: the venue small, the symbol large", () => {
    expect([" btcusdt", "File:wave-perp", "file:", "file:WAVE-PERP"].map(instrument)).toEqual(["BTCUSDT", "file:WAVE-PERP", "file:", "file:WAVE-PERP"]);
  });

  test("holds only what was filled in", () => {
    expect(request(strategy, draft)).toEqual({ strategy: "ema-cross", symbols: ["BTCUSDT"], interval: "1h" });
  });

  test("takes the last day whole", () => {
    const asked = request(strategy, { ...draft, from: "2026-01-01", to: "2026-01-31", cash: "5000", fee: "7.5", source: "exchange", params: { fast: "3", slow: " " } });
    expect(asked).toMatchObject({ from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00.000Z", cash: "5000", source: "exchange", params: { fast: "3" }, venue: { fee_bps: "7.5", slippage_bps: null } });
  });
});

describe("a sweep's document", () => {
  const trial = (point: number[], value: number) => ({ point, value, sharpe: value, total_return: 0, max_drawdown: 0, trades: 1 });
  const chosen = { by: "plateau", params: [], point: [1, 0, 1], value: 1, neighbours: 0.9, peak_point: [0, 0, 1], peak_value: 2, peak_neighbours: 0.1 };
  const result = { v: 1, axes: [["fast", ["3", "5"]], ["slow", ["10"]], ["stop", ["1", "2"]]], trials: [trial([0, 0, 1], 2), trial([1, 0, 1], 1), trial([1, 0, 0], 9)], chosen, folds: [], costs: "c" };

  test("of another version, or of none, is no document", () => {
    expect(kept(null)).toBeNull();
    expect(kept({ result: null } as unknown as Sweep)).toBeNull();
    expect(kept({ result: { ...result, v: 2 } } as unknown as Sweep)).toBeNull();
  });

  test("is cut by the plane through the chosen point", () => {
    const it = kept({ result } as unknown as Sweep);
    expect(it && plane(it)).toEqual([{ x: 0, y: 0, value: 2 }, { x: 1, y: 0, value: 1 }]);
    expect(it && named(it, chosen.point)).toBe("fast 5, slow 10, stop 2");
  });
});
