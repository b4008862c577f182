/** Sweeps over parameters: what was tried, the plateau against the peak, and how the choice fared on days it had not seen. */
import { useCallback, useMemo, useState } from "react";
import { useLocation, useParams } from "wouter";
import { api, body } from "../../api/client";
import { useReading } from "../../app/reading";
import { useApp } from "../../app/store";
import { CancelJob } from "../../parts/CancelJob";
import { Reasons } from "../../parts/Reasons";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { useUpdated } from "../../parts/Shell";
import { Table } from "../../parts/Table";
import type { Column } from "../../parts/Table";
import { useMore } from "../../text/more";
import { State, statusWord } from "../backtests/Backtests";
import { isOver, percent, plain } from "../backtests/result";
import { words } from "../strategies/params";
import { Heat } from "./Heat";
import { kept, named, sharpeOf } from "./kept";
import type { Fold, Kept, Sweep, Trial } from "./kept";
import { NewSweep } from "./NewSweep";
import "./sweeps.css";

const EVERY = 2_000;
const readSweeps = () => body(api.GET("/api/sweeps"));

function Lede({ it }: { it: Kept }) {
  const m = useMore();
  const { chosen } = it;
  if (!chosen) return <p className="lede">{m("sweep.none")}</p>;
  const same = chosen.point.every((place, i) => place === chosen.peak_point[i]);
  return (
    <p className="lede">
      {m("sweep.plateau", { n: it.trials.length, params: named(it, chosen.point), value: plain(chosen.value), around: plain(chosen.neighbours) })}
      {same ? null : m("sweep.peak", { value: plain(chosen.peak_value), around: plain(chosen.peak_neighbours) })}
    </p>
  );
}

function Trials({ it }: { it: Kept }) {
  const m = useMore();
  const rows = useMemo(() => [...it.trials].sort((a, b) => b.value - a.value), [it]);
  const columns = useMemo<Column<Trial>[]>(
    () => [
      ...it.axes.map(([name, values], i): Column<Trial> => ({ id: name, head: words(name), align: "right", by: (trial) => trial.point[i] ?? 0, cell: (trial) => values[trial.point[i] ?? 0] ?? "?" })),
      { id: "sharpe", head: m("tests.sharpe"), align: "right", by: (trial) => trial.sharpe, cell: (trial) => plain(trial.sharpe) },
      { id: "return", head: m("tests.return"), align: "right", by: (trial) => trial.total_return, cell: (trial) => <span className={trial.total_return > 0 ? "up" : trial.total_return < 0 ? "down" : ""}>{percent(trial.total_return * 100, 2)}</span> },
      { id: "drawdown", head: m("tests.drawdown"), align: "right", rank: 1, by: (trial) => trial.max_drawdown, cell: (trial) => percent(-Math.abs(trial.max_drawdown) * 100, 2) },
      { id: "trades", head: m("tests.trades"), align: "right", rank: 1, by: (trial) => trial.trades, cell: (trial) => trial.trades.toLocaleString("en-US") },
    ],
    [it, m],
  );
  return <Table columns={columns} rows={rows} id={(trial) => trial.point.join("-")} label={m("sweep.trials")} />;
}

/** The middle of the best neighbourhood beside the best single point: what each is worth, and what lies around it. */
function Choices({ it }: { it: Kept }) {
  const m = useMore();
  const { chosen } = it;
  if (!chosen) return null;
  const rows: [string, readonly number[], number, number][] = [
    [m("sweep.rowPlateau"), chosen.point, chosen.value, chosen.neighbours],
    [m("sweep.rowPeak"), chosen.peak_point, chosen.peak_value, chosen.peak_neighbours],
  ];
  return (
    <table className="choices">
      <thead>
        <tr>
          <th scope="col">
            <span className="hidden-text">{m("sweep.rowWhat")}</span>
          </th>
          <th scope="col">{m("bots.params")}</th>
          <th scope="col">{m("sweep.value")}</th>
          <th scope="col">{m("sweep.around")}</th>
          <th scope="col">{m("sweep.keeps")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, point, value, around]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="soft">{named(it, point)}</td>
            <td>{plain(value)}</td>
            <td>{plain(around)}</td>
            <td className={value > 0 && around / value < 0.5 ? "warn" : ""}>{value > 0 ? `${Math.round((around / value) * 100)}%` : "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Is the choice more than the luck of the best of many? */
function Trust({ it }: { it: Kept }) {
  const m = useMore();
  const chance = (value: number) => `${(value * 100).toFixed(1)}%`;
  const rows = [
    it.deflated === null ? null : { good: it.deflated >= 0.95, text: m("sweep.deflated", { n: it.distinct || it.trials.length }), detail: chance(it.deflated) },
    it.luck === null ? null : { good: (it.chosen ? sharpeOf(it) : 0) > it.luck, text: m("sweep.luck", { own: plain(sharpeOf(it)) }), detail: plain(it.luck) },
    it.overfit === null ? null : { good: it.overfit < 0.2, text: m("sweep.overfit"), detail: chance(it.overfit) },
  ].filter((row) => row !== null);
  if (rows.length === 0) return null;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("tests.trust")}</h2>
      </div>
      <Reasons rows={rows} />
    </section>
  );
}

function Folds({ it }: { it: Kept }) {
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  const date = useCallback((at: number) => new Date(at).toLocaleDateString(language === "en" ? "en-GB" : language, { day: "numeric", month: "short", timeZone: "UTC" }), [language]);
  const columns = useMemo<Column<Fold>[]>(
    () => [
      { id: "period", head: m("tests.period"), cell: (fold) => `${date(fold.test_from)} – ${date(fold.test_to)}` },
      { id: "params", head: m("bots.params"), cell: (fold) => <span className="soft">{fold.params.map(([name, value]) => `${name} ${value}`).join(", ")}</span>, rank: 1 },
      { id: "seen", head: m("sweep.seen"), align: "right", cell: (fold) => percent(fold.return_seen * 100, 2) },
      { id: "unseen", head: m("sweep.unseen"), align: "right", cell: (fold) => <span className={fold.return_unseen > 0 ? "up" : fold.return_unseen < 0 ? "down" : ""}>{percent(fold.return_unseen * 100, 2)}</span> },
    ],
    [m, date],
  );
  if (it.folds.length === 0) return null;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("sweep.folds")}</h2>
      </div>
      <Table columns={columns} rows={it.folds} id={(fold) => String(fold.test_from)} label={m("sweep.folds")} />
    </section>
  );
}

function Found({ id }: { id: string }) {
  const m = useMore();
  const read = useCallback(() => body(api.GET("/api/sweeps/{sweep_id}", { params: { path: { sweep_id: id } } })), [id]);
  const { value, failed, again } = useReading<Sweep>(read);
  const it = useMemo(() => kept(value), [value]);
  if (failed) return <ErrorNote what={m("sweep.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (!value) return <Loading rows={6} />;
  if (!it) return <p className="lede">{m("sweep.none")}</p>;
  const best = it.chosen;
  return (
    <>
      <Lede it={it} />
      <div className="columns">
        <section className="card">
          <div className="card-head">
            <h2>{m("sweep.heat", { objective: words(value.objective) })}</h2>
          </div>
          <div className="heat-box">
            <Heat it={it} label={m("sweep.heatSay", { n: it.trials.length, chosen: best ? named(it, best.point) : "–", best: best ? named(it, best.peak_point) : "–" })} />
          </div>
          <p className="heat-note soft small">{m("sweep.legend")}</p>
          <Choices it={it} />
        </section>
        <section className="card sweep-trials">
          <div className="card-head">
            <h2>{m("sweep.trials")}</h2>
            <span className="faint">{it.trials.length.toLocaleString("en-US")}</span>
          </div>
          <Trials it={it} />
        </section>
      </div>
      <Trust it={it} />
      <Folds it={it} />
    </>
  );
}

function SweepTable({ sweeps, chosen, onChoose }: { sweeps: readonly Sweep[]; chosen: string | undefined; onChoose: (id: string) => void }) {
  const m = useMore();
  const columns = useMemo<Column<Sweep>[]>(
    () => [
      {
        id: "name",
        head: m("new.strategy"),
        by: (sweep) => sweep.strategy,
        cell: (sweep) => (
          <button type="button" className="test-name" onClick={() => onChoose(sweep.id)}>
            <b className="strong">{words(sweep.strategy)}</b> <span className="faint">{sweep.symbol.replace(/^local:/, "")} {sweep.interval}</span>
          </button>
        ),
      },
      { id: "grid", head: m("bots.params"), cell: (sweep) => <span className="soft">{Object.entries(sweep.grid).map(([name, value]) => `${name} ${value}`).join(" · ")}</span>, rank: 2 },
      {
        id: "status",
        head: m("bots.state"),
        by: (sweep) => sweep.status,
        cell: (sweep) => <State of={sweep} />,
      },
      { id: "trials", head: m("sweep.trials"), align: "right", by: (sweep) => sweep.trials_planned, cell: (sweep) => sweep.trials_planned.toLocaleString("en-US") },
    ],
    [m, onChoose],
  );
  return <Table columns={columns} rows={sweeps} id={(sweep) => sweep.id} label={m("sweep.list")} selected={chosen ?? null} onSelect={(sweep) => onChoose(sweep.id)} />;
}

export default function Sweeps() {
  const m = useMore();
  const [, go] = useLocation();
  const { id } = useParams<{ id?: string }>();
  const { value, failed, at, again } = useReading(readSweeps, EVERY, "jobs");
  useUpdated(at);
  const [making, setMaking] = useState(false);
  const choose = useCallback((sweep: string) => go(`/sweeps/${sweep}`), [go]);
  const sweeps = value ?? [];
  const chosen = sweeps.find((sweep) => sweep.id === id) ?? sweeps.find((sweep) => sweep.status === "done") ?? sweeps[0];
  return (
    <div className="page">
      {chosen?.status === "done" ? <Found key={chosen.id} id={chosen.id} /> : null}
      {chosen?.error ? <ErrorNote what={statusWord(m, chosen.status)} detail={chosen.error} /> : null}
      {failed ? <ErrorNote what={m("sweep.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      <section className="card tests-card">
        <div className="card-head">
          <h2>{m("sweep.list")}</h2>
          <span className="fill" />
          {chosen && !isOver(chosen.status) ? <CancelJob job={chosen.job} again={again} failedWord={m("tests.notDone")} /> : null}
          <button type="button" className="button ink small-button" onClick={() => setMaking(true)}>
            {m("sweep.new")}
          </button>
        </div>
        {value === null && !failed ? <Loading rows={3} /> : null}
        {value && sweeps.length === 0 ? <Empty command="tradewind sweep run ema-cross --symbol BTCUSDT --grid fast=5..30:5">{m("sweep.empty")}</Empty> : null}
        {sweeps.length > 0 ? <SweepTable sweeps={sweeps} chosen={chosen?.id} onChoose={choose} /> : null}
      </section>
      <NewSweep
        open={making}
        onClose={() => setMaking(false)}
        onMade={(sweep) => {
          setMaking(false);
          again();
          choose(sweep.id);
        }}
      />
    </div>
  );
}
