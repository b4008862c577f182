/** The program under test: a data folder of its own, free ports, and what it says when it is ready. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Front } from "./front.mjs";

/** Named by TRADEWIND_BIN, else the one that this checkout built last. */
const BINARY = process.env.TRADEWIND_BIN ?? new URL("../../target/debug/tradewind", import.meta.url).pathname;

/** A folder of built files that is served instead of those in the program. */
const { DIST } = process.env;

export class Program {
  #child = null;
  #front = DIST ? new Front(DIST) : null;
  #own = "";
  #dir = mkdtempSync(join(tmpdir(), "tradewind-e2e-"));
  url = "";
  setupCode = null;
  #settings;

  /** With settings given as environment variables. */
  constructor(settings = {}) {
    this.#settings = settings;
  }

  /** Starts it and waits until it says that it is ready. A second start takes the same address. */
  async start() {
    const api = this.#own ? new URL(this.#own).host : "127.0.0.1:0";
    const child = spawn(BINARY, ["serve", "--json", "--data-dir", this.#dir, "--exchange-addr", "127.0.0.1:0", "--api-addr", api], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.#settings },
    });
    this.#child = child;
    const errors = [];
    createInterface({ input: child.stderr }).on("line", (line) => errors.push(line));
    const ready = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => resolve(JSON.parse(line)));
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`the program ended with ${code}: ${errors.slice(-5).join(" | ")}`)));
    });
    child.removeAllListeners("exit");
    if (!ready.api) throw new Error(`the program did not start: ${JSON.stringify(ready)} ${errors.join(" | ")}`);
    this.#own = ready.api.http;
    this.url = this.#front ? await this.#front.before(this.#own) : this.#own;
    this.setupCode = ready.api.setup_code;
  }

  /** Runs another command on the same data folder: `data import …`. */
  run(...args) {
    execFileSync(BINARY, [...args, "--data-dir", this.#dir], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...this.#settings } });
  }

  /** As a crash: no warning, no goodbye. */
  async kill() {
    const child = this.#child;
    if (!child) return;
    this.#child = null;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  async end() {
    await this.kill();
    this.#front?.end();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
