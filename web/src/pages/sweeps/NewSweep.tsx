/** Asking for a sweep: which parameters vary over which values, what is looked for, over which past. */
import { useState } from "react";
import type { FormEvent } from "react";
import { api, body } from "../../api/client";
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
import { INTERVALS, readStrategies, Select } from "../bots/NewBot";
import { words } from "../bots/bot";
import type { Strategy } from "../bots/bot";
import type { Sweep } from "./kept";

const OBJECTIVES = ["sharpe", "return", "return-over-drawdown"];

export function NewSweep({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (sweep: Sweep) => void }) {
  const m = useMore();
  return (
    <Dialog open={open} onClose={onClose} label={m("sweep.new")} className="new-bot">
      <Load onClose={onClose} onMade={onMade} />
    </Dialog>
  );
}

function Load({ onClose, onMade }: { onClose: () => void; onMade: (sweep: Sweep) => void }) {
  const m = useMore();
  const { value, failed, again } = useReading(readStrategies);
  const [name, setName] = useState("ema-cross");
  const strategy = value?.find((each) => each.name === name) ?? value?.[0];
  if (failed && !value) return <ErrorNote what={m("new.strategiesFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (!value || !strategy) return <Loading rows={5} />;
  return (
    <>
      <h2>{m("sweep.new")}</h2>
      <Select label={m("new.strategy")} value={strategy.name} options={value.filter((each) => each.markets_min === 1).map((each) => each.name)} shown={words} onChange={setName} />
      <Form key={strategy.name} strategy={strategy} onClose={onClose} onMade={onMade} />
    </>
  );
}

function Form({ strategy, onClose, onMade }: { strategy: Strategy; onClose: () => void; onMade: (sweep: Sweep) => void }) {
  const t = useText();
  const m = useMore();
  const { done } = useActions();
  const symbols = [...useApp(selectMarkets).keys()];
  const preferred = useApp((state) => state.settings.symbol);
  const [symbol, setSymbol] = useState(preferred);
  const [interval, setInterval] = useState("1m");
  const [objective, setObjective] = useState("sharpe");
  const [walk, setWalk] = useState("");
  const [grid, setGrid] = useState<Readonly<Record<string, string>>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const varied = Object.entries(grid).filter(([, values]) => values.trim() !== "");
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (varied.length === 0) {
      setProblem(m("sweep.needs"));
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const steps = /^\d+$/.test(walk.trim()) ? { walk_forward: Number(walk) } : {};
      const request = { strategy: strategy.name, symbol, interval, objective, grid: Object.fromEntries(varied.map(([name, values]) => [name, values.trim()])), ...steps };
      const sweep = await body(api.POST("/api/sweeps", { body: request }));
      done(m("sweep.started"));
      onMade(sweep);
    } catch (error) {
      setProblem(asFailure(error).detail);
    } finally {
      setBusy(false);
    }
  };
  const numbers = strategy.params.filter((param) => param.kind !== "text");
  return (
    <form onSubmit={(event) => void send(event)} aria-label={m("sweep.new")}>
      <div className="new-pair">
        <Select label={m("new.market")} value={symbol} options={symbols} onChange={setSymbol} />
        <Select label={m("new.interval")} value={interval} options={INTERVALS} onChange={setInterval} />
        <Select label={m("sweep.objective")} value={objective} options={OBJECTIVES} shown={words} onChange={setObjective} />
        <TextField label={m("sweep.walk")} value={walk} onChange={setWalk} inputMode="numeric" autoComplete="off" />
      </div>
      <p className="soft small">{m("sweep.vary")}</p>
      <div className="new-params">
        {numbers.map((param) => (
          <TextField key={param.name} label={words(param.name)} value={grid[param.name] ?? ""} onChange={(values) => setGrid((now) => ({ ...now, [param.name]: values }))} placeholder={param.default} hint={param.doc} autoComplete="off" spellCheck={false} />
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
        <button type="submit" className="button ink" disabled={busy}>
          {m("tests.start")}
        </button>
      </div>
    </form>
  );
}
