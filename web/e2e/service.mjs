/** Figures, alerts, people, keys, a second factor, and choices that go along. */
import { violations } from "./axe.mjs";
import { open } from "./browser.mjs";
import { Client } from "./client.mjs";
import { at, browser, logIn, NAME, page, PASSWORD, program, rows, suite, toast, USUAL } from "./stage.mjs";
import { expect } from "./suite.mjs";
import { totp } from "./totp.mjs";

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

await suite.test("a trader finds every page that is shown, and none that is refused", null, async () => {
  await (await new Client(program.url).logIn(NAME, PASSWORD)).call("POST", "/api/users", { username: "trader", password: PASSWORD, role: "trader" });
  const own = await open(browser);
  // Who was not logged in yet is told so once.
  own.forgiven = [...USUAL, /status of 401 .*auth\/refresh/];
  await own.goto(program.url);
  await logIn(own, "trader");
  await own.getByText("Account value").waitFor();
  const paths = await own.locator(".nav a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  expect(paths.length > 8 && !paths.includes("/alerts"), paths.join(" "));
  for (const path of paths) {
    await own.goto(at(path));
    await own.locator("main .card, main .pane").first().waitFor();
    await own.waitForFunction(() => document.querySelectorAll("main .loading").length === 0);
  }
  expect((await own.locator(".note-error").count()) === 0, "a page says that it failed");
  expect(own.errors.length === 0, own.errors.join("\n"));
  await own.context().close();
});

await suite.test("an administrator tells everybody something, and makes a trader a viewer", page, async () => {
  await page.goto(at("/settings"));
  const form = page.getByRole("form", { name: "For everybody" });
  await form.getByLabel("Notice to everybody").fill("Maintenance at noon.");
  await form.getByRole("button", { name: "Save" }).click();
  await toast("It holds from now on");
  await page.goto(at("/orders"));
  await page.locator(".notice").getByText("Maintenance at noon.").waitFor();
  await page.goto(at("/settings"));
  await form.getByLabel("Notice to everybody").fill("");
  await form.getByRole("button", { name: "Save" }).click();
  await toast("It holds from now on");
  await page.getByLabel("Role of trader").selectOption("viewer");
  await page.reload();
  await page.getByLabel("Role of trader").waitFor();
  expect((await page.getByLabel("Role of trader").inputValue()) === "viewer", "the role was not kept");
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
