/** Parameters of a strategy as they are typed: what is wrong with one, and what of them goes into a request. */
import type { Schemas } from "../../api/client";
import * as D from "../../market/decimal";

export type Strategy = Schemas["Strategy"];
export type Param = Schemas["StrategyParam"];
/** Parameters as typed; what is empty has its default. */
export type Params = Readonly<Record<string, string>>;

/** A code as words: `fast_above_slow` becomes `Fast above slow`. */
export function words(code: string): string {
  const text = code.replaceAll(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What is wrong with a parameter as typed; null when it is fine or empty (then the default holds). */
export function paramFault(param: Param, text: string): "number" | "range" | "whole" | null {
  if (text.trim() === "" || param.kind === "text" || param.kind === "choice") return null;
  const value = D.parse(text);
  if (!value) return "number";
  if (param.kind === "whole" && !D.fits(value, { units: 1n, scale: 0 })) return "whole";
  const low = param.min != null && D.compare(value, D.of(param.min)) < 0;
  const high = param.max != null && D.compare(value, D.of(param.max)) > 0;
  return low || high ? "range" : null;
}

/** Those that were filled in, for a request: numbers stay text, so nothing is rounded on the way. Nothing when there are none. */
export function filledIn(params: Params): { params?: Record<string, string> } {
  const filled = Object.entries(params).filter(([, value]) => value.trim() !== "");
  return filled.length > 0 ? { params: Object.fromEntries(filled.map(([name, value]) => [name, value.trim()])) } : {};
}

export function isFaulty(strategy: Strategy, params: Params): boolean {
  return strategy.params.some((param) => paramFault(param, params[param.name] ?? "") !== null);
}
