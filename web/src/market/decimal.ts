/**
 * Exact decimals for prices, quantities and money: an integer and a number of decimals. Never a float.
 *
 * What is shown is formatted from the text that the server sent; what is computed here (the cost of a ticket, a percentage of
 * a balance) is exact until it is divided or cut, and those two say in which direction they round.
 */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { units: 0n, scale: 0 };

const TEXT = /^([+-]?)(\d*)(?:\.(\d*))?$/;
/** Decimals after a division: more than any asset has. */
const DIVISION_SCALE = 18;

/** Reads `12.50`; null when it is not a decimal number. */
export function parse(text: string): Decimal | null {
  const found = TEXT.exec(text.trim());
  if (!found) return null;
  const [, sign, whole = "", part = ""] = found;
  if (whole === "" && part === "") return null;
  const units = BigInt((whole || "0") + part);
  return { units: sign === "-" ? -units : units, scale: part.length };
}

/** Reads what the server sent; absent or unreadable is zero. */
export function of(text: string | null | undefined): Decimal {
  return (text != null ? parse(text) : null) ?? ZERO;
}

function raise(value: Decimal, scale: number): bigint {
  return value.units * 10n ** BigInt(scale - value.scale);
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  return [raise(a, scale), raise(b, scale), scale];
}

export function add(a: Decimal, b: Decimal): Decimal {
  const [x, y, scale] = aligned(a, b);
  return { units: x + y, scale };
}

export function sub(a: Decimal, b: Decimal): Decimal {
  const [x, y, scale] = aligned(a, b);
  return { units: x - y, scale };
}

export function mul(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** a / b, cut towards zero after 18 decimals; zero when b is zero. */
export function div(a: Decimal, b: Decimal): Decimal {
  if (b.units === 0n) return ZERO;
  const lift = DIVISION_SCALE + b.scale - a.scale;
  const units = lift >= 0 ? a.units * 10n ** BigInt(lift) : a.units / 10n ** BigInt(-lift);
  return { units: units / b.units, scale: DIVISION_SCALE };
}

export function compare(a: Decimal, b: Decimal): number {
  const [x, y] = aligned(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
}

export function sign(a: Decimal): number {
  return a.units < 0n ? -1 : a.units > 0n ? 1 : 0;
}

export function negate(a: Decimal): Decimal {
  return { units: -a.units, scale: a.scale };
}

export function abs(a: Decimal): Decimal {
  return a.units < 0n ? negate(a) : a;
}

export function min(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) <= 0 ? a : b;
}

/** The largest multiple of `step` that is not above `a` (towards zero); `a` itself when the step is zero. */
export function floorTo(a: Decimal, step: Decimal): Decimal {
  if (step.units <= 0n) return a;
  const [x, y, scale] = aligned(a, step);
  return { units: (x / y) * y, scale };
}

/** True when `a` is a multiple of `step`. */
export function fits(a: Decimal, step: Decimal): boolean {
  if (step.units <= 0n) return true;
  const [x, y] = aligned(a, step);
  return x % y === 0n;
}

/** With exactly `scale` decimals, rounded half away from zero. */
export function round(a: Decimal, scale: number): Decimal {
  if (a.scale <= scale) return { units: raise(a, scale), scale };
  const unit = 10n ** BigInt(a.scale - scale);
  const half = unit / 2n;
  const units = a.units < 0n ? -((-a.units + half) / unit) : (a.units + half) / unit;
  return { units, scale };
}

/** Cut towards zero to `scale` decimals. */
export function cut(a: Decimal, scale: number): Decimal {
  if (a.scale <= scale) return { units: raise(a, scale), scale };
  return { units: a.units / 10n ** BigInt(a.scale - scale), scale };
}

/** Plain text for the server: no grouping, an ordinary minus. */
export function text(a: Decimal): string {
  const negative = a.units < 0n;
  const digits = (negative ? -a.units : a.units).toString().padStart(a.scale + 1, "0");
  const whole = digits.slice(0, digits.length - a.scale);
  const part = a.scale > 0 ? `.${digits.slice(digits.length - a.scale)}` : "";
  return (negative ? "-" : "") + whole + part;
}

/** Plain text without zeros at the end. */
export function short(a: Decimal): string {
  const all = text(a);
  return all.includes(".") ? all.replace(/\.?0+$/, "") : all;
}

/** For charts and bar lengths only, never for an order. */
export function toNumber(a: Decimal): number {
  return Number(text(a));
}

/** Decimals that a step needs: `0.50000` needs one. */
export function decimalsOf(step: string): number {
  const trimmed = short(of(step));
  const dot = trimmed.indexOf(".");
  return dot < 0 ? 0 : trimmed.length - dot - 1;
}
