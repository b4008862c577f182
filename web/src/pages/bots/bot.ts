/** What is read out of a bot: its result as a share of what it began with, and its decisions in words. */
import type { Schemas } from "../../api/client";
import * as D from "../../market/decimal";
import type { Decimal } from "../../market/decimal";
import { filledIn } from "../strategies/params";
import { bracketOf } from "../strategies/bracket";
import type { Bracket } from "../strategies/bracket";
import type { Params, Strategy } from "../strategies/params";

export type Bot = Schemas["Bot"];
export type Decision = Schemas["BotDecision"];

/** Profit in per cent of what the bot was worth at the start; null while that is not known. */
export function returned(bot: Bot): Decimal | null {
  if (bot.profit == null || bot.equity == null) return null;
  const began = D.sub(D.of(bot.equity), D.of(bot.profit));
  return D.sign(began) > 0 ? D.div(D.mul(D.of(bot.profit), { units: 100n, scale: 0 }), began) : null;
}

/** A number of a decision with at most six digits that count; other texts as they are. */
export function brief(text: string): string {
  if (!/^-?\d+\.\d{5,}$/.test(text)) return text;
  return String(Number(Number(text).toPrecision(6))).replace("-", "−");
}

/** Profit and equity of all bots that are valued in the commonest asset. */
export function together(bots: readonly Bot[]): { asset: string; equity: Decimal; profit: Decimal; fees: Decimal } {
  const counts = new Map<string, number>();
  for (const { quote } of bots) if (quote) counts.set(quote, (counts.get(quote) ?? 0) + 1);
  const asset = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "USDT";
  const of = (key: "equity" | "profit" | "fees") =>
    bots.filter((bot) => bot.quote === asset).reduce((sum, bot) => D.add(sum, D.of(bot[key])), D.ZERO);
  return { asset, equity: of("equity"), profit: of("profit"), fees: of("fees") };
}

/** True when somebody should look at it. */
export function needsYou(bot: Bot): boolean {
  return bot.status === "failed" || (bot.status === "running" && bot.halt != null && bot.halt !== "off");
}

export interface BotDraft {
  readonly name: string;
  readonly markets: readonly { readonly symbol: string; readonly interval: string }[];
  readonly params: Params;
  readonly funds: Readonly<Record<string, string>>;
  /** Per cent. */
  readonly drawdown: string;
  readonly daily: string;
  readonly position: string;
  readonly bracket: Bracket;
}

/** The request of a draft: only what was filled in; numbers stay text, so nothing is rounded on the way. */
export function request(strategy: Strategy, draft: BotDraft): Schemas["NewBot"] {
  const funds = Object.entries(draft.funds).filter(([, value]) => D.sign(D.of(value)) > 0);
  const bips = D.mul(D.of(draft.drawdown), { units: 100n, scale: 0 });
  const given = (text: string) => (text.trim() === "" ? null : text.trim());
  const limits = {
    drawdown_max_bips: draft.drawdown.trim() === "" ? null : Math.round(D.toNumber(bips)),
    daily_loss_max: given(draft.daily),
    position_max: given(draft.position),
    exposure_max: null,
    order_notional_max: null,
    order_quantity_max: null,
    orders_per_minute: null,
  };
  return {
    strategy: strategy.name,
    markets: draft.markets.map(({ symbol, interval }) => ({ symbol, interval })),
    funds: Object.fromEntries(funds.map(([asset, value]) => [asset, value.trim()])),
    ...filledIn(draft.params),
    ...bracketOf(draft.bracket),
    ...(draft.name.trim() === "" ? {} : { name: draft.name.trim() }),
    ...(Object.values(limits).some((limit) => limit !== null)
      ? // What is left out here is no limit to the server, as null is.
        { limits: limits as Schemas["BotLimits"] }
      : {}),
  };
}
