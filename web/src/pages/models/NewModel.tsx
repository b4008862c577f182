/** Asking for a model: what learns, on which market's past, how far it shall see. */
import { useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { selectMarkets } from "../../app/desk";
import { useApp } from "../../app/store";
import { Dialog } from "../../parts/Dialog";
import { TextField } from "../../parts/Field";
import { useModelText } from "../../text/models";
import { FormFrame, INTERVALS, Said, Select } from "../strategies/form";
import { words } from "../strategies/params";
import { ALGORITHMS } from "./model";
import type { Model } from "./model";

/** Bounds as the server has them. */
const [DAYS_MAX, HORIZON_MAX, EPOCHS_MAX, HIDDEN_MAX, LIMIT_MAX] = [3_650, 500, 1_000, 512, 86_400];

export function NewModel({ open, onClose, onMade, taken }: { open: boolean; onClose: () => void; onMade: (model: Model) => void; taken: readonly string[] }) {
  const m = useModelText();
  return (
    <Dialog open={open} onClose={onClose} label={m("model.new")} className="new-dialog">
      <h2>{m("model.new")}</h2>
      <Form onClose={onClose} onMade={onMade} taken={taken} />
    </Dialog>
  );
}

function Form({ onClose, onMade, taken }: { onClose: () => void; onMade: (model: Model) => void; taken: readonly string[] }) {
  const m = useModelText();
  const { done } = useActions();
  const symbols = [...useApp(selectMarkets).keys()];
  const preferred = useApp((state) => state.settings.symbol);
  const [draft, setDraft] = useState({ name: "", algorithm: "auto", symbol: preferred, interval: "15m", days: "30", horizon: "24", search: false, epochs: "8", hidden: "32", limit: "120" });
  const change = (part: Partial<typeof draft>) => setDraft((now) => ({ ...now, ...part }));
  const learns = draft.algorithm === "lstm" || draft.algorithm === "auto";
  const whole = (text: string, most: number, label: string): number => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : 0;
    if (value < 1 || value > most) throw new Said(m("model.whole", { label, most }));
    return value;
  };
  const proposed = () => {
    const base = `${draft.algorithm.toUpperCase()} ${draft.symbol} ${draft.interval}`.slice(0, 34);
    for (let n = 1; ; n += 1) {
      const name = n === 1 ? base : `${base} ${n}`;
      if (!taken.includes(name)) return name;
    }
  };
  const send = async () => {
    const request = {
      name: draft.name.trim() || proposed(),
      algorithm: draft.algorithm,
      symbols: draft.symbol.split(/[\s,]+/).filter((symbol) => symbol !== ""),
      interval: draft.interval,
      days: whole(draft.days, DAYS_MAX, m("model.days")),
      horizon: whole(draft.horizon, HORIZON_MAX, m("model.horizon")),
      search: draft.search,
      limit_s: whole(draft.limit, LIMIT_MAX, m("model.limit")),
      seed: 1,
      priority: 0,
      epochs: learns ? whole(draft.epochs, EPOCHS_MAX, m("model.epochs")) : 8,
      hidden: learns ? whole(draft.hidden, HIDDEN_MAX, m("model.hidden")) : 32,
      train: true,
    };
    const model = await body(api.POST("/api/ml/models", { body: request }));
    done(m("model.started", { name: model.name }));
    onMade(model);
  };
  const field = (name: "days" | "horizon" | "epochs" | "hidden" | "limit") => <TextField label={m(`model.${name}`)} value={draft[name]} onChange={(value) => change({ [name]: value })} inputMode="numeric" autoComplete="off" />;
  return (
    <FormFrame label={m("model.new")} act={m("model.train")} onSend={send} onClose={onClose}>
      <Select label={m("model.algorithm")} value={draft.algorithm} options={ALGORITHMS} shown={(name) => (name === "auto" ? m("model.auto") : algorithmWord(name))} onChange={(algorithm) => change({ algorithm })} />
      <p className="new-about small soft">{m(`model.about.${draft.algorithm as (typeof ALGORITHMS)[number]}`)}</p>
      <div className="new-pair">
        <TextField label={m("model.markets")} value={draft.symbol} onChange={(symbol) => change({ symbol: symbol.toUpperCase() })} list="model-symbols" autoComplete="off" spellCheck={false} required />
        <Select label={m("model.bars")} value={draft.interval} options={INTERVALS} onChange={(interval) => change({ interval })} />
        {field("days")}
        {field("horizon")}
        {learns ? field("epochs") : null}
        {learns ? field("hidden") : null}
        {field("limit")}
        <TextField label={m("model.name")} value={draft.name} onChange={(name) => change({ name })} maxLength={40} autoComplete="off" placeholder={proposed()} />
      </div>
      <datalist id="model-symbols">
        {symbols.map((symbol) => (
          <option key={symbol} value={symbol} />
        ))}
      </datalist>
      <label className="check-line">
        <input type="checkbox" checked={draft.search} onChange={(event) => change({ search: event.target.checked })} /> {m("model.search")}
      </label>
    </FormFrame>
  );
}

/** Abbreviations stay in capitals. */
export function algorithmWord(name: string): string {
  return ["arima", "ets", "lstm"].includes(name) ? name.toUpperCase() : words(name);
}
