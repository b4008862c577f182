/** Asking for a back-test: strategy, parameters, period, money, costs. */
import { useState } from "react";
import { api, body } from "../../api/client";
import type { Schemas } from "../../api/client";
import { useActions } from "../../app/actions";
import { selectMarkets } from "../../app/desk";
import { useApp } from "../../app/store";
import { TextField } from "../../parts/Field";
import { useMore } from "../../text/more";
import { BracketFields, bracketOf, isBracketFaulty, NO_BRACKET } from "../strategies/bracket";
import type { Bracket } from "../strategies/bracket";
import { FormFrame, INTERVALS, ParamFields, Select, StrategyDialog } from "../strategies/form";
import { filledIn, isFaulty } from "../strategies/params";
import type { Params, Strategy } from "../strategies/params";
import type { Backtest } from "./result";

export interface TestDraft {
  readonly symbols: readonly string[];
  readonly interval: string;
  readonly from: string;
  readonly to: string;
  readonly cash: string;
  readonly fee: string;
  readonly slippage: string;
  readonly source: string;
  readonly params: Params;
  readonly bracket: Bracket;
}

/** An instrument as it is meant: `btcusdt` is `BTCUSDT`, `File:btc-perp` is `file:BTC-PERP`. */
export function instrument(text: string): string {
  const [name = "", ...venue] = text.trim().split(":").reverse();
  return [...venue.reverse().map((part) => part.toLowerCase()), name.toUpperCase()].join(":");
}

/** The request of a draft. Days begin at midnight UTC, and the last one counts whole. */
export function request(strategy: Strategy, draft: TestDraft): Schemas["NewBacktest"] {
  const given = (text: string) => text.trim() || null;
  const venue = { fee_bps: given(draft.fee), slippage_bps: given(draft.slippage), fill: null, latency_ms: null, maker_bps: null, participation: null, seed: null, taker_bps: null };
  const next = (date: string) => new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString();
  return {
    strategy: strategy.name,
    symbols: [...draft.symbols],
    interval: draft.interval,
    ...filledIn(draft.params),
    ...bracketOf(draft.bracket),
    ...(draft.from ? { from: `${draft.from}T00:00:00Z` } : {}),
    ...(draft.to ? { to: next(draft.to) } : {}),
    ...(draft.cash.trim() ? { cash: draft.cash.trim() } : {}),
    ...(draft.source ? { source: draft.source } : {}),
    ...(venue.fee_bps || venue.slippage_bps ? { venue } : {}),
  };
}

export function NewTest({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (test: Backtest) => void }) {
  const m = useMore();
  return (
    <StrategyDialog open={open} onClose={onClose} title={m("tests.new")}>
      {(strategy) => <Form strategy={strategy} onClose={onClose} onMade={onMade} />}
    </StrategyDialog>
  );
}

function Form({ strategy, onClose, onMade }: { strategy: Strategy; onClose: () => void; onMade: (test: Backtest) => void }) {
  const m = useMore();
  const { done } = useActions();
  const symbols = [...useApp(selectMarkets).keys()];
  const preferred = useApp((state) => state.settings.symbol);
  const [draft, setDraft] = useState<TestDraft>(() => ({
    symbols: [preferred, ...symbols.filter((symbol) => symbol !== preferred)].slice(0, Math.max(1, strategy.markets_min)),
    interval: "1m",
    from: "",
    to: "",
    cash: "10000",
    fee: "",
    slippage: "",
    source: "",
    params: {},
    bracket: NO_BRACKET,
  }));
  const change = (part: Partial<TestDraft>) => setDraft((now) => ({ ...now, ...part }));
  const send = async () => {
    const test = await body(api.POST("/api/backtests", { body: request(strategy, draft) }));
    done(m("tests.started"));
    onMade(test);
  };
  return (
    <FormFrame label={m("tests.new")} act={m("tests.start")} blocked={isFaulty(strategy, draft.params) || isBracketFaulty(draft.bracket)} onSend={send} onClose={onClose}>
      <div className="new-pair">
        {draft.symbols.map((symbol, i) => (
          <TextField key={i} label={m("new.market")} value={symbol} onChange={(value) => change({ symbols: draft.symbols.map((each, at) => (at === i ? instrument(value) : each)) })} list="test-symbols" autoComplete="off" spellCheck={false} required />
        ))}
        <Select label={m("new.interval")} value={draft.interval} options={INTERVALS} onChange={(interval) => change({ interval })} />
      </div>
      <datalist id="test-symbols">
        {symbols.map((symbol) => (
          <option key={symbol} value={symbol} />
        ))}
      </datalist>
      <div className="new-pair">
        <TextField label={m("tests.from")} type="date" value={draft.from} onChange={(from) => change({ from })} />
        <TextField label={m("tests.to")} type="date" value={draft.to} onChange={(to) => change({ to })} />
        <TextField label={m("tests.cash")} value={draft.cash} onChange={(cash) => change({ cash })} inputMode="decimal" autoComplete="off" />
        <Select label={m("tests.source")} value={draft.source} options={["", "exchange", "archive"]} shown={(source) => source || m("tests.source.any")} onChange={(source) => change({ source })} />
        <TextField label={m("tests.fee")} value={draft.fee} onChange={(fee) => change({ fee })} inputMode="decimal" placeholder="10" autoComplete="off" />
        <TextField label={m("tests.slippage")} value={draft.slippage} onChange={(slippage) => change({ slippage })} inputMode="decimal" autoComplete="off" />
      </div>
      <ParamFields strategy={strategy} params={draft.params} onChange={(params) => change({ params })} />
      <BracketFields bracket={draft.bracket} onChange={(bracket) => change({ bracket })} />
    </FormFrame>
  );
}
