/** Asking for a sweep: which parameters vary over which values, what is looked for, over which past. */
import { useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { selectMarkets } from "../../app/desk";
import { useApp } from "../../app/store";
import { TextField } from "../../parts/Field";
import { useMore } from "../../text/more";
import { BracketFields, bracketOf, isBracketFaulty, NO_BRACKET } from "../strategies/bracket";
import { FormFrame, INTERVALS, ParamFields, Said, Select, StrategyDialog } from "../strategies/form";
import { filledIn, words } from "../strategies/params";
import type { Params, Strategy } from "../strategies/params";
import type { Sweep } from "./kept";

const OBJECTIVES = ["sharpe", "return", "return-over-drawdown"];
const ofOneMarket = (strategy: Strategy) => strategy.markets_min === 1;

export function NewSweep({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (sweep: Sweep) => void }) {
  const m = useMore();
  return (
    <StrategyDialog open={open} onClose={onClose} title={m("sweep.new")} suits={ofOneMarket}>
      {(strategy) => <Form strategy={strategy} onClose={onClose} onMade={onMade} />}
    </StrategyDialog>
  );
}

function Form({ strategy, onClose, onMade }: { strategy: Strategy; onClose: () => void; onMade: (sweep: Sweep) => void }) {
  const m = useMore();
  const { done } = useActions();
  const symbols = [...useApp(selectMarkets).keys()];
  const preferred = useApp((state) => state.settings.symbol);
  const [symbol, setSymbol] = useState(preferred);
  const [interval, setInterval] = useState("1m");
  const [objective, setObjective] = useState("sharpe");
  const [walk, setWalk] = useState("");
  const [values, setValues] = useState<Params>({});
  const [bracket, setBracket] = useState(NO_BRACKET);
  const send = async () => {
    const grid = filledIn(values).params;
    if (!grid) throw new Said(m("sweep.needs"));
    const steps = /^\d+$/.test(walk.trim()) ? { walk_forward: Number(walk) } : {};
    const sweep = await body(api.POST("/api/sweeps", { body: { strategy: strategy.name, symbol, interval, objective, grid, ...bracketOf(bracket), ...steps } }));
    done(m("sweep.started"));
    onMade(sweep);
  };
  return (
    <FormFrame label={m("sweep.new")} act={m("tests.start")} blocked={isBracketFaulty(bracket)} onSend={send} onClose={onClose}>
      <div className="new-pair">
        <Select label={m("new.market")} value={symbol} options={symbols} onChange={setSymbol} />
        <Select label={m("new.interval")} value={interval} options={INTERVALS} onChange={setInterval} />
        <Select label={m("sweep.objective")} value={objective} options={OBJECTIVES} shown={words} onChange={setObjective} />
        <TextField label={m("sweep.walk")} value={walk} onChange={setWalk} inputMode="numeric" autoComplete="off" />
      </div>
      <ParamFields strategy={strategy} params={values} onChange={setValues} ranges />
      <BracketFields bracket={bracket} onChange={setBracket} />
    </FormFrame>
  );
}
