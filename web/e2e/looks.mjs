/** How it looks: nothing cut off, nothing that axe finds, in each language and theme; colours, and a phone. */
import { violations } from "./axe.mjs";
import { Client } from "./client.mjs";
import { cut, low } from "./fit.mjs";
import { at, NAME, page, PAGES, PASSWORD, program, shown, suite, WINDOWS } from "./stage.mjs";
import { expect } from "./suite.mjs";

/** Height of what is pressed with a finger, pixels. */
const TOUCH = 44;

await suite.test("nothing is cut off at the side, on any page, in any window", page, async () => {
  // Something of everything in the tables: positions, orders with stops, fills.
  const client = await new Client(program.url).logIn(NAME, PASSWORD);
  const last = Number((await client.call("GET", "/api/tickers?symbols=BTCUSDT"))[0].last);
  for (const [symbol, quantity] of [["BTCUSDT", "0.35"], ["ETHUSDT", "2.5"], ["SOLUSDT", "60"]]) await client.order(symbol, "buy", quantity);
  for (const factor of [0.95, 0.96, 1.05]) await client.order("BTCUSDT", factor < 1 ? "buy" : "sell", "0.05", (last * factor).toFixed(2));
  await client.call("POST", "/api/orders", { symbol: "BTCUSDT", side: "sell", order_type: "stop_loss_limit", quantity: "0.05", price: (last * 0.9).toFixed(2), stop_price: (last * 0.91).toFixed(2) });
  const found = [];
  for (const path of PAGES) {
    await page.goto(at(path));
    await shown(path);
    for (const [width, height] of WINDOWS) found.push(...(await cut(page, width, height)).map((line) => `${path} at ${width}: ${line}`));
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  expect(found.length === 0, found.join("\n"));
});

for (const language of ["en", "vi", "id", "ko"]) {
  await suite.test(`no accessibility finding on any page in either theme, and nothing cut off: ${language}`, page, async () => {
    await page.goto(at("/settings"));
    await page.locator("#language").selectOption(language);
    await page.locator(`html[lang=${language}]`).waitFor({ state: "attached" });
    const found = [];
    for (const path of PAGES) {
      await page.goto(at(path));
      await shown(path);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.locator(`html[data-theme=${colorScheme}]`).waitFor({ state: "attached" });
        found.push(...(await violations(page)).map((line) => `${path} ${colorScheme} ${line}`));
      }
      if (language !== "en") found.push(...(await cut(page, 1440, 900)).map((line) => `${path}: ${line}`));
    }
    await page.goto(at("/settings"));
    await page.locator("#language").selectOption("en");
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    expect(found.length === 0, found.join("\n"));
  });
}

await suite.test("theme and colours of the market are chosen and kept", page, async () => {
  await page.goto(at("/settings"));
  const up = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--up").trim());
  await page.getByRole("button", { name: "Dark", exact: true }).click();
  const west = await up();
  await page.getByLabel(/Korea/).check();
  const korea = await up();
  expect(west !== korea, `up is ${west} in both`);
  await page.reload();
  await page.getByLabel(/Korea/).waitFor();
  expect((await up()) === korea, "the choice was not kept");
  expect((await page.evaluate(() => document.documentElement.dataset.theme)) === "dark", "the theme was not kept");
  await page.getByLabel(/West/).check();
});

await suite.test("a phone: bottom bar, the ticket as a sheet", page, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const found = [];
  for (const path of PAGES) {
    await page.goto(at(path));
    await shown(path);
    found.push(...(await low(page, TOUCH)).map((line) => `${path}: ${line}`));
  }
  expect(found.length === 0, found.join("\n"));
  await page.goto(program.url);
  // Pages without a place in the bar are reached by the search.
  await page.getByRole("button", { name: /Search or run/ }).click();
  await page.locator("#palette-query").fill("back-tests");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Back-tests" }).first().waitFor();
  await page.getByRole("link", { name: "Trade" }).last().click();
  await page.locator(".sheet-bar button", { hasText: "Sell" }).click();
  const sheet = page.getByRole("dialog", { name: "Order ticket" });
  await sheet.waitFor();
  expect((await sheet.getByRole("button", { name: "Sell", exact: true }).first().getAttribute("aria-pressed")) === "true", "the side was not taken over");
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  expect((await low(page, TOUCH)).length === 0, (await low(page, TOUCH)).join("\n"));
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "hidden" });
  await page.setViewportSize({ width: 1440, height: 900 });
});
