/** What every form about a strategy is made of: the strategy with what it is, its parameters, and a frame that sends once and says what was wrong. */
import { useId, useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { api, body } from "../../api/client";
import { asFailure } from "../../api/problem";
import { useReading } from "../../app/reading";
import { Dialog } from "../../parts/Dialog";
import { TextField } from "../../parts/Field";
import { ErrorNote, Loading } from "../../parts/states";
import { useText } from "../../text/lists";
import { useMore } from "../../text/more";
import { paramFault, words } from "./params";
import type { Param, Params, Strategy } from "./params";
import "./form.css";

export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"];
const FIRST = "ema-cross";
const readStrategies = () => body(api.GET("/api/strategies"));

/** A dialog that begins with the choice of a strategy; `suits` leaves out those that the rest of the form is not for. */
export function StrategyDialog({ open, onClose, title, suits, children }: { open: boolean; onClose: () => void; title: string; suits?: (strategy: Strategy) => boolean; children: (strategy: Strategy) => ReactNode }) {
  return (
    <Dialog open={open} onClose={onClose} label={title} className="new-dialog">
      <h2>{title}</h2>
      <Chosen suits={suits}>{children}</Chosen>
    </Dialog>
  );
}

function Chosen({ suits, children }: { suits: ((strategy: Strategy) => boolean) | undefined; children: (strategy: Strategy) => ReactNode }) {
  const m = useMore();
  const { value, failed, again } = useReading(readStrategies);
  const [name, setName] = useState(FIRST);
  const fitting = suits ? value?.filter(suits) : value;
  const strategy = fitting?.find((each) => each.name === name) ?? fitting?.[0];
  if (failed && !value) return <ErrorNote what={m("new.strategiesFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (!fitting || !strategy) return <Loading rows={5} />;
  return (
    <>
      <Select label={m("new.strategy")} value={strategy.name} options={fitting.map((each) => each.name)} shown={words} onChange={setName} />
      <div className="new-about small">
        <p>{strategy.summary}</p>
        <p className="faint">{m("new.fails", { text: strategy.fails })}</p>
        <p className="faint">{m("new.source", { text: strategy.source })}</p>
      </div>
      <div key={strategy.name}>{children(strategy)}</div>
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

/** Parameters to be given a value each; with `ranges`, to be given values to try instead: the numbers among them, as free text. */
export function ParamFields({ strategy, params, onChange, ranges = false }: { strategy: Strategy; params: Params; onChange: (params: Params) => void; ranges?: boolean }) {
  const t = useText();
  const m = useMore();
  const shown = ranges ? strategy.params.filter((param) => param.kind !== "text") : strategy.params;
  const problem = (param: Param): string | null => {
    const fault = ranges ? null : paramFault(param, params[param.name] ?? "");
    if (fault === null) return null;
    if (fault === "range") return m("new.range", { min: param.min ?? "−∞", max: param.max ?? "∞" });
    return fault === "whole" ? t("fault.step", { step: 1 }) : t("fault.unreadable");
  };
  const field = (param: Param) => {
    const value = params[param.name] ?? "";
    const change = (text: string) => onChange({ ...params, [param.name]: text });
    if (!ranges && param.choices.length > 0) return <Select key={param.name} label={words(param.name)} value={value || param.default} options={param.choices} onChange={change} />;
    return <TextField key={param.name} label={words(param.name)} value={value} onChange={change} placeholder={param.default} autoComplete="off" spellCheck={false} hint={param.doc} problem={problem(param)} />;
  };
  if (shown.length === 0) return null;
  return (
    <>
      {ranges ? <p className="soft small">{m("sweep.vary")}</p> : <h3>{m("new.params")}</h3>}
      <div className="new-params">{shown.map(field)}</div>
    </>
  );
}

/** A form that is sent once at a time. What the server says against it stands above the buttons and nothing is lost. */
export function FormFrame({ label, act, blocked = false, onSend, onClose, children }: { label: string; act: string; blocked?: boolean; onSend: () => Promise<void>; onClose: () => void; children: ReactNode }) {
  const t = useText();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || blocked) return;
    setBusy(true);
    setProblem(null);
    try {
      await onSend();
    } catch (error) {
      setProblem(error instanceof Error && error.name === "Said" ? error.message : asFailure(error).detail);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="new-form" onSubmit={(event) => void send(event)} aria-label={label}>
      {children}
      {problem ? (
        <p className="form-problem" role="alert">
          {problem}
        </p>
      ) : null}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {t("action.cancel")}
        </button>
        <button type="submit" className="button ink" disabled={busy || blocked}>
          {act}
        </button>
      </div>
    </form>
  );
}

/** What the form itself has against being sent: thrown by `onSend`, shown like the server's words. */
export class Said extends Error {
  override readonly name = "Said";
}
