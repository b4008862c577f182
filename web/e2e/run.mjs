/**
 * The dashboard against the real program and its built-in exchange, in headless Chromium: what a person does, from the first start.
 * Ends with `suite web: N passed, N failed`. A console error fails the test it happens in; nothing here waits for time.
 * The parts follow on each other: a later one finds what an earlier one made. PARTS names some of them, separated by commas.
 */
import { browser, program, suite } from "./stage.mjs";

const PARTS = ["entering", "trading", "research", "service", "looks", "lasting"];
for (const part of process.env.PARTS?.split(",") ?? PARTS) await import(`./${part}.mjs`);

suite.close();
await browser.close();
await program.end();
