/** A reporter for vitest: one line with the count, for the program that runs it. */
export default class Tally {
  onTestRunEnd(modules) {
    let [passed, failed] = [0, 0];
    for (const file of modules) {
      if (file.errors().length > 0) failed += 1;
      for (const test of file.children.allTests()) {
        if (test.result().state === "passed") passed += 1;
        else if (test.result().state === "failed") failed += 1;
      }
    }
    console.log(`suite web-unit: ${passed} passed, ${failed} failed`);
  }
}
