/** Asking for a back-test: strategy, parameters, period, money, costs. */
import { useState } from "react";
import type { FormEvent } from "react";
import { api, body } from "../../api/client";
import type { Schemas } from "../../api/client";
import { asFailure } from "../../api/problem";
import { useActions } from "../../app/actions";
import { selectMarkets } from "../../app/desk";
import { useReading } from "../../app/reading";
import { useApp } from "../../app/store";
import { Dialog } from "../../parts/Dialog";
import { TextField } from "../../parts/Field";
import { ErrorNote, Loading } from "../../parts/states";
import { useText } from "../../text";
import { useMore } from "../../text/more";
import { INTERVALS, ParamField, readStrategies, Select } from "../bots/NewBot";
import { paramFault, words } from "../bots/bot";
import type { Strategy } from "../bots/bot";
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
  readonly params: Readonly<Record<string, string>>;
}

/** The request of a draft. Days begin at midnight UTC, and the last one counts whole. */
export function request(strategy: Strategy, draft: TestDraft): Schemas["NewBacktest"] {
  const params = Object.entries(draft.params).filter(([, value]) => value.trim() !== "");
  const given = (text: string) => text.trim() || null;
  const venue = { fee_bps: given(draft.fee), slippage_bps: given(draft.slippage), fill: null, latency_ms: null, maker_bps: null, participation: null, seed: null, taker_bps: null };
  const next = (date: string) => new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString();
  return {
    strategy: strategy.name,
    symbols: [...draft.symbols],
    interval: draft.interval,
    ...(params.length > 0 ? { params: Object.fromEntries(params.map(([name, value]) => [name, value.trim()])) } : {}),
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
    <Dialog open={open} onClose={onClose} label={m("tests.new")} className="new-bot">
      <Load onClose={onClose} onMade={onMade} />
    </Dialog>
  );
}

function Load({ onClose, onMade }: { onClose: () => void; onMade: (test: Backtest) => void }) {
  const m = useMore();
  const { value, failed, again } = useReading(readStrategies);
  const [name, setName] = useState("ema-cross");
  const strategy = value?.find((each) => each.name === name) ?? value?.[0];
  if (failed && !value) return <ErrorNote what={m("new.strategiesFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (!value || !strategy) return <Loading rows={5} />;
  return (
    <>
      <h2>{m("tests.new")}</h2>
      <Select label={m("new.strategy")} value={strategy.name} options={value.map((each) => each.name)} shown={words} onChange={setName} />
      <div className="new-about small">
        <p>{strategy.summary}</p>
        <p className="faint">{m("new.fails", { text: strategy.fails })}</p>
      </div>
      <Form key={strategy.name} strategy={strategy} onClose={onClose} onMade={onMade} />
    </>
  );
}

function Form({ strategy, onClose, onMade }: { strategy: Strategy; onClose: () => void; onMade: (test: Backtest) => void }) {
  const t = useText();
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
  }));
  const change = (part: Partial<TestDraft>) => setDraft((now) => ({ ...now, ...part }));
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const wrong = strategy.params.some((param) => paramFault(param, draft.params[param.name] ?? "") !== null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || wrong) return;
    setBusy(true);
    setProblem(null);
    try {
      const test = await body(api.POST("/api/backtests", { body: request(strategy, draft) }));
      done(m("tests.started"));
      onMade(test);
    } catch (error) {
      setProblem(asFailure(error).detail);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void send(event)} aria-label={m("tests.new")}>
      <div className="new-pair">
        {draft.symbols.map((symbol, i) => (
          <TextField key={i} label={m("new.market")} value={symbol} onChange={(value) => change({ symbols: draft.symbols.map((each, at) => (at === i ? value.trim().toUpperCase() : each)) })} list="test-symbols" autoComplete="off" spellCheck={false} required />
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
      {strategy.params.length > 0 ? <h3>{m("new.params")}</h3> : null}
      <div className="new-params">
        {strategy.params.map((param) => (
          <ParamField key={param.name} param={param} value={draft.params[param.name] ?? ""} onChange={(value) => change({ params: { ...draft.params, [param.name]: value } })} />
        ))}
      </div>
      {problem ? (
        <p className="form-problem" role="alert">
          {problem}
        </p>
      ) : null}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {t("action.cancel")}
        </button>
        <button type="submit" className="button ink" disabled={busy || wrong}>
          {m("tests.start")}
        </button>
      </div>
    </form>
  );
}
