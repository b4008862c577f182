/**
 * The dashboard against the real program and its built-in exchange, in headless Chromium: what a person does, from the first start.
 * Ends with `suite web: N passed, N failed`. A console error fails the test it happens in; nothing here waits for time.
 */
import { readFileSync } from "node:fs";
import { violations } from "./axe.mjs";
import { launch, open, PATIENCE } from "./browser.mjs";
import { Program } from "./program.mjs";
import { expect, Suite } from "./suite.mjs";
import { heapAfter, tap, taskTime } from "./speed.mjs";
import { totp } from "./totp.mjs";

const NAME = "admin";
const PASSWORD = "a long enough sentence";
const PAGES = ["/", "/trade/BTCUSDT", "/bots", "/orders", "/backtests", "/sweeps", "/models", "/analytics", "/monitoring", "/alerts", "/logs", "/settings"];

/** Routes of this checkout. A server without the stream is asked for it once at each start, and says 404. */
const routes = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")).paths;
const USUAL = routes["/api/ws/ticket"] ? [] : [/status of 404 .*\/api\/ws\/ticket/];

const suite = new Suite("web");
/** Minutes of the market's past: enough bars for a network to learn from. */
const program = new Program({ TRADEWIND__EXCHANGE__PARTICIPANTS_PAST: "400" });
await program.start();
const browser = await launch();
const page = await open(browser);
page.forgiven = [...USUAL];
const at = (path) => program.url + path;
const toast = (text) => page.locator(".toast").filter({ hasText: text }).first().waitFor();

const rows = (label) => page.getByRole("region", { name: label }).locator("tbody tr:not([aria-hidden])");

/** The ladder's best price of a side, as plain text. */
async function best(side) {
  return page.locator(`.${side} .level[data-price]`).first().getAttribute("data-price");
}

async function logIn(on = page) {
  await on.getByLabel("Name").fill(NAME);
  await on.getByLabel("Password").fill(PASSWORD);
  await on.getByRole("button", { name: "Log in" }).click();
}

/** Fills the ticket and sends it by its button. */
async function order({ kind = "Limit", side = "Buy", price, amount }) {
  await page.getByRole("tab", { name: kind, exact: true }).click();
  const form = page.getByRole("form", { name: "Order ticket" });
  await form.getByRole("button", { name: side, exact: true }).click();
  if (price !== undefined) await form.locator("[name=price]").fill(price);
  await form.locator("[name=amount]").fill(amount);
  await form.locator("button.go").click();
  await page.getByRole("button", { name: "Send order" }).click();
}

await suite.test("the first start makes the administrator and logs in", page, async () => {
  await page.goto(program.url);
  await page.getByRole("heading", { name: "Make the administrator" }).waitFor();
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  page.forgiven = [...USUAL, /status of 403/];
  await page.getByLabel("One-time code").fill("not-the-code");
  await page.getByLabel("Name").fill(NAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: /Make the administrator/ }).click();
  await page.getByText("this is not the code").waitFor();
  page.forgiven = [...USUAL];
  await page.getByLabel("One-time code").fill(program.setupCode);
  await page.getByRole("button", { name: /Make the administrator/ }).click();
  await page.getByText("Account value").waitFor();
});

await suite.test("a reload goes on with the login; nothing but settings is kept in the browser", page, async () => {
  await page.reload();
  await page.getByText("Account value").waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie }));
  expect(!/eyJ|twr_|token/i.test(kept), `a token is in the browser's storage: ${kept}`);
});

await suite.test("a wrong password is refused, the right one lets in", page, async () => {
  await page.goto(at("/settings"));
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  page.forgiven = [...USUAL, /status of 401/];
  await page.getByLabel("Name").fill(NAME);
  await page.getByLabel("Password").fill("something else");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("the name or the password is wrong").waitFor();
  page.forgiven = [...USUAL];
  await logIn();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
});

await suite.test("a click on a price fills the ticket, Enter in a field sends nothing", page, async () => {
  await page.goto(at("/trade/BTCUSDT"));
  await page.locator(".bids .level[data-price]").nth(3).click();
  const price = await page.locator("[name=price]").inputValue();
  expect(/^\d+(\.\d+)?$/.test(price), `the price is ${price}`);
  await page.locator("[name=amount]").fill("0.01");
  await page.locator("[name=amount]").press("Enter");
  expect((await page.getByRole("button", { name: "Send order" }).count()) === 0, "Enter opened the question");
});

await suite.test("a limit order rests in book and list, and is canceled", page, async () => {
  const bid = Number(await best("bids"));
  // Far enough that the market does not come by, near enough for the book's levels; grouped, so that it is on the ladder.
  const price = (bid * 0.999).toFixed(2);
  await page.getByLabel("Price step of the book").selectOption("10");
  await order({ price, amount: "0.01" });
  await toast("rests in the book");
  await page.locator("#below-open").click();
  const list = rows("Open orders");
  await list.first().waitFor();
  expect((await list.count()) === 1, `${await list.count()} open orders`);
  await page.locator(".level[data-own]").first().waitFor();
  await list.first().getByRole("button", { name: "Cancel" }).click();
  await toast("The order is canceled");
  await page.getByText("No order is waiting.").waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".level[data-own]").length === 0);
  await page.getByLabel("Price step of the book").selectOption("0.01");
});

await suite.test("what the market forbids is said at the field and cannot be sent", page, async () => {
  const form = page.getByRole("form", { name: "Order ticket" });
  await form.locator("[name=price]").fill("97000.001");
  await page.getByText("Goes in steps of 0.01").waitFor();
  await form.locator("[name=price]").fill("90000");
  await form.locator("[name=amount]").fill("999999");
  expect(await form.locator("button.go").isDisabled(), "the button can be pressed");
  await form.locator("[name=amount]").fill("");
});

await suite.test("a market order becomes a position, which is closed again", page, async () => {
  await order({ kind: "Market", amount: "0.02" });
  await toast("done");
  await page.locator("#below-positions").click();
  const list = rows("Positions");
  await list.first().waitFor();
  expect(/BTC\/USDT.*Long.*0\.02/s.test((await list.first().innerText()).replace(/\s+/g, " ")), await list.first().innerText());
  await list.first().getByRole("button", { name: "Close…" }).click();
  const dialog = page.getByRole("dialog", { name: /Close the position/ });
  await dialog.getByText("Sell 0.02").waitFor();
  await dialog.getByRole("button", { name: "Close…" }).click();
  await page.getByText("No open position.").waitFor();
  await page.locator("#below-fills").click();
  const fills = rows("Fills");
  await fills.nth(1).waitFor();
});

await suite.test("indicators of the server are found by name, drawn in panes, set and taken away", page, async () => {
  const menu = page.locator("details.menu");
  await menu.locator("summary").click();
  await menu.getByRole("button", { name: "All indicators…" }).click();
  const dialog = page.getByRole("dialog", { name: "Indicators" });
  await dialog.locator("#indicator-query").fill("macd");
  const answer = page.waitForResponse((response) => /\/api\/indicators\/BTCUSDT\?.*MACD/.test(response.url()) && response.ok());
  await dialog.getByRole("button", { name: /^MACD Moving/ }).click();
  await answer;
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  const other = page.waitForResponse((response) => decodeURIComponent(response.url()).includes("MACD(5,10,3)") && response.ok());
  await dialog.getByLabel("Parameters of MACD(12,26,9)").fill("macd(5,10,3)");
  await dialog.getByLabel("Parameters of MACD(12,26,9)").press("Enter");
  await other;
  await dialog.getByRole("button", { name: "Remove MACD(5,10,3)" }).click();
  await dialog.getByRole("button", { name: "Close" }).click();
  await menu.locator("summary").click();
});

await suite.test("a stop order waits in the list", page, async () => {
  const ask = Number(await best("asks"));
  await page.getByRole("tab", { name: "Stop", exact: true }).click();
  const form = page.getByRole("form", { name: "Order ticket" });
  await form.locator("[name=stop]").fill((ask * 1.05).toFixed(2));
  await form.locator("[name=amount]").fill("0.01");
  await form.locator("button.go").click();
  await page.getByRole("button", { name: "Send order" }).click();
  await page.locator("#below-open").click();
  const list = rows("Open orders");
  await list.first().waitFor();
  expect((await list.first().innerText()).includes("Stop"), await list.first().innerText());
});

await suite.test("one order cancels the other: both legs wait, the ticket says what each limit has left", page, async () => {
  const [bid, ask] = [Number(await best("bids")), Number(await best("asks"))];
  await page.getByRole("tab", { name: "OCO", exact: true }).click();
  const form = page.getByRole("form", { name: "Order ticket" });
  await form.getByRole("button", { name: "Sell", exact: true }).click();
  await form.locator("[name=stop]").fill((ask * 1.05).toFixed(2));
  await form.locator("[name=price]").fill((ask * 1.05).toFixed(2));
  await form.locator("[name=amount]").fill("0.01");
  await form.getByText("Must be below").waitFor();
  await form.locator("[name=stop]").fill((bid * 0.95).toFixed(2));
  const preview = page.waitForResponse((response) => response.url().endsWith("/api/orders/preview") && response.ok());
  await preview;
  await form.locator("button.go").click();
  await page.getByRole("button", { name: "Send order" }).click();
  await toast("rests in the book");
});

await suite.test("limits of the account hold the ticket, and are changed in the settings", page, async () => {
  await page.goto(at("/settings"));
  const form = page.getByRole("form", { name: "Limits and halting" });
  await form.getByLabel("Value of one order, USDT").fill("1000");
  await form.getByRole("button", { name: "Set the limits" }).click();
  await toast("The limits hold from now on");
  await page.goto(at("/trade/BTCUSDT"));
  await page.locator(".level[data-price]").first().waitFor();
  const ticket = page.getByRole("form", { name: "Order ticket" });
  await ticket.locator("[name=price]").fill((Number(await best("bids")) * 0.99).toFixed(2));
  await ticket.locator("[name=amount]").fill("0.5");
  await ticket.locator(".ticket-limits[data-block]").waitFor();
  expect(await ticket.locator("button.go").isDisabled(), "an order above the limit can be sent");
  await ticket.locator("[name=amount]").fill("0.001");
  await ticket.getByText("Within every limit.").waitFor();
  await page.goto(at("/settings"));
  await form.getByLabel("Value of one order, USDT").fill("");
  await form.getByRole("button", { name: "Set the limits" }).click();
  await toast("The limits hold from now on");
  await page.goto(at("/trade/BTCUSDT"));
  await page.locator(".level[data-price]").first().waitFor();
  await page.locator("#below-open").click();
  await rows("Open orders").first().waitFor();
});

await suite.test("halt all cancels everything and stops trading until it is released", page, async () => {
  const halt = page.getByRole("button", { name: "Halt all" });
  await halt.click();
  expect((await page.getByText("Trading has been halted").count()) === 0, "a click alone halted");
  const box = await halt.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.getByText("Trading has been halted").waitFor();
  await page.mouse.up();
  await page.getByText("No order is waiting.").waitFor();
  await page.getByText("Trading is halted.", { exact: true }).waitFor();
  expect(await page.locator("button.go").isDisabled(), "the ticket can be sent");
  await page.getByRole("button", { name: "Release" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
  await page.getByText("Trading has been halted").waitFor({ state: "detached" });
});

await suite.test("keys: palette, pages, intervals", page, async () => {
  await page.keyboard.press("Control+k");
  await page.locator("#palette-query").fill("orders");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Orders" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.getByRole("heading", { name: "Trade" }).waitFor();
  await page.locator(".intervals").waitFor();
  await page.keyboard.press("4");
  await page.locator(".intervals [aria-pressed=true]", { hasText: "1h" }).waitFor();
  await page.keyboard.press("2");
});

await suite.test("a bot is made, started, decides and is stopped", page, async () => {
  await page.goto(at("/bots"));
  await page.getByRole("button", { name: "New bot" }).click();
  const dialog = page.getByRole("dialog", { name: "New bot" });
  await dialog.getByLabel("Strategy").selectOption("ema-cross");
  await dialog.getByLabel("Name, if you want one").fill("Trend");
  await dialog.getByLabel("Fast", { exact: true }).fill("5.5");
  expect(await dialog.getByRole("button", { name: "Make the bot" }).isDisabled(), "half a bar was taken");
  await dialog.getByLabel("Fast", { exact: true }).fill("5");
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  await dialog.getByRole("button", { name: "Make the bot" }).click();
  await toast("Trend is made");
  const row = rows("Bots").filter({ hasText: "Trend" });
  await row.getByRole("button", { name: "Start" }).click();
  await row.getByText("Running").waitFor();
  await page.locator(".decisions li").first().waitFor();
  await row.getByRole("button", { name: "Pause" }).click();
  await row.getByText("Paused").waitFor();
  await page.getByRole("button", { name: "Force exit…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Force exit…" }).click();
  await row.getByText("Stopped").waitFor();
});

await suite.test("a back-test is run and shows its result", page, async () => {
  await page.goto(at("/backtests"));
  await page.getByRole("button", { name: "New back-test" }).click();
  const dialog = page.getByRole("dialog", { name: "New back-test" });
  await dialog.getByLabel("Strategy").selectOption("ema-cross");
  await dialog.getByLabel("Fast", { exact: true }).fill("3");
  await dialog.getByLabel("Slow", { exact: true }).fill("8");
  await dialog.getByLabel("Qty", { exact: true }).fill("0.01");
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  await dialog.getByRole("button", { name: "Run it" }).click();
  await rows("Back-tests").first().getByText("Done").waitFor();
  await page.getByText(/on BTCUSDT (made|lost)/).waitFor();
  await page.locator(".series canvas").waitFor();
  await page.getByRole("tab", { name: "Underwater" }).click();
  await page.getByText("Can I trust this?").waitFor();
  await page.locator(".price-chart canvas").first().waitFor();
  await rows("Ways out").first().waitFor();
});

await suite.test("a sweep is run and shows its plateau", page, async () => {
  await page.goto(at("/sweeps"));
  await page.getByRole("button", { name: "New sweep" }).click();
  const dialog = page.getByRole("dialog", { name: "New sweep" });
  await dialog.getByLabel("Fast", { exact: true }).fill("3,5,7");
  await dialog.getByLabel("Slow", { exact: true }).fill("10,14");
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  await dialog.getByRole("button", { name: "Run it" }).click();
  await rows("Sweeps").first().getByText("Done").waitFor();
  await page.locator("canvas.sweep-heat").waitFor();
  await rows("Trials").nth(5).waitFor();
  await page.getByRole("row", { name: /Best single one/ }).waitFor();
});

await suite.test("a model is trained, held against the naive forecast, and forecasts", page, async () => {
  await page.goto(at("/models"));
  await page.getByText("There is no model yet").waitFor();
  await page.getByRole("button", { name: "Train…" }).click();
  const dialog = page.getByRole("dialog", { name: "Train a model" });
  await dialog.getByLabel("What learns").selectOption("ets");
  await dialog.getByLabel("Bars", { exact: true }).selectOption("1m");
  await dialog.getByLabel("Days of history").fill("none");
  await dialog.getByRole("button", { name: "Train", exact: true }).click();
  await dialog.getByText("Days of history: a whole number from 1").waitFor();
  await dialog.getByLabel("Days of history").fill("1");
  await dialog.getByLabel("Bars ahead").fill("6");
  await dialog.getByLabel("Name, if you want one").fill("Smooth");
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  await dialog.getByRole("button", { name: "Train", exact: true }).click();
  await toast("Smooth is being trained");
  await page.locator(".model-row", { hasText: "Smooth" }).getByText(/Ready · v1/).waitFor();
  await page.getByText(/In 6 bars the median is [\d,.]+/).waitFor();
  await page.locator(".price-chart canvas").first().waitFor();
  await page.getByText("80% interval held").first().waitFor();
  await page.getByRole("button", { name: "12", exact: true }).click();
  await page.getByText(/In 12 bars the median is/).waitFor();
});

await suite.test("a training is canceled, and a model is deleted only by its name", page, async () => {
  await page.getByRole("button", { name: "Train…" }).click();
  const dialog = page.getByRole("dialog", { name: "Train a model" });
  await dialog.getByLabel("What learns").selectOption("lstm");
  await dialog.getByLabel("Bars", { exact: true }).selectOption("1m");
  await dialog.getByLabel("Days of history").fill("1");
  await dialog.getByLabel("Passes, at most").fill("1000");
  await dialog.getByLabel("Hidden units").fill("256");
  await dialog.getByLabel("Name, if you want one").fill("Deep");
  await dialog.getByRole("button", { name: "Train", exact: true }).click();
  const row = page.locator(".model-row", { hasText: "Deep" });
  await row.getByText(/Training|Waits for its turn/).waitFor();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await row.getByText("Canceled").waitFor();
  await page.getByRole("button", { name: "Delete…" }).click();
  const question = page.getByRole("dialog", { name: "Delete Deep?" });
  await question.getByLabel("Type its name to delete it").fill("Dee");
  expect(await question.getByRole("button", { name: "Delete" }).isDisabled(), "half a name deletes");
  await question.getByLabel("Type its name to delete it").fill("Deep");
  await question.getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
});

await suite.test("analytics, monitoring and logs show what happened", page, async () => {
  await page.goto(at("/analytics"));
  await page.getByText(/fills (made|lost)/).waitFor();
  await page.locator(".series canvas").waitFor();
  await page.goto(at("/monitoring"));
  await page.getByText(/All \d+ parts are working/).waitFor();
  await page.goto(at("/logs"));
  await page.locator(".log li").first().waitFor();
  await page.getByRole("tab", { name: "Audit" }).click();
  await page.getByText("order.place").first().waitFor();
});

await suite.test("alerts: the rules stand, a page says what to do, a silence is made and ended, a test is sent", page, async () => {
  await page.goto(at("/alerts"));
  await page.getByText(/rules are watched|alerts? lasts?/).waitFor();
  await rows("Rules").first().waitFor();
  await rows("Rules").filter({ hasText: "High error rate" }).getByRole("button").click();
  const what = page.getByRole("dialog", { name: "High error rate" });
  await what.locator(".runbook h3").first().waitFor();
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  await what.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Silence…" }).last().click();
  const question = page.getByRole("dialog", { name: "Tell nobody for a while?" });
  await question.getByLabel("Why").fill("a test of the page");
  await question.getByRole("button", { name: "Silence…" }).click();
  const silence = page.getByRole("listitem").filter({ hasText: "a test of the page" });
  await silence.getByRole("button", { name: "End" }).click();
  await silence.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByText("✓ The test arrived").first().waitFor();
});

await suite.test("a key is made, its secret shown once, and revoked", page, async () => {
  await page.goto(at("/settings"));
  const form = page.getByRole("form", { name: "API keys" });
  await form.getByLabel("What to call it").fill("script");
  await form.getByRole("button", { name: "Make a key" }).click();
  await page.getByText("it is shown this once").waitFor();
  await page.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("listitem").filter({ hasText: "script" }).getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("listitem").filter({ hasText: "script" }).getByText("revoked").waitFor();
});

await suite.test("a second factor is added by its code, asked for at the login, and removed", page, async () => {
  await page.goto(at("/settings"));
  await page.getByRole("button", { name: "Add a second factor" }).click();
  await page.getByRole("img", { name: /QR code/ }).waitFor();
  const secret = (await page.locator("code.secret").first().innerText()).replace(/\s/g, "");
  const code = page.getByLabel("Code of the second factor");
  page.forgiven = [...USUAL, /status of 4\d\d/];
  await code.fill("000000");
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.locator(".field-problem").waitFor();
  page.forgiven = [...USUAL];
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  // A code is good once, and one step off is forgiven: before, now, after are three codes.
  await code.fill(totp(secret, -1));
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByText("A second factor is asked for at each login.").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  page.forgiven = [...USUAL, /status of 401/];
  await logIn();
  await code.waitFor();
  page.forgiven = [...USUAL];
  await code.fill(totp(secret, 0));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Remove the second factor" }).click();
  // The limits ask for a code as well: the form that removes it is meant.
  await page.locator(".settings-block form").getByLabel("Code of the second factor").fill(totp(secret, 1));
  await page.getByRole("button", { name: "Remove the second factor" }).click();
  await page.getByText("Only the password protects").waitFor();
});

await suite.test("choices go with the person to another browser", page, async () => {
  await page.goto(at("/settings"));
  await page.getByRole("button", { name: "Comfortable", exact: true }).click();
  await page.waitForResponse((response) => response.request().method() === "PATCH" && response.url().endsWith("/api/settings"));
  const other = await open(browser);
  other.forgiven = [...USUAL];
  await other.goto(program.url);
  await logIn(other);
  await other.locator("html[data-density=comfortable]").waitFor({ state: "attached" });
  await other.context().close();
  await page.getByRole("button", { name: "Compact", exact: true }).click();
});

for (const theme of ["light", "dark"]) {
  await suite.test(`no accessibility finding on any page, ${theme}`, page, async () => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const found = [];
    for (const path of PAGES) {
      await page.goto(at(path));
      await page.locator("main .card, main .pane").first().waitFor();
      if (path.startsWith("/trade")) await page.locator(".level[data-price]").first().waitFor();
      found.push(...(await violations(page)).map((line) => `${path} ${line}`));
    }
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

await suite.test("a phone: bottom bar, the ticket as a sheet, nothing wider than the screen", page, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of PAGES) {
    await page.goto(at(path));
    await page.locator("main .card, main .pane").first().waitFor();
    const wide = await page.evaluate(() => document.querySelector("main").scrollWidth - document.querySelector("main").clientWidth);
    expect(wide <= 0, `${path} is ${wide} pixels too wide`);
  }
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
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "hidden" });
  await page.setViewportSize({ width: 1440, height: 900 });
});

await suite.test("the server dies: the page says so, sends nothing, and recovers by itself", page, async () => {
  await page.goto(at("/trade/BTCUSDT"));
  await page.locator(".level[data-price]").first().waitFor();
  page.forgiven = [...USUAL, /ERR_CONNECTION|WebSocket|status of 50|status of 401/];
  await program.kill();
  await page.getByText("The connection was lost").waitFor();
  await page.locator("[name=price]").fill("90000");
  await page.locator("[name=amount]").fill("0.01");
  expect(await page.locator("button.go").isDisabled(), "an order can be sent without a connection");
  await page.getByText("No connection: orders cannot be sent.").waitFor();
  await program.start();
  await page.getByText("The connection was lost").waitFor({ state: "detached", timeout: 2 * PATIENCE });
  await page.waitForFunction(() => !document.querySelector("button.go")?.disabled, undefined, { timeout: PATIENCE });
  page.forgiven = [...USUAL];
});

await suite.test("files are served with hashes, tags, compressed forms and a strict policy; programs' paths are left alone", null, async () => {
  const html = { accept: "text/html" };
  const index = await fetch(at("/trade/BTCUSDT"), { headers: html });
  const policy = index.headers.get("content-security-policy");
  expect(policy.includes("default-src 'self'") && !policy.includes("unsafe"), policy);
  expect(index.headers.get("cache-control") === "no-cache", index.headers.get("cache-control"));
  const again = await fetch(at("/"), { headers: { ...html, "if-none-match": index.headers.get("etag") } });
  expect(again.status === 304, `${again.status} for a version that is known`);
  const script = (await index.text()).match(/\/assets\/[^"]+\.js/)[0];
  const asset = await fetch(at(script), { headers: { "accept-encoding": "br" } });
  expect(asset.headers.get("content-encoding") === "br", `${asset.headers.get("content-encoding")}`);
  expect(asset.headers.get("cache-control").includes("immutable"), asset.headers.get("cache-control"));
  for (const path of ["/api/nothing", "/auth/nothing", "/assets/nothing.js", "/ws/nothing"]) {
    const answer = await fetch(at(path), { headers: html });
    expect(answer.status === 404 && answer.headers.get("content-type").includes("problem+json"), `${path}: ${answer.status}`);
  }
});

await suite.test("the main thread stays free while a market moves", null, async () => {
  // A market that lives faster, so that its book changes at least twenty times a second.
  const busy = new Program({ TRADEWIND__EXCHANGE__PARTICIPANTS_SPEED: "2" });
  await busy.start();
  const own = await open(browser);
  await own.goto(busy.url);
  await own.getByLabel("One-time code").fill(busy.setupCode);
  await own.getByLabel("Name").fill(NAME);
  await own.getByLabel("Password").fill(PASSWORD);
  await own.getByRole("button", { name: /Make the administrator/ }).click();
  await own.getByText("Account value").waitFor();
  await taskTime(own, `${busy.url}/trade/BTCUSDT`, () => own.locator(".level[data-price]").first().waitFor());
  await own.context().close();
  await busy.end();
});

await suite.test("ten minutes of a market, fed in one, leave nothing behind", null, async () => {
  const own = await open(browser);
  const tapped = await tap(own);
  await own.goto(program.url);
  await logIn(own);
  await own.getByText("Account value").waitFor();
  await own.goto(at("/trade/BTCUSDT"));
  await own.getByRole("tab", { name: "Trades", exact: true }).click();
  await own.locator(".tape .level").first().waitFor();
  await own.getByRole("tab", { name: "Book", exact: true }).click();
  await own.waitForResponse((response) => response.url().includes("/api/balances"));
  while (!tapped.isPrimed()) await own.waitForResponse((response) => response.url().includes("/api/balances"));
  const { isFlat, words } = await heapAfter(own, tapped);
  expect(isFlat, words);
  await own.context().close();
});

suite.close();
await browser.close();
await program.end();
