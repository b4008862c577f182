/** What must last: a server that dies, files as they are served, a busy market, ten minutes of it. */
import { open, PATIENCE } from "./browser.mjs";
import { Client } from "./client.mjs";
import { Program } from "./program.mjs";
import { Quoter } from "./quoter.mjs";
import { served } from "./served.mjs";
import { CHANGES, heapAfter, tap, taskTime } from "./speed.mjs";
import { at, browser, logIn, NAME, page, PASSWORD, program, suite, USUAL } from "./stage.mjs";
import { expect } from "./suite.mjs";

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

await suite.test("a connection that breaks goes on where it was: nothing is asked for anew, nothing is lost", null, async () => {
  const own = await open(browser);
  own.forgiven = [...USUAL, /status of 401 .*auth\/refresh/];
  const asked = [];
  let [link, recovered] = [null, () => {}];
  await own.routeWebSocket(/\/ws\?/, (route) => {
    const server = route.connectToServer();
    route.onMessage((text) => (asked.push(JSON.parse(String(text))), server.send(text)));
    server.onMessage((text) => {
      const message = JSON.parse(String(text));
      if (message.type === "subscribed" && message.room === "orders") recovered(message);
      route.send(text);
    });
    link = { route, server };
  });
  await own.goto(program.url);
  await logIn(own);
  await own.getByText("Account value").waitFor();
  await own.goto(at("/trade/BTCUSDT"));
  await own.locator(".level[data-price]").first().waitFor();
  const again = new Promise((resolve) => (recovered = resolve));
  asked.length = 0;
  await Promise.all([link.server.close(), link.route.close()]);
  const answer = await again;
  const since = asked.find((message) => message.op === "subscribe")?.since ?? {};
  expect(since.orders?.epoch === answer.epoch && since["book:BTCUSDT"] !== undefined, `asked since ${JSON.stringify(since)}`);
  expect(answer.recovered === true, JSON.stringify(answer));
  await own.locator(".live[data-way=stream]").waitFor();
  await own.waitForFunction(() => !document.querySelector("[role=alert]"));
  expect(own.errors.length === 0, own.errors.join("\n"));
  await own.context().close();
});

// Files of a folder are served by a stand-in, which promises nothing of that.
if (!process.env.DIST) {
  await suite.test("files are served with hashes, tags, compressed forms and a strict policy; programs' paths are left alone", null, async () => {
    await served(program.url);
  });
}

await suite.test("the main thread stays free while a market moves twenty times a second", null, async () => {
  // The market's own people at half their pace: the quoter adds what is missing, so that the rate is the one that is promised for.
  const busy = new Program({ TRADEWIND__EXCHANGE__PARTICIPANTS_SPEED: "0.5" });
  await busy.start();
  const admin = await new Client(busy.url).setUp(busy.setupCode, NAME, PASSWORD);
  await admin.call("POST", "/api/users", { username: "quoter", password: PASSWORD, role: "trader" });
  const quoter = new Quoter(await new Client(busy.url).logIn("quoter", PASSWORD), "BTCUSDT", CHANGES);
  const own = await open(browser);
  await own.goto(busy.url);
  await logIn(own);
  await own.getByText("Account value").waitFor();
  await quoter.start();
  const counted = () => taskTime(own, `${busy.url}/trade/BTCUSDT`, CHANGES, () => own.locator(".level[data-price]").first().waitFor());
  let { isHeard, words } = await counted();
  // A machine that stood still for seconds counts the market's pace too low: then once more, and again.
  for (let again = 0; again < 2 && !isHeard; again += 1) ({ isHeard, words } = await counted());
  await quoter.stop();
  console.log(`   of that the quoter's ${quoter.changes} changes since it began; ${quoter.refused} of its requests were refused`);
  await own.context().close();
  await busy.end();
  expect(isHeard, words);
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
