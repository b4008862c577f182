import { describe, expect, test } from "vitest";
import { every } from "../src/app/books";
import { csv } from "../src/app/csv";
import { desk, liveOrdersRead, orderChanged, ordersRead, positionChanged, positionsRead, selectLive } from "../src/app/desk";
import type { Order, Position } from "../src/app/desk";
import { DEFAULTS, restored } from "../src/app/settings";
import { told, toasts } from "../src/app/toasts";
import { exposed, holdings, homeAsset, openProfit, priceIn, since } from "../src/app/worth";
import * as D from "../src/market/decimal";
import { en } from "../src/text/en";
import { id } from "../src/text/id";
import { filled } from "../src/text";
import { ko } from "../src/text/ko";
import { desk as deskEn } from "../src/text/desk/en";
import { desk as deskId } from "../src/text/desk/id";
import { desk as deskKo } from "../src/text/desk/ko";
import { desk as deskVi } from "../src/text/desk/vi";
import { lists as listsEn } from "../src/text/lists/en";
import { lists as listsId } from "../src/text/lists/id";
import { lists as listsKo } from "../src/text/lists/ko";
import { lists as listsVi } from "../src/text/lists/vi";
import { settings as settingsEn } from "../src/text/settings/en";
import { settings as settingsId } from "../src/text/settings/id";
import { settings as settingsKo } from "../src/text/settings/ko";
import { settings as settingsVi } from "../src/text/settings/vi";
import { trade as tradeEn } from "../src/text/trade/en";
import { trade as tradeId } from "../src/text/trade/id";
import { trade as tradeKo } from "../src/text/trade/ko";
import { trade as tradeVi } from "../src/text/trade/vi";
import { alerts as alertsEn } from "../src/text/alerts/en";
import { alerts as alertsId } from "../src/text/alerts/id";
import { alerts as alertsKo } from "../src/text/alerts/ko";
import { alerts as alertsVi } from "../src/text/alerts/vi";
import { models as modelsEn } from "../src/text/models/en";
import { models as modelsId } from "../src/text/models/id";
import { models as modelsKo } from "../src/text/models/ko";
import { models as modelsVi } from "../src/text/models/vi";
import { more as moreEn } from "../src/text/more/en";
import { more as moreId } from "../src/text/more/id";
import { more as moreKo } from "../src/text/more/ko";
import { more as moreVi } from "../src/text/more/vi";
import { vi } from "../src/text/vi";
import { fill, market, ticker } from "./samples";

const order = (it: Partial<Order>): Order => ({
  id: "o1", account: "a", symbol: "BTCUSDT", side: "buy", order_type: "limit", time_in_force: "gtc", quantity: "1", filled_quantity: "0",
  filled_quote: "0", status: "new", live: true, client_order_id: "c", created_at: "2026-11-26T02:00:00Z", updated_at: "2026-11-26T02:00:00Z", ...it,
});
const start = () => desk(undefined, { type: "start" });
const live = (state: ReturnType<typeof start>) => selectLive({ desk: state }).map((each) => each.id);

describe("the desk", () => {
  test("a late answer does not undo a newer event", () => {
    let state = desk(start(), orderChanged(order({ status: "filled", live: false, updated_at: "2026-11-26T02:00:05Z" })));
    state = desk(state, orderChanged(order({ updated_at: "2026-11-26T02:00:01Z" })));
    state = desk(state, ordersRead([order({ updated_at: "2026-11-26T02:00:02Z" })]));
    expect(state.orders.entities["o1"]?.status).toBe("filled");
    expect(live(state)).toEqual([]);
  });

  test("an order that is no longer among the live ones has ended", () => {
    let state = desk(start(), liveOrdersRead([order({}), order({ id: "o2" })]));
    state = desk(state, liveOrdersRead([order({ id: "o2" })]));
    expect(live(state)).toEqual(["o2"]);
  });

  test("a position of nothing is none", () => {
    const position: Position = { id: "p", account: "a", symbol: "BTCUSDT", quantity: "0.5", entry_price: "1", realised_pnl: "0", fees: "0", opened_at: "", updated_at: "" };
    let state = desk(start(), positionsRead([position, { ...position, id: "q", quantity: "0.00000000" }]));
    expect(state.positions.ids).toEqual(["p"]);
    state = desk(state, positionChanged({ ...position, quantity: "0" }));
    expect(state.positions.ids).toEqual([]);
  });
});

test("kept settings are read with care", () => {
  expect(restored(null)).toEqual(DEFAULTS);
  expect(restored("{")).toEqual(DEFAULTS);
  expect(restored('{"theme":"neon","market":"korea","confirm":"yes","indicators":["ema20",7],"token":"x"}')).toEqual({ ...DEFAULTS, market: "korea", indicators: ["ema20"] });
});

test("the stack of notices holds three and keeps failures", () => {
  let state = toasts(undefined, told({ kind: "failed", text: "f" }));
  for (const text of ["a", "b", "c"]) state = toasts(state, told({ kind: "done", text }));
  expect(state.list.map((toast) => toast.text)).toEqual(["f", "b", "c"]);
});

test("an account is worth what its assets are at last prices", () => {
  const markets = [market, { ...market, symbol: "ETHUSDT", base: "ETH", id: "local:ETHUSDT" }, { ...market, symbol: "ETHBTC", base: "ETH", quote: "BTC", id: "local:ETHBTC" }];
  const tickers = new Map([["BTCUSDT", ticker]]);
  expect(homeAsset(markets)).toBe("USDT");
  const held = holdings(
    [{ asset: "BTC", free: "1", locked: "0.5", total: "1.5" }, { asset: "USDT", free: "10", locked: "0", total: "10" }, { asset: "ETH", free: "1", locked: "0", total: "1" }, { asset: "SOL", free: "0", locked: "0", total: "0" }],
    "USDT", markets, tickers,
  );
  expect(held.map((each) => [each.asset, each.value && D.short(each.value)])).toEqual([["BTC", "150000"], ["USDT", "10"], ["ETH", null]]);
  const korea = [...markets, { ...market, symbol: "BTCKRW", quote: "KRW", id: "local:BTCKRW" }];
  const both = new Map([...tickers, ["BTCKRW", { ...ticker, symbol: "BTCKRW", last: "125000000" }]]);
  const price = (asset: string) => D.short(priceIn(asset, "USDT", korea, both) ?? D.ZERO);
  expect([price("KRW"), price("BTC"), price("ETH"), price("SOL")]).toEqual(["0.0008", "100000", "0", "0"]);
  const position: Position = { id: "p", account: "a", symbol: "BTCUSDT", quantity: "-0.5", entry_price: "90000", mark_price: "100000", unrealised_pnl: "-5000", realised_pnl: "0", fees: "0", opened_at: "", updated_at: "" };
  const won: Position = { ...position, id: "q", symbol: "BTCKRW", quantity: "0.1", mark_price: "125000000", unrealised_pnl: "1250000" };
  expect([openProfit([position, won], "USDT", korea, both), exposed([position, won], "USDT", korea, both)].map(D.short)).toEqual(["-4000", "60000"]);
  const korean = { ...fill, symbol: "BTCKRW", pnl: "1250000" };
  expect(D.short(since(0, [fill, korean], "USDT", korea, both).realised)).toBe("2");
  const today = since(Date.parse("2026-11-26T00:00:00Z"), [fill, { ...fill, fee: "0.00001", fee_currency: "BTC" }, { ...fill, created_at: "2026-11-25T23:59:59Z" }], "USDT", markets, tickers);
  expect([today.fills, D.short(today.realised), D.short(today.fees)]).toEqual([2, "4", "3"]);
});

test("the books are read to their end, each row once", async () => {
  const rows = Array.from({ length: 7 }, (_, i) => `r${i}`);
  const asked: (string | undefined)[] = [];
  const read = async (before: string | undefined) => {
    asked.push(before);
    const at = before === undefined ? 0 : rows.indexOf(before) + 1;
    return rows.slice(at, at + 3);
  };
  expect(await every(read, (row) => row, 3)).toEqual(rows);
  expect(asked).toEqual([undefined, "r2", "r5"]);
});

test("files for spreadsheets quote what must be quoted and start no formula", () => {
  expect(csv([{ a: 'x"y', b: "1,2" }, { a: "=1+1", c: "-0.5" }, { a: "-cmd", b: null }])).toBe('a,b,c\r\n"x""y","1,2",\r\n\'=1+1,,-0.5\r\n\'-cmd,,\r\n');
});

describe("the catalogues", () => {
  const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]))].sort();

  const pairs: [string, Record<string, string>, Record<string, string>][] = [
    ["vi", en, vi],
    ["id", en, id],
    ["ko", en, ko],
    ["vi, desk", deskEn, deskVi],
    ["id, desk", deskEn, deskId],
    ["ko, desk", deskEn, deskKo],
    ["vi, lists", listsEn, listsVi],
    ["id, lists", listsEn, listsId],
    ["ko, lists", listsEn, listsKo],
    ["vi, trade", tradeEn, tradeVi],
    ["id, trade", tradeEn, tradeId],
    ["ko, trade", tradeEn, tradeKo],
    ["vi, settings", settingsEn, settingsVi],
    ["id, settings", settingsEn, settingsId],
    ["ko, settings", settingsEn, settingsKo],
    ["vi, alerts", alertsEn, alertsVi],
    ["id, alerts", alertsEn, alertsId],
    ["ko, alerts", alertsEn, alertsKo],
    ["vi, models", modelsEn, modelsVi],
    ["id, models", modelsEn, modelsId],
    ["ko, models", modelsEn, modelsKo],
    ["vi, later pages", moreEn, moreVi],
    ["id, later pages", moreEn, moreId],
    ["ko, later pages", moreEn, moreKo],
  ];

  test.each(pairs)("%s says everything that English says", (_, english, catalogue) => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(english).sort());
    const said = (text = "") => names(text).filter((name) => name !== "n");
    for (const [key, text] of Object.entries(english)) expect([key, said(catalogue[key])]).toEqual([key, said(text)]);
    const same = Object.keys(english).filter((key) => (english[key] ?? "").length > 24 && catalogue[key] === english[key]);
    expect(same).toEqual([]);
  });

  test("forms for one and for many", () => {
    expect(filled("one fill|{n} fills", { n: 1 })).toBe("one fill");
    expect(filled("one fill|{n} fills", { n: 3 })).toBe("3 fills");
    expect(filled("{a} and {b}", { a: "x" })).toBe("x and {b}");
  });
});
