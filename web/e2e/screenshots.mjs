/** Pictures of every page in both themes, for people to look at. Into shots/, or the folder that is named. */
import { mkdirSync } from "node:fs";
import { launch, open } from "./browser.mjs";
import { Program } from "./program.mjs";

const dir = process.argv[2] ?? "shots";
mkdirSync(dir, { recursive: true });
const PASSWORD = "a long enough sentence";
/** Minutes of the market's past: enough for a full chart. */
const program = new Program({ TRADEWIND__EXCHANGE__PARTICIPANTS_PAST: "1440" });
await program.start();
const browser = await launch();

/** A call as the page would make it, without the page. */
async function api(token, method, path, body) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(program.url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Some trading, so that there is something to see. */
async function trade() {
  const { token } = await api(null, "POST", "/api/setup", { code: program.setupCode, username: "admin", password: PASSWORD });
  const call = (method, path, body) => api(token, method, path, body);
  const order = (symbol, side, quantity, price) =>
    call("POST", "/api/orders", price ? { symbol, side, order_type: "limit", quantity, price } : { symbol, side, order_type: "market", quantity });
  await order("BTCUSDT", "buy", "0.35");
  await order("ETHUSDT", "buy", "4");
  await order("SOLUSDT", "buy", "60");
  await order("ETHUSDT", "sell", "1.5");
  const ticker = async (symbol) => (await call("GET", `/api/tickers?symbols=${symbol}`))[0];
  const btc = Number((await ticker("BTCUSDT")).last);
  for (const [side, factor] of [["buy", 0.9995], ["buy", 0.9988], ["sell", 1.0012]]) {
    await order("BTCUSDT", side, "0.05", (btc * factor).toFixed(2));
  }
  const bots = [
    { name: "Grid", strategy: "grid", symbol: "BTCUSDT" },
    { name: "Trend", strategy: "ema-cross", symbol: "ETHUSDT" },
    { name: "Reversion", strategy: "rsi-reversion", symbol: "SOLUSDT" },
  ];
  const known = new Set((await call("GET", "/api/strategies")).map((strategy) => strategy.name));
  for (const { name, strategy, symbol } of bots.filter((bot) => known.has(bot.strategy))) {
    const quote = { USDT: "20000" };
    try {
      const bot = await call("POST", "/api/bots", { name, strategy, markets: [{ symbol, interval: "1m" }], funds: quote });
      await call("POST", `/api/bots/${bot.id}/start`);
    } catch (error) {
      console.log(`   ${name}: ${error.message}`);
    }
  }
  return call;
}

const SHOTS = [
  ["overview", "/", ".spark, .holdings li"],
  ["trade", "/trade/BTCUSDT", ".level[data-price]"],
  ["orders", "/orders", "tbody tr"],
  ["bots", "/bots", ".decisions li, .empty"],
  ["analytics", "/analytics", ".series canvas"],
  ["monitoring", "/monitoring", ".beats li"],
  ["logs", "/logs", ".log li"],
  ["settings", "/settings", ".settings-list li"],
];

await trade();
for (const theme of ["dark", "light"]) {
  const page = await open(browser, { colorScheme: theme });
  await page.goto(program.url);
  await page.screenshot({ path: `${dir}/login-${theme}.png` });
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Account value").waitFor();
  for (const [name, path, seen] of SHOTS) {
    await page.goto(program.url + path);
    await page.locator(seen).first().waitFor();
    // Two rounds of what comes by itself: book, tickers, candles.
    for (const url of ["/api/balances", "/api/balances"]) await page.waitForResponse((response) => response.url().includes(url));
    await page.screenshot({ path: `${dir}/${name}-${theme}.png` });
    console.log(`   ${name}-${theme}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [name, path, seen] of SHOTS.filter(([name]) => ["overview", "trade", "bots"].includes(name))) {
    await page.goto(program.url + path);
    await page.locator(seen).first().waitFor();
    await page.waitForResponse((response) => response.url().includes("/api/balances"));
    await page.screenshot({ path: `${dir}/phone-${name}-${theme}.png` });
  }
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.goto(`${program.url}/trade/BTCUSDT`);
  await page.locator(".level[data-price]").first().waitFor();
  await page.waitForResponse((response) => response.url().includes("/api/balances"));
  await page.screenshot({ path: `${dir}/wide-trade-${theme}.png` });
  for (const error of page.errors) console.log(`   console: ${error}`);
  await page.context().close();
}
await browser.close();
await program.end();
