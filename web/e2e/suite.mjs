/** Counts what passed and failed, one after the other, and says so in the line that xtask reads. */
export class Suite {
  #passed = 0;
  #failed = 0;
  #name;

  constructor(name) {
    this.#name = name;
  }

  /** Runs one test. A console error of its page fails it. */
  async test(name, page, body) {
    try {
      await body();
      const errors = page?.errors.splice(0) ?? [];
      if (errors.length > 0) throw new Error(`console: ${errors.join("\n  ")}`);
      this.#passed += 1;
      console.log(`   ok      ${name}`);
    } catch (error) {
      this.#failed += 1;
      console.log(`   FAILED  ${name}\n  ${error.stack ?? error}`);
      page?.errors.splice(0);
    }
  }

  close() {
    console.log(`suite ${this.#name}: ${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed > 0 ? 1 : 0;
  }
}

export function expect(condition, message) {
  if (!condition) throw new Error(message);
}
