/** Bots, back-tests, sweeps and models, from making one to its result. */
import { violations } from "./axe.mjs";
import { at, page, program, rows, suite, toast } from "./stage.mjs";
import { expect } from "./suite.mjs";

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
  await dialog.getByText("Stop loss and take profit").click();
  await dialog.getByLabel("Stop loss, bps").fill("150");
  await dialog.getByLabel("Trailing stop, bps").fill("80");
  await dialog.getByText("exclude each other").waitFor();
  expect(await dialog.getByRole("button", { name: "Make the bot" }).isDisabled(), "a stop and a trailing stop were taken together");
  await dialog.getByLabel("Trailing stop, bps").fill("");
  await dialog.getByLabel("Take profit, bps").fill("300");
  expect((await violations(page)).length === 0, (await violations(page)).join("\n"));
  await dialog.getByRole("button", { name: "Make the bot" }).click();
  await toast("Trend is made");
  await page.locator(".bot-facts").getByText("(1.5%)").waitFor();
  await page.locator(".bot-facts").getByText("(3%)").waitFor();
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
  await dialog.getByText("Stop loss and take profit").click();
  // So near that every position is left by it.
  await dialog.getByLabel("Trailing stop, bps").fill("1");
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

await suite.test("a back-test of imported bars shows their candles, and is held against buying and holding", page, async () => {
  program.run("data", "import", "--symbol", "file:WAVE-PERP", new URL("../../testdata/backtest/waves-1m-3k.csv", import.meta.url).pathname);
  await page.goto(at("/backtests"));
  await page.getByRole("button", { name: "New back-test" }).click();
  const dialog = page.getByRole("dialog", { name: "New back-test" });
  await dialog.getByLabel("Market", { exact: true }).fill("file:WAVE-PERP");
  await dialog.getByLabel("Data", { exact: true }).selectOption("archive");
  await dialog.getByLabel("Qty", { exact: true }).fill("0.05");
  const candlesOf = () => page.waitForResponse((response) => /api\/candles\/.*WAVE-PERP/.test(response.url()) && response.ok());
  const candles = candlesOf();
  await dialog.getByRole("button", { name: "Run it" }).click();
  await page.getByText(/on file:WAVE-PERP (made|lost)/).waitFor();
  const shown = (await (await candles).json()).candles;
  // From the end of the first bar on: before it there is nothing that a strategy could have known.
  expect(shown.length === 2_999 && shown[0].o === "41989.88", `${shown.length} candles, the first opens at ${shown[0]?.o}`);
  await page.locator(".price-chart canvas").first().waitFor();
  const compared = candlesOf();
  await page.getByLabel("Compare with").selectOption({ label: "Buy and hold" });
  await compared;
  await page.locator(".series canvas").waitFor();
});

await suite.test("a sweep is run and shows its plateau", page, async () => {
  await page.goto(at("/sweeps"));
  await page.getByRole("button", { name: "New sweep" }).click();
  const dialog = page.getByRole("dialog", { name: "New sweep" });
  await dialog.getByLabel("Fast", { exact: true }).fill("3,5,7");
  await dialog.getByLabel("Slow", { exact: true }).fill("10,14");
  await dialog.getByText("Stop loss and take profit").click();
  await dialog.getByLabel("Stop loss, bps").fill("200");
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
