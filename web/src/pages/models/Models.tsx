/** Models: what is trained and how far, what each forecasts, and whether it is any better than repeating the last price. */
import { useCallback, useEffect, useMemo, useState } from "react";
import { useLocation, useParams } from "wouter";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { useReading } from "../../app/reading";
import { useLink } from "../../market/link";
import { DeleteDialog } from "../../parts/DeleteDialog";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { useUpdated } from "../../parts/Shell";
import { useModelText } from "../../text/models";
import type { ModelText } from "../../text/models";
import { percent } from "../backtests/result";
import { ForecastCard } from "./Forecast";
import { Loss } from "./Loss";
import { facts, isTraining, left, scores, withLoss } from "./model";
import type { Model } from "./model";
import { algorithmWord, NewModel } from "./NewModel";
import { ScoreCard } from "./Score";
import "./models.css";

/** Without the stream: how often is asked, ms. */
const [EVERY_TRAINING, EVERY] = [1_000, 6_000];
const readModels = () => body(api.GET("/api/ml/models"));

function stateWord(m: ModelText, status: string): string {
  switch (status) {
    case "new":
      return m("model.status.new");
    case "queued":
      return m("model.status.queued");
    case "running":
      return m("model.status.running");
    case "trained":
      return m("model.status.trained");
    case "cancelled":
      return m("model.status.cancelled");
    case "timed-out":
      return m("model.status.timedOut");
    case "interrupted":
      return m("model.status.interrupted");
    default:
      return m("model.status.failed");
  }
}

const DOTS: Record<string, string> = { trained: "on", running: "busy", queued: "busy", failed: "crit", "timed-out": "warn", interrupted: "warn" };

function Lede({ models }: { models: readonly Model[] }) {
  const m = useModelText();
  const training = models.find((model) => model.status === "running") ?? models.find(isTraining);
  const judged = models.map(scores).filter((score) => score !== null);
  const better = judged.filter((score) => score.skill > 0.5).length;
  const rest = left(training?.training);
  return (
    <p className="lede">
      {training ? m(rest ? "model.ledeTrainingLeft" : "model.ledeTraining", { name: training.name, left: rest ?? "" }) : null}
      {judged.length === 0 ? (training ? "" : m("model.ledeNone")) : m(better === 0 ? "model.ledeWorse" : "model.ledeBetter", { n: judged.length, better })}
    </p>
  );
}

function Row({ model, chosen, onChoose }: { model: Model; chosen: boolean; onChoose: (id: string) => void }) {
  const m = useModelText();
  const skill = scores(model)?.skill;
  const busy = isTraining(model);
  return (
    <li>
      <button type="button" className="model-row" aria-current={chosen ? "true" : undefined} onClick={() => onChoose(model.id)}>
        <span>
          <b className="strong">{model.name}</b> <span className="faint">{algorithmWord(model.algorithm)}</span>
        </span>
        <span className={`right ${skill === undefined || Math.abs(skill) < 0.05 ? "faint" : skill > 0 ? "up" : "down"}`}>{skill === undefined ? "–" : percent(skill)}</span>
        <span className="dot small soft" data-state={DOTS[model.status] ?? "off"}>
          {stateWord(m, model.status)}
          {model.version > 0 ? ` · v${model.version}` : ""} · {model.symbols.join(", ")} {model.interval}
        </span>
        <span className="right small faint">{m("model.skill")}</span>
        {busy ? <progress max={1} value={model.status === "running" ? (model.training?.share ?? 0) : 0} aria-label={m("model.progress", { name: model.name })} /> : null}
      </button>
    </li>
  );
}

/** Losses seen since the page was opened, by model: the server tells the last one only. */
function useLosses(models: readonly Model[] | null): ReadonlyMap<string, readonly number[]> {
  const [losses, setLosses] = useState<ReadonlyMap<string, readonly number[]>>(new Map());
  useEffect(() => {
    if (!models) return;
    setLosses((now) => {
      const changed = models.filter((model) => model.training && withLoss(now.get(model.id) ?? [], model.training.loss) !== (now.get(model.id) ?? now));
      const next = new Map(now);
      for (const model of changed) {
        const line = withLoss(now.get(model.id) ?? [], model.training?.loss);
        if (line.length > 0) next.set(model.id, line);
      }
      return next;
    });
  }, [models]);
  return losses;
}

/** What was asked for and is worth a line. */
const [ASKED, OF_NETWORKS] = [["days", "horizon", "search"], ["epochs", "hidden"]];

function TrainingCard({ model, losses, act }: { model: Model; losses: readonly number[]; act: (what: "train" | "cancel" | "delete") => void }) {
  const m = useModelText();
  const lost = useLink().way === "lost";
  const busy = isTraining(model);
  const training = model.training;
  const learns = model.algorithm === "lstm";
  const asked = facts(model.params).filter(([name]) => ASKED.includes(name) || (learns && OF_NETWORKS.includes(name)));
  const fitted = facts((model.metrics as Record<string, unknown>)["params"]);
  const button = (what: "train" | "cancel" | "delete", word: string) => (
    <button type="button" className="button small-button" disabled={lost} onClick={() => act(what)}>
      {word}
    </button>
  );
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("model.training")}</h2>
        <span className="dot small soft" data-state={DOTS[model.status] ?? "off"}>
          {busy && training ? training.stage : stateWord(m, model.status)}
        </span>
        <span className="fill" />
        {busy ? button("cancel", m("model.cancel")) : button("train", m("model.again"))}
        {busy ? null : button("delete", m("model.delete"))}
      </div>
      {busy ? (
        <div className="model-progress">
          <progress max={1} value={training?.share ?? 0} aria-label={m("model.progress", { name: model.name })} />
          <span className="faint small">
            {Math.round((training?.share ?? 0) * 100)}%{left(training) ? ` · ${m("model.left", { left: left(training) ?? "" })}` : ""}
          </span>
        </div>
      ) : null}
      {training?.error ? <p className="model-error warn small">{training.error}</p> : null}
      <Loss values={losses} label={m("model.lossSay", { n: losses.length })} />
      <dl className="facts model-facts">
        {training?.loss == null ? null : <Fact name={m("model.loss")} value={String(Number(training.loss.toPrecision(4)))} />}
        {fitted.slice(0, 12).map(([name, value]) => (
          <Fact key={`f-${name}`} name={name} value={value} />
        ))}
        {asked.map(([name, value]) => (
          <Fact key={`a-${name}`} name={m("model.asked", { name: name.replaceAll("_", " ") })} value={value} />
        ))}
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name.replaceAll("_", " ")}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Chosen({ model, losses, again }: { model: Model; losses: readonly number[]; again: () => void }) {
  const m = useModelText();
  const { done, failed } = useActions();
  const [deleting, setDeleting] = useState(false);
  const params = { params: { path: { model_id: model.id } } };
  const act = async (what: "train" | "cancel" | "delete") => {
    if (what === "delete") return setDeleting(true);
    try {
      await body(what === "train" ? api.POST("/api/ml/models/{model_id}/train", params) : api.POST("/api/ml/models/{model_id}/cancel", params));
      done(m(what === "train" ? "model.started" : "model.cancelled", { name: model.name }));
    } catch (error) {
      failed(m("model.notDone"), error);
    }
    again();
  };
  const remove = async () => {
    try {
      await body(api.DELETE("/api/ml/models/{model_id}", params));
      done(m("model.deleted", { name: model.name }));
    } catch (error) {
      failed(m("model.notDone"), error);
    }
    again();
  };
  return (
    <div className="stack">
      <ForecastCard key={`${model.id}-${model.version}`} model={model} />
      <div className="model-cards">
        <TrainingCard model={model} losses={losses} act={(what) => void act(what)} />
        <ScoreCard key={`${model.id}-${model.version}`} model={model} />
      </div>
      <DeleteDialog open={deleting} onClose={() => setDeleting(false)} title={m("model.deleteTitle", { name: model.name })} text={m("model.deleteText")} name={model.name} onDelete={() => void remove()} />
    </div>
  );
}

export default function Models() {
  const m = useModelText();
  const [, go] = useLocation();
  const { id } = useParams<{ id?: string }>();
  const [busy, setBusy] = useState(false);
  const { value, failed, at, again } = useReading(readModels, busy ? EVERY_TRAINING : EVERY, "jobs");
  useUpdated(at);
  const [making, setMaking] = useState(false);
  const choose = useCallback((model: string) => go(`/models/${model}`), [go]);
  const models = useMemo(() => value ?? [], [value]);
  useEffect(() => setBusy(models.some(isTraining)), [models]);
  const losses = useLosses(value);
  const chosen = models.find((model) => model.id === id) ?? models.find(isTraining) ?? models[0];
  return (
    <div className="page">
      {models.length > 0 ? <Lede models={models} /> : null}
      {failed ? <ErrorNote what={m("model.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      <div className="models">
        <section className="card">
          <div className="card-head">
            <h2>{m("model.list")}</h2>
            <span className="fill" />
            <button type="button" className="button ink small-button" onClick={() => setMaking(true)}>
              {m("model.trainNew")}
            </button>
          </div>
          {value === null && !failed ? <Loading rows={3} /> : null}
          {value && models.length === 0 ? <Empty command="tradewind model train --algorithm auto --symbol BTCUSDT --interval 15m">{m("model.empty")}</Empty> : null}
          <ul>
            {models.map((model) => (
              <Row key={model.id} model={model} chosen={model.id === chosen?.id} onChoose={choose} />
            ))}
          </ul>
        </section>
        {chosen ? <Chosen key={chosen.id} model={chosen} losses={losses.get(chosen.id) ?? []} again={again} /> : null}
      </div>
      <NewModel
        open={making}
        onClose={() => setMaking(false)}
        taken={models.map((model) => model.name)}
        onMade={(model) => {
          setMaking(false);
          again();
          choose(model.id);
        }}
      />
    </div>
  );
}
