/** Making a bot: a strategy with its documented parameters, its markets, its money, its limits. */
import { useMemo, useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { selectMarkets } from "../../app/desk";
import { useApp } from "../../app/store";
import { TextField } from "../../parts/Field";
import { useMore } from "../../text/more";
import { BracketFields, isBracketFaulty, NO_BRACKET } from "../strategies/bracket";
import { FormFrame, INTERVALS, ParamFields, Select, StrategyDialog } from "../strategies/form";
import { isFaulty } from "../strategies/params";
import type { Strategy } from "../strategies/params";
import { request } from "./bot";
import type { Bot, BotDraft } from "./bot";

/** What a bot starts with unless something else is typed. */
const FUNDS_DEFAULT = "10000";

export function NewBot({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (bot: Bot) => void }) {
  const m = useMore();
  return (
    <StrategyDialog open={open} onClose={onClose} title={m("new.title")}>
      {(strategy) => <Form strategy={strategy} onClose={onClose} onMade={onMade} />}
    </StrategyDialog>
  );
}

function useDraft(strategy: Strategy) {
  const markets = useApp(selectMarkets);
  const preferred = useApp((state) => state.settings.symbol);
  const symbols = useMemo(() => [...markets.keys()], [markets]);
  const start = (): BotDraft => {
    const others = [preferred, ...symbols.filter((symbol) => symbol !== preferred)];
    const chosen = others.slice(0, Math.max(1, strategy.markets_min)).map((symbol) => ({ symbol, interval: "1m" }));
    return { name: "", markets: chosen, params: {}, funds: {}, drawdown: "", daily: "", position: "", bracket: NO_BRACKET };
  };
  const [draft, setDraft] = useState(start);
  const change = (part: Partial<BotDraft>) => setDraft((now) => ({ ...now, ...part }));
  const assets = useMemo(() => {
    const found = draft.markets.flatMap(({ symbol }) => {
      const market = markets.get(symbol);
      return market ? [market.quote, market.base] : [];
    });
    return [...new Set(found)];
  }, [draft.markets, markets]);
  const first = markets.get(draft.markets[0]?.symbol ?? "");
  return { draft, change, symbols, assets, first };
}

function Form({ strategy, onClose, onMade }: { strategy: Strategy; onClose: () => void; onMade: (bot: Bot) => void }) {
  const m = useMore();
  const { done } = useActions();
  const { draft, change, symbols, assets, first } = useDraft(strategy);
  const [key] = useState(() => crypto.randomUUID());
  const funds = (asset: string) => draft.funds[asset] ?? (asset === first?.quote ? FUNDS_DEFAULT : "");
  const send = async () => {
    const whole = { ...draft, funds: Object.fromEntries(assets.map((asset) => [asset, funds(asset)])) };
    const bot = await body(api.POST("/api/bots", { body: request(strategy, whole), params: { header: { "Idempotency-Key": key } } }));
    done(m("new.made", { name: bot.name }));
    onMade(bot);
  };
  const market = (i: number, part: Partial<BotDraft["markets"][number]>) => change({ markets: draft.markets.map((each, at) => (at === i ? { ...each, ...part } : each)) });
  return (
    <FormFrame label={m("new.title")} act={m("new.make")} blocked={isFaulty(strategy, draft.params) || isBracketFaulty(draft.bracket)} onSend={send} onClose={onClose}>
      {draft.markets.map((each, i) => (
        <div className="new-pair" key={i}>
          <Select label={m("new.market")} value={each.symbol} options={symbols} onChange={(symbol) => market(i, { symbol })} />
          <Select label={m("new.interval")} value={each.interval} options={INTERVALS} onChange={(interval) => market(i, { interval })} />
        </div>
      ))}
      <h3>{m("new.funds")}</h3>
      <div className="new-pair">
        {assets.map((asset) => (
          <TextField key={asset} label={asset} value={funds(asset)} onChange={(value) => change({ funds: { ...draft.funds, [asset]: value } })} inputMode="decimal" autoComplete="off" />
        ))}
      </div>
      <ParamFields strategy={strategy} params={draft.params} onChange={(params) => change({ params })} />
      <BracketFields bracket={draft.bracket} onChange={(bracket) => change({ bracket })} />
      <details>
        <summary className="soft">{m("new.limits")}</summary>
        <div className="new-params">
          <TextField label={m("new.drawdown")} value={draft.drawdown} onChange={(drawdown) => change({ drawdown })} inputMode="decimal" autoComplete="off" />
          <TextField label={m("new.daily", { asset: first?.quote ?? "" })} value={draft.daily} onChange={(daily) => change({ daily })} inputMode="decimal" autoComplete="off" />
          <TextField label={m("new.position", { asset: first?.base ?? "" })} value={draft.position} onChange={(position) => change({ position })} inputMode="decimal" autoComplete="off" />
        </div>
      </details>
      <TextField label={m("new.name")} value={draft.name} onChange={(name) => change({ name })} autoComplete="off" maxLength={40} />
    </FormFrame>
  );
}
