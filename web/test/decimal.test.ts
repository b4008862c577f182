import { describe, expect, test } from "vitest";
import * as D from "../src/market/decimal";
import * as F from "../src/market/format";

const d = (text: string) => D.of(text);

describe("decimals", () => {
  test("are read and written without loss", () => {
    for (const text of ["0", "12.50", "-0.00000001", "123456789012345678901234567890.123456789"]) expect(D.text(d(text))).toBe(text);
    expect(D.text(d(".5"))).toBe("0.5");
    expect(D.text(d("+7."))).toBe("7");
    for (const text of ["", ".", "1e5", "0x10", "1.2.3", "abc", "--1"]) expect(D.parse(text)).toBeNull();
  });

  test("are exact where floats are not", () => {
    expect(D.text(D.add(d("0.1"), d("0.2")))).toBe("0.3");
    expect(D.text(D.mul(d("97500.01"), d("0.00001")))).toBe("0.9750001");
    expect(D.text(D.sub(d("1"), d("0.99999999")))).toBe("0.00000001");
    expect(D.compare(d("1.10"), d("1.1"))).toBe(0);
  });

  test("are cut to a step and rounded half away from zero", () => {
    expect(D.text(D.floorTo(d("0.12345"), d("0.001")))).toBe("0.12300");
    expect(D.fits(d("97000.001"), d("0.01"))).toBe(false);
    expect(D.fits(d("97000.010"), d("0.01"))).toBe(true);
    expect(D.text(D.round(d("-1.005"), 2))).toBe("-1.01");
    expect(D.text(D.cut(d("-1.009"), 2))).toBe("-1.00");
    expect(D.text(D.div(d("1"), d("3")))).toBe("0.333333333333333333");
    expect(D.div(d("1"), d("0"))).toBe(D.ZERO);
    expect(D.decimalsOf("0.01000000")).toBe(2);
    expect(D.decimalsOf("1000")).toBe(0);
  });
});

describe("what is shown", () => {
  test("has thousands apart, a true minus and the same decimals", () => {
    expect(F.number(d("1234567.5"), 2)).toBe("1,234,567.50");
    expect(F.number(d("-999.999"), 2)).toBe("−1,000.00");
    expect(F.signed(d("0.004"), 2)).toBe("0.00");
    expect(F.signed(d("12"), 2)).toBe("+12.00");
    expect(F.percent(d("-0.74"))).toBe("−0.74%");
    expect(F.tone(d("-0.1"))).toBe("down");
    expect(F.holding(d("1000000000.999"))).toBe("1,000,000,000.99");
    expect(F.compact("1240000")).toBe("1.24 M");
    expect(F.amount(null)).toBe("–");
  });

  test("ages change their unit where a reader would", () => {
    expect([0, 12, 99, 100, 5_999, 6_000, 172_800].map(F.age)).toEqual(["0 s", "12 s", "99 s", "2 min", "100 min", "2 h", "2 d"]);
  });
});
