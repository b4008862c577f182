/** A headless Chromium of the system, with every console error and failed script counted against the test. */
import { chromium } from "playwright-core";

/** The first of these that the system has; CHROMIUM names another. */
const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** How long one awaited thing may take, ms: far above what it takes on a busy machine. */
export const PATIENCE = 30_000;

export async function launch() {
  const { existsSync } = await import("node:fs");
  const executablePath = process.env.CHROMIUM ?? PATHS.find((path) => existsSync(path));
  if (!executablePath) throw new Error("no Chromium found; install it (Debian: apt-get install chromium) or name it in CHROMIUM");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--force-color-profile=srgb", "--font-render-hinting=none"] });
}

/** A page whose console errors are collected; `forgiving` names those that the test brings about itself. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const errors = [];
  page.forgiven = [];
  page.on("console", (message) => {
    const text = `${message.text()} (${message.location().url})`;
    if (message.type() === "error" && !page.forgiven.some((pattern) => pattern.test(text))) errors.push(text);
  });
  page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
  page.errors = errors;
  return page;
}
