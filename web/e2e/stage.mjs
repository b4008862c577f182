/** What every part of the suite stands on: one program, one browser, one page, and the words for what is done again and again. */
import { readFileSync } from "node:fs";
import { launch, open } from "./browser.mjs";
import { Program } from "./program.mjs";
import { Suite } from "./suite.mjs";

export const NAME = "admin";
export const PASSWORD = "a long enough sentence";
export const PAGES = ["/", "/trade/BTCUSDT", "/bots", "/orders", "/backtests", "/sweeps", "/models", "/analytics", "/monitoring", "/alerts", "/logs", "/settings"];

/** Windows of a phone, a small laptop, a laptop, a screen. */
export const WINDOWS = [[390, 844], [1180, 820], [1440, 900], [1920, 1080]];

/** Routes of this checkout. A server without the stream is asked for it once at each start, and says 404. */
const routes = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")).paths;
export const USUAL = routes["/api/ws/ticket"] ? [] : [/status of 404 .*\/api\/ws\/ticket/];

export const suite = new Suite("web");
/** Minutes of the market's past: enough bars for a network to learn from. */
export const program = new Program({ TRADEWIND__EXCHANGE__PARTICIPANTS_PAST: "400" });
await program.start();
export const browser = await launch();
export const page = await open(browser);
page.forgiven = [...USUAL];
export const at = (path) => program.url + path;
export const toast = (text) => page.locator(".toast").filter({ hasText: text }).first().waitFor();

/** Waits until a page shows what it is for. */
export async function shown(path) {
  await page.locator("main .card, main .pane").first().waitFor();
  if (path.startsWith("/trade")) await page.locator(".level[data-price]").first().waitFor();
  await page.waitForFunction(() => document.querySelectorAll("main .loading").length === 0);
}

export const rows = (label) => page.getByRole("region", { name: label }).locator("tbody tr:not([aria-hidden])");

/** The ladder's best price of a side, as plain text. */
export async function best(side) {
  return page.locator(`.${side} .level[data-price]`).first().getAttribute("data-price");
}

export async function logIn(on = page, name = NAME) {
  await on.getByLabel("Name").fill(name);
  await on.getByLabel("Password").fill(PASSWORD);
  await on.getByRole("button", { name: "Log in" }).click();
}

/** Fills the ticket and sends it by its button. */
export async function order({ kind = "Limit", side = "Buy", price, amount }) {
  await page.getByRole("tab", { name: kind, exact: true }).click();
  const form = page.getByRole("form", { name: "Order ticket" });
  await form.getByRole("button", { name: side, exact: true }).click();
  if (price !== undefined) await form.locator("[name=price]").fill(price);
  await form.locator("[name=amount]").fill(amount);
  await form.locator("button.go").click();
  await page.getByRole("button", { name: "Send order" }).click();
}
