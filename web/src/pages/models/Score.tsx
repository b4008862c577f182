/** Is it any better than repeating the last price? On bars that the training had not seen, and with the forecasts made since. */
import { useCallback } from "react";
import { api, body } from "../../api/client";
import { useReading } from "../../app/reading";
import { Empty } from "../../parts/states";
import { useModelText } from "../../text/models";
import { percent } from "../backtests/result";
import { rounded, scores } from "./model";
import type { LiveScores, Model, Scores } from "./model";

/** What an interval that should hold 80 % of values may hold and still be called honest. */
const [COVERAGE_LOW, COVERAGE_HIGH] = [0.74, 0.88];
const EVERY = 15_000;

const share = (value: number | null | undefined) => (value == null ? "–" : `${(value * 100).toFixed(1)}%`);
const honest = (value: number) => value >= COVERAGE_LOW && value <= COVERAGE_HIGH;

function Compared({ it }: { it: Scores }) {
  const m = useModelText();
  const rows: [string, number, number][] = [
    [m("model.mae"), it.mae, it.naive.mae],
    [m("model.rmse"), it.rmse, it.naive.rmse],
    [m("model.pinball"), it.pinball, it.naive.pinball],
  ];
  return (
    <table className="score-table">
      <thead>
        <tr>
          <th scope="col">{m("model.error")}</th>
          <th scope="col">{m("model.ofModel")}</th>
          <th scope="col">{m("model.ofNaive")}</th>
          <th scope="col">{m("model.skill")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, own, naive]) => {
          const skill = naive > 0 ? (1 - own / naive) * 100 : 0;
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{rounded(own)}</td>
              <td className="faint">{rounded(naive)}</td>
              <td className={skill > 0.05 ? "up" : skill < -0.05 ? "down" : ""}>{percent(skill)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How much of the truth the 80 % interval held: a bar with the promise marked on it. */
function Coverage({ value }: { value: number }) {
  const m = useModelText();
  return (
    <div className="coverage">
      <span className="soft">{m("model.coverage")}</span>
      <span className="coverage-bar" role="img" aria-label={m("model.coverageSay", { value: share(value) })}>
        <i data-state={honest(value) ? "ok" : "warn"} style={{ width: `${Math.min(100, value * 100)}%` }} />
        <b />
      </span>
      <span className={honest(value) ? "" : "warn"}>
        {honest(value) ? "" : "! "}
        {share(value)}
      </span>
    </div>
  );
}

function Live({ live }: { live: LiveScores }) {
  const m = useModelText();
  if (live.count === 0) return <p className="small faint">{m("model.liveNone")}</p>;
  return (
    <dl className="facts">
      <dt>{m("model.liveCount")}</dt>
      <dd>{live.count.toLocaleString("en-US")}</dd>
      <dt>{m("model.mae")}</dt>
      <dd>
        {live.mae == null ? "–" : rounded(live.mae)} {live.mae_ratio == null ? null : <span className={live.mae_ratio < 1 ? "up" : "down"}>{percent((1 - live.mae_ratio) * 100)}</span>}
      </dd>
      <dt>{m("model.direction")}</dt>
      <dd>{share(live.direction)}</dd>
      <dt>{m("model.coverage")}</dt>
      <dd>{share(live.coverage)}</dd>
    </dl>
  );
}

export function ScoreCard({ model }: { model: Model }) {
  const m = useModelText();
  const it = scores(model);
  const read = useCallback(() => body(api.GET("/api/ml/models/{model_id}/metrics", { params: { path: { model_id: model.id } } })), [model.id]);
  const { value } = useReading(read, EVERY);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("model.score")}</h2>
        {it ? <span className="faint">{m("model.scoreOn", { n: it.count })}</span> : null}
      </div>
      {it ? (
        <div className="score">
          <Compared it={it} />
          <Coverage value={it.coverage} />
          <dl className="facts">
            <dt>{m("model.direction")}</dt>
            <dd>{share(it.direction)}</dd>
          </dl>
          <p className="small soft">{it.verdict}</p>
          <h3>{m("model.live")}</h3>
          {value ? <Live live={value.live} /> : null}
          <p className="small faint">{m("model.skillText")}</p>
        </div>
      ) : (
        <Empty>{m("model.scoreNone")}</Empty>
      )}
    </section>
  );
}
