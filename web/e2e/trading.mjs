/** Trading by hand: orders of every kind, positions, indicators, limits, halting, keys. */
import { violations } from "./axe.mjs";
import { at, best, order, page, rows, suite, toast } from "./stage.mjs";
import { expect } from "./suite.mjs";

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
  await form.getByLabel("Limit one market…").selectOption("ETHUSDT");
  await form.getByRole("group", { name: "ETH/USDT" }).getByLabel("Position, ETH").fill("3");
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
  await page.goto(at("/trade/ETHUSDT"));
  await page.locator(".level[data-price]").first().waitFor();
  await ticket.locator("[name=price]").fill((Number(await best("bids")) * 0.99).toFixed(2));
  await ticket.locator("[name=amount]").fill("0.06");
  await ticket.getByText("Within every limit.").waitFor();
  await ticket.locator(".ticket-uses").getByText("Position", { exact: true }).waitFor();
  await page.goto(at("/settings"));
  await form.getByRole("group", { name: "ETH/USDT" }).getByRole("button", { name: "Remove" }).click();
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
  await page.keyboard.press("s");
  const side = page.getByRole("form", { name: "Order ticket" }).locator(".sides [aria-pressed=true]");
  expect((await side.innerText()) === "Buy", "a trading key worked before it was armed");
  await page.goto(at("/settings"));
  const kept = page.waitForResponse((response) => response.request().method() === "PATCH" && response.url().endsWith("/api/settings"));
  await page.getByLabel(/Trading keys/).check();
  await kept;
  await page.goto(at("/trade/BTCUSDT"));
  await page.locator(".level[data-price]").first().waitFor();
  await page.keyboard.press("s");
  await side.filter({ hasText: "Sell" }).waitFor();
  await page.locator("[name=amount]:focus").waitFor();
  await page.locator("[name=amount]").press("Escape");
  await page.goto(at("/settings"));
  await page.getByLabel(/Trading keys/).uncheck();
});
