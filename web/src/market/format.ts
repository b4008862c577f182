/** How numbers, times and ages are written: thousands apart, a true minus, the same decimals down a column. */
import * as D from "./decimal";
import type { Decimal } from "./decimal";

const MINUS = "−";

/** `63,990.5` from exact decimals. */
export function number(value: Decimal, decimals?: number): string {
  const rounded = decimals === undefined ? value : D.round(value, decimals);
  const plain = D.text(rounded);
  const negative = plain.startsWith("-");
  const [whole = "0", part] = (negative ? plain.slice(1) : plain).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return (negative ? MINUS : "") + grouped + (part ? `.${part}` : "");
}

/** The same with a plus in front of what is above zero. */
export function signed(value: Decimal, decimals?: number): string {
  const shown = decimals === undefined ? value : D.round(value, decimals);
  return (D.sign(shown) > 0 ? "+" : "") + number(shown);
}

/** `+1.84%` */
export function percent(value: Decimal, decimals = 2): string {
  return `${signed(value, decimals)}%`;
}

/** The class of a signed quantity; nothing for zero. */
export function tone(value: Decimal): "up" | "down" | "" {
  const sign = D.sign(value);
  return sign > 0 ? "up" : sign < 0 ? "down" : "";
}

/** Text from the server with the given decimals. */
export function amount(text: string | null | undefined, decimals?: number): string {
  return text == null ? "–" : number(D.of(text), decimals);
}

/** Large amounts with three significant figures and a unit: `1.24 M`. For volumes, not for money that is owned. */
export function compact(text: string | null | undefined): string {
  if (text == null) return "–";
  const value = D.toNumber(D.of(text));
  const size = Math.abs(value);
  const [unit, name] = size >= 1e9 ? [1e9, " B"] : size >= 1e6 ? [1e6, " M"] : size >= 1e3 ? [1e3, " k"] : [1, ""];
  const scaled = value / unit;
  const decimals = Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
  return scaled.toFixed(decimals).replace("-", MINUS) + name;
}

/** What is owned, with as many decimals as its size deserves; cut, never rounded up. */
export function holding(value: Decimal): string {
  const size = Math.abs(D.toNumber(value));
  return number(D.cut(value, size >= 1_000 ? 2 : size >= 1 ? 4 : 6));
}

const two = (n: number) => String(n).padStart(2, "0");

/** `14:05:09` of the reader's own clock. */
export function clock(at: string | number | Date): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `26 Nov 14:05` */
export function day(at: string | number | Date, language = "en"): string {
  const date = new Date(at);
  // Day before month, as everywhere but in one country.
  const name = date.toLocaleDateString(language === "en" ? "en-GB" : language, { day: "numeric", month: "short" });
  return `${name} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Seconds as `8 s`, `3 min`, `2 h`, `5 d`. */
export function age(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 100) return `${s} s`;
  if (s < 6_000) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3_600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

/** `BTC/USDT` where the market is known, else the symbol. */
export function pair(market: { base: string; quote: string } | undefined, symbol: string): string {
  return market ? `${market.base}/${market.quote}` : symbol;
}
