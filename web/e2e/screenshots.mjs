/** Pictures of every page in both themes, for people to look at. Into shots/, or the folder that is named. */
import { mkdirSync } from "node:fs";
import { launch, open } from "./browser.mjs";
import { Client } from "./client.mjs";
import { Program } from "./program.mjs";

const dir = process.argv[2] ?? "shots";
mkdirSync(dir, { recursive: true });
const PASSWORD = "a long enough sentence";
/** Minutes of the market's past: enough for a full chart. */
const program = new Program({ TRADEWIND__EXCHANGE__PARTICIPANTS_PAST: "720" });
await program.start();
const browser = await launch();
/** Points of a bot's equity that are waited for, one a minute; EQUITY_POINTS names another number. */
const POINTS = Number(process.env.EQUITY_POINTS ?? 6);

/** Some trading, so that there is something to see. */
async function trade() {
  const client = await new Client(program.url).setUp(program.setupCode, "admin", PASSWORD);
  const call = (method, path, body) => client.call(method, path, body);
  const order = (symbol, side, quantity, price) => client.order(symbol, side, quantity, price);
  await order("BTCUSDT", "buy", "0.35");
  await order("ETHUSDT", "buy", "4");
  await order("SOLUSDT", "buy", "60");
  await order("ETHUSDT", "sell", "1.5");
  const ticker = async (symbol) => (await call("GET", `/api/tickers?symbols=${symbol}`))[0];
  const btc = Number((await ticker("BTCUSDT")).last);
  for (const [side, factor] of [["buy", 0.9995], ["buy", 0.9988], ["sell", 1.0012]]) {
    await order("BTCUSDT", side, "0.05", (btc * factor).toFixed(2));
  }
  const round = (value) => value.toFixed(2);
  const bots = [
    { name: "Grid", strategy: "grid", symbol: "BTCUSDT", params: { lower: round(btc * 0.99), upper: round(btc * 1.01), cells: 80, qty: "0.01", start: "filled" } },
    { name: "Maker", strategy: "market-maker", symbol: "ETHUSDT", params: { qty: "0.2", inventory: "3" } },
    { name: "Trend", strategy: "ema-cross", symbol: "SOLUSDT", params: { fast: 3, slow: 8, qty: "20" } },
    { name: "Reversion", strategy: "bollinger", symbol: "BTCUSDT", params: { qty: "0.05" } },
  ];
  const made = [];
  for (const { name, strategy, symbol, params } of bots) {
    const bot = await call("POST", "/api/bots", { name, strategy, params, markets: [{ symbol, interval: "1m" }], funds: { USDT: "20000" } });
    made.push(await call("POST", `/api/bots/${bot.id}/start`));
  }
  await call("POST", `/api/bots/${made.at(-1).id}/pause`);
  for (const [strategy, params] of [["bollinger", { qty: "0.08" }], ["ema-cross", { fast: 9, slow: 30, qty: "0.08" }]]) {
    await call("POST", "/api/backtests", { strategy, params, symbols: ["BTCUSDT"], interval: "1m", cash: "10000" });
  }
  await call("POST", "/api/sweeps", { strategy: "ema-cross", symbol: "BTCUSDT", interval: "1m", params: { qty: "0.08" }, grid: { fast: "3..15:2", slow: "18..48:5" } });
  for (const [name, algorithm] of [["Smooth BTC", "ets"], ["ARIMA BTC", "arima"], ["Network BTC", "lstm"]]) {
    await call("POST", "/api/ml/models", { name, algorithm, symbols: ["BTCUSDT"], interval: "1m", days: 1, horizon: 24, limit_s: 600 });
  }
  // The bot's own back-test, for the fan.
  const [trend] = (await call("GET", "/api/bots")).filter((bot) => bot.name === "Grid");
  await call("POST", "/api/backtests", { strategy: trend.strategy, params: trend.params, symbols: ["BTCUSDT"], interval: "1m", cash: "20000" });
  // A point of equity is written each minute: a curve needs some.
  for (;;) {
    const points = await call("GET", `/api/bots/${made[0].id}/equity`);
    if (points.length >= POINTS) break;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
  }
  return call;
}

/** Other sizes of the window than that of a laptop. */
const SIZES = [["phone", 390, 844], ["narrow", 1180, 820], ["wide", 1920, 1080]];

const SHOTS = [
  ["overview", "/", ".spark, .holdings li"],
  ["trade", "/trade/BTCUSDT", ".level[data-price]"],
  ["orders", "/orders", "tbody tr"],
  ["bots", "/bots", ".decisions li, .empty"],
  ["backtests", "/backtests", ".series canvas"],
  ["sweeps", "/sweeps", ".sweep-heat, .empty"],
  ["models", "/models", ".price-chart canvas"],
  ["analytics", "/analytics", ".series canvas"],
  ["monitoring", "/monitoring", ".beats li"],
  ["alerts", "/alerts", ".settings-list li"],
  ["logs", "/logs", ".log li"],
  ["settings", "/settings", ".settings-list li"],
];

/** SHOTS names some of them, separated by commas; all without it. */
const WANTED = process.env.SHOTS?.split(",");
const shots = SHOTS.filter(([name]) => !WANTED || WANTED.includes(name));

await trade();
for (const theme of ["dark", "light"]) {
  const page = await open(browser, { colorScheme: theme });
  await page.goto(program.url);
  await page.screenshot({ path: `${dir}/login-${theme}.png` });
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Account value").waitFor();
  for (const [name, path, seen] of shots) {
    await page.goto(program.url + path);
    await page.locator(seen).first().waitFor();
    if (name === "bots") {
      await page.getByRole("button", { name: /^Grid/ }).click();
      await page.getByRole("tab", { name: "Against its back-test" }).click();
      await page.locator(".series canvas, .card .empty").first().waitFor();
    }
    if (name === "backtests") {
      await page.getByRole("button", { name: /^Ema cross/ }).first().click();
      await page.getByText(/^Ema cross on/).waitFor();
      await page.locator(".series canvas").first().waitFor();
    }
    if (name === "trade") {
      await page.locator(".bids .level[data-price]").nth(4).click();
      await page.locator("[name=amount]").fill("0.12");
    }
    // Two rounds of what comes by itself: book, tickers, candles.
    for (const url of ["/api/balances", "/api/balances"]) await page.waitForResponse((response) => response.url().includes(url));
    await page.screenshot({ path: `${dir}/${name}-${theme}.png` });
    console.log(`   ${name}-${theme}`);
  }
  for (const [kind, width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const [name, path, seen] of shots) {
      await page.goto(program.url + path);
      await page.locator(seen).first().waitFor();
      await page.waitForResponse((response) => response.url().includes("/api/balances"));
      await page.screenshot({ path: `${dir}/${kind}-${name}-${theme}.png` });
    }
  }
  for (const error of page.errors) console.log(`   console: ${error}`);
  await page.context().close();
}
await browser.close();
await program.end();
