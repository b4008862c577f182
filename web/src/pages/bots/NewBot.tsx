/** Making a bot: a strategy with its documented parameters, its markets, its money, its limits. */
import { useId, useMemo, useState } from "react";
import type { FormEvent } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { selectMarkets } from "../../app/desk";
import { useReading } from "../../app/reading";
import { useApp } from "../../app/store";
import { asFailure } from "../../api/problem";
import { Dialog } from "../../parts/Dialog";
import { TextField } from "../../parts/Field";
import { ErrorNote, Loading } from "../../parts/states";
import { useText } from "../../text";
import { useMore } from "../../text/more";
import type { MoreText } from "../../text/more";
import { paramFault, request, words } from "./bot";
import type { Bot, BotDraft, Param, Strategy } from "./bot";
import "./form.css";

export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"];
export const readStrategies = () => body(api.GET("/api/strategies"));
/** What a bot starts with unless something else is typed. */
const FUNDS_DEFAULT = "10000";

export function NewBot({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (bot: Bot) => void }) {
  const m = useMore();
  return (
    <Dialog open={open} onClose={onClose} label={m("new.title")} className="new-bot">
      <Load onClose={onClose} onMade={onMade} />
    </Dialog>
  );
}

function Load({ onClose, onMade }: { onClose: () => void; onMade: (bot: Bot) => void }) {
  const m = useMore();
  const { value, failed, again } = useReading(readStrategies);
  const [name, setName] = useState("");
  const strategy = value?.find((each) => each.name === name) ?? value?.[0];
  if (failed && !value) return <ErrorNote what={m("new.strategiesFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (!value || !strategy) return <Loading rows={5} />;
  return (
    <>
      <h2>{m("new.title")}</h2>
      <Select label={m("new.strategy")} value={strategy.name} options={value.map((each) => each.name)} shown={words} onChange={setName} />
      <div className="new-about small">
        <p>{strategy.summary}</p>
        <p className="faint">{m("new.fails", { text: strategy.fails })}</p>
        <p className="faint">{m("new.source", { text: strategy.source })}</p>
      </div>
      <Form key={strategy.name} strategy={strategy} onClose={onClose} onMade={onMade} />
    </>
  );
}

export function Select({ label, value, options, onChange, shown = (text) => text }: { label: string; value: string; options: readonly string[]; onChange: (value: string) => void; shown?: (value: string) => string }) {
  const id = useId();
  return (
    <div className="text-field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="select" value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {shown(option)}
          </option>
        ))}
      </select>
    </div>
  );
}

function faultText(m: MoreText, t: ReturnType<typeof useText>, param: Param, text: string): string | null {
  const fault = paramFault(param, text);
  if (fault === null) return null;
  if (fault === "range") return m("new.range", { min: param.min ?? "−∞", max: param.max ?? "∞" });
  return fault === "whole" ? t("fault.step", { step: 1 }) : t("fault.unreadable");
}

export function ParamField({ param, value, onChange }: { param: Param; value: string; onChange: (value: string) => void }) {
  const t = useText();
  const m = useMore();
  if (param.choices.length > 0) return <Select label={words(param.name)} value={value || param.default} options={param.choices} onChange={onChange} />;
  return (
    <TextField
      label={words(param.name)}
      value={value}
      onChange={onChange}
      placeholder={param.default}
      autoComplete="off"
      spellCheck={false}
      hint={param.doc}
      problem={faultText(m, t, param, value)}
    />
  );
}

function useDraft(strategy: Strategy) {
  const markets = useApp(selectMarkets);
  const preferred = useApp((state) => state.settings.symbol);
  const symbols = useMemo(() => [...markets.keys()], [markets]);
  const start = (): BotDraft => {
    const others = [preferred, ...symbols.filter((symbol) => symbol !== preferred)];
    const chosen = others.slice(0, Math.max(1, strategy.markets_min)).map((symbol) => ({ symbol, interval: "1m" }));
    return { name: "", markets: chosen, params: {}, funds: {}, drawdown: "", daily: "", position: "" };
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
  const t = useText();
  const m = useMore();
  const { done } = useActions();
  const { draft, change, symbols, assets, first } = useDraft(strategy);
  const [key] = useState(() => crypto.randomUUID());
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const funds = (asset: string) => draft.funds[asset] ?? (asset === first?.quote ? FUNDS_DEFAULT : "");
  const wrong = strategy.params.some((param) => paramFault(param, draft.params[param.name] ?? "") !== null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || wrong) return;
    setBusy(true);
    setProblem(null);
    try {
      const whole = { ...draft, funds: Object.fromEntries(assets.map((asset) => [asset, funds(asset)])) };
      const bot = await body(api.POST("/api/bots", { body: request(strategy, whole), params: { header: { "Idempotency-Key": key } } }));
      done(m("new.made", { name: bot.name }));
      onMade(bot);
    } catch (error) {
      setProblem(asFailure(error).detail);
    } finally {
      setBusy(false);
    }
  };
  const market = (i: number, part: Partial<BotDraft["markets"][number]>) => change({ markets: draft.markets.map((each, at) => (at === i ? { ...each, ...part } : each)) });
  return (
    <form onSubmit={(event) => void send(event)} aria-label={m("new.title")}>
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
      {strategy.params.length > 0 ? <h3>{m("new.params")}</h3> : null}
      <div className="new-params">
        {strategy.params.map((param) => (
          <ParamField key={param.name} param={param} value={draft.params[param.name] ?? ""} onChange={(value) => change({ params: { ...draft.params, [param.name]: value } })} />
        ))}
      </div>
      <details>
        <summary className="soft">{m("new.limits")}</summary>
        <div className="new-params">
          <TextField label={m("new.drawdown")} value={draft.drawdown} onChange={(drawdown) => change({ drawdown })} inputMode="decimal" autoComplete="off" />
          <TextField label={m("new.daily", { asset: first?.quote ?? "" })} value={draft.daily} onChange={(daily) => change({ daily })} inputMode="decimal" autoComplete="off" />
          <TextField label={m("new.position", { asset: first?.base ?? "" })} value={draft.position} onChange={(position) => change({ position })} inputMode="decimal" autoComplete="off" />
        </div>
      </details>
      <TextField label={m("new.name")} value={draft.name} onChange={(name) => change({ name })} autoComplete="off" maxLength={40} />
      {problem ? (
        <p className="form-problem" role="alert">
          {m("new.failed")} {problem}
        </p>
      ) : null}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {t("action.cancel")}
        </button>
        <button type="submit" className="button ink" disabled={busy || wrong}>
          {m("new.make")}
        </button>
      </div>
    </form>
  );
}
