/** A bracket: where positions are left whatever the strategy does. As typed, as sent, and as told. */
import type { Schemas } from "../../api/client";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { TextField } from "../../parts/Field";
import { useText } from "../../text/lists";
import { useMore } from "../../text/more";
import type { MoreKey } from "../../text/more";

type Leg = keyof Schemas["Bracket"];

/** Basis points as typed; what is empty guards nothing. */
export type Bracket = Readonly<Record<Leg, string>>;

export const NO_BRACKET: Bracket = { stop_loss_bps: "", take_profit_bps: "", trailing_bps: "" };

/** The largest that the server takes, basis points. */
const MOST: Readonly<Record<Leg, number>> = { stop_loss_bps: 9_900, take_profit_bps: 100_000, trailing_bps: 9_900 };
export const LEGS: readonly { readonly leg: Leg; readonly word: MoreKey }[] = [
  { leg: "stop_loss_bps", word: "bracket.stop" },
  { leg: "take_profit_bps", word: "bracket.take" },
  { leg: "trailing_bps", word: "bracket.trailing" },
];

export type BracketFault = "whole" | "range" | "both";

/** What is wrong with a leg; null when it is fine or empty. A stop and a trailing stop exclude each other. */
export function bracketFault(bracket: Bracket, leg: Leg): BracketFault | null {
  const text = bracket[leg].trim();
  if (text === "") return null;
  if (!/^\d+$/.test(text)) return "whole";
  if (Number(text) < 1 || Number(text) > MOST[leg]) return "range";
  return leg === "trailing_bps" && bracket.stop_loss_bps.trim() !== "" ? "both" : null;
}

export function isBracketFaulty(bracket: Bracket): boolean {
  return LEGS.some(({ leg }) => bracketFault(bracket, leg) !== null);
}

/** What of it goes into a request: nothing when no leg was filled in. */
export function bracketOf(bracket: Bracket): { bracket?: Schemas["Bracket"] } {
  const bps = (leg: Leg) => (bracket[leg].trim() === "" ? null : Number(bracket[leg]));
  const legs = { stop_loss_bps: bps("stop_loss_bps"), take_profit_bps: bps("take_profit_bps"), trailing_bps: bps("trailing_bps") };
  return Object.values(legs).some((leg) => leg !== null) ? { bracket: legs } : {};
}

/** Basis points as per cent: `1.5%` of `150`. */
export function asPercent(bps: number): string {
  return `${F.number(D.of(D.short({ units: BigInt(bps), scale: 2 })))}%`;
}

/** Closed until one wants it, like the limits. */
export function BracketFields({ bracket, onChange }: { bracket: Bracket; onChange: (bracket: Bracket) => void }) {
  const t = useText();
  const m = useMore();
  const problem = (leg: Leg): string | null => {
    const fault = bracketFault(bracket, leg);
    if (fault === "whole") return t("fault.step", { step: 1 });
    if (fault === "range") return m("new.range", { min: 1, max: MOST[leg].toLocaleString("en-US") });
    return fault === "both" ? m("bracket.both") : null;
  };
  const hint = (leg: Leg) => (/^\d+$/.test(bracket[leg].trim()) ? asPercent(Number(bracket[leg])) : undefined);
  return (
    <details>
      <summary className="soft">{m("bracket.title")}</summary>
      <p className="soft small">{m("bracket.text")}</p>
      <div className="new-params">
        {LEGS.map(({ leg, word }) => (
          <TextField key={leg} label={m(word)} value={bracket[leg]} onChange={(text) => onChange({ ...bracket, [leg]: text })} inputMode="numeric" autoComplete="off" hint={hint(leg)} problem={problem(leg)} />
        ))}
      </div>
    </details>
  );
}

/** The legs that are set, as rows of facts; nothing when none is. */
export function BracketFacts({ bracket }: { bracket: Schemas["Bracket"] | null | undefined }) {
  const m = useMore();
  return LEGS.map(({ leg, word }) => {
    const bps = bracket?.[leg];
    return bps == null ? null : (
      <div key={leg}>
        <dt>{m(word)}</dt>
        <dd>
          {bps.toLocaleString("en-US")} <span className="faint">({asPercent(bps)})</span>
        </dd>
      </div>
    );
  });
}
