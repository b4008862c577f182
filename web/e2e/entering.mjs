/** The first start, and getting in: the administrator, a reload, a wrong password. */
import { violations } from "./axe.mjs";
import { at, logIn, NAME, page, PASSWORD, program, suite, USUAL } from "./stage.mjs";
import { expect } from "./suite.mjs";

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
