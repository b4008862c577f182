/** All back-tests, with the progress of those that run, and the chosen one in full. */
import { useCallback, useMemo, useState } from "react";
import { useLocation, useParams } from "wouter";
import { api, body } from "../../api/client";
import { useReading } from "../../app/reading";
import { useApp } from "../../app/store";
import { CancelJob } from "../../parts/CancelJob";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { useUpdated } from "../../parts/Shell";
import { Table } from "../../parts/Table";
import type { Column } from "../../parts/Table";
import { useMore } from "../../text/more";
import type { MoreText } from "../../text/more";
import { words } from "../strategies/params";
import { NewTest } from "./NewTest";
import { Result } from "./Result";
import { isOver, measure, percent, plain } from "./result";
import type { Backtest } from "./result";
import "./backtests.css";

const EVERY = 2_000;
const readTests = () => body(api.GET("/api/backtests", { params: { query: { limit: 200 } } }));

export function statusWord(m: MoreText, status: string): string {
  switch (status) {
    case "queued":
      return m("tests.status.queued");
    case "running":
      return m("tests.status.running");
    case "done":
      return m("tests.status.done");
    case "failed":
      return m("tests.status.failed");
    case "cancelled":
      return m("tests.status.cancelled");
    default:
      return m("tests.status.crashed");
  }
}

export function title(test: Backtest): string {
  return test.name || words(test.strategy);
}

export function marketsOf(test: Backtest): string {
  return test.symbols.map((symbol) => symbol.replace(/^local:/, "")).join(", ");
}

function period(test: Backtest, language: string): string {
  const date = (at: string | null | undefined) => (at ? new Date(at).toLocaleDateString(language === "en" ? "en-GB" : language, { day: "numeric", month: "short", year: "2-digit", timeZone: "UTC" }) : "");
  return test.from && test.to ? `${date(test.from)} – ${date(test.to)}` : "–";
}

/** How far a back-test or a sweep is, or what became of it. */
export function State({ of }: { of: { readonly status: string; readonly progress: number; readonly error?: string | null | undefined } }) {
  const m = useMore();
  if (isOver(of.status)) {
    const state = of.status === "done" ? "on" : of.status === "cancelled" ? "off" : "crit";
    return (
      <span className="dot" data-state={state} title={of.error ?? undefined}>
        {statusWord(m, of.status)}
      </span>
    );
  }
  return (
    <span className="progress">
      <progress max={100} value={of.progress} aria-label={statusWord(m, of.status)} /> {Math.round(of.progress)}%
    </span>
  );
}

function Tests({ tests, chosen, onChoose }: { tests: readonly Backtest[]; chosen: string | undefined; onChoose: (id: string) => void }) {
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  const columns = useMemo<Column<Backtest>[]>(
    () => [
      {
        id: "name",
        head: m("tests.run"),
        by: (test) => title(test),
        cell: (test) => (
          <button type="button" className="test-name" onClick={() => onChoose(test.id)}>
            <b className="strong">{title(test)}</b> <span className="faint">{marketsOf(test)} {test.interval}</span>
          </button>
        ),
      },
      { id: "period", head: m("tests.period"), by: (test) => test.from ?? "", cell: (test) => <span className="soft">{period(test, language)}</span>, rank: 1 },
      { id: "status", head: m("bots.state"), by: (test) => test.status, cell: (test) => <State of={test} /> },
      {
        id: "return",
        head: m("tests.return"),
        align: "right",
        by: (test) => test.result?.return_pct ?? -Infinity,
        cell: (test) => (test.result ? <span className={test.result.return_pct >= 0 ? "up" : "down"}>{percent(test.result.return_pct, 2)}</span> : "–"),
      },
      { id: "drawdown", head: m("tests.drawdown"), align: "right", rank: 2, by: (test) => test.result?.max_drawdown_pct ?? Infinity, cell: (test) => (test.result ? percent(-Math.abs(test.result.max_drawdown_pct), 2) : "–") },
      { id: "sharpe", head: m("tests.sharpe"), align: "right", rank: 2, by: (test) => measure(test, "sharpe").value ?? -Infinity, cell: (test) => plain(measure(test, "sharpe").value) },
      { id: "trades", head: m("tests.trades"), align: "right", rank: 1, by: (test) => test.result?.trades ?? 0, cell: (test) => (test.result ? test.result.trades.toLocaleString("en-US") : "–") },
    ],
    [m, language, onChoose],
  );
  return <Table columns={columns} rows={tests} id={(test) => test.id} label={m("tests.list")} selected={chosen ?? null} onSelect={(test) => onChoose(test.id)} />;
}

export default function Backtests() {
  const m = useMore();
  const [, go] = useLocation();
  const { id } = useParams<{ id?: string }>();
  const { value, failed, at, again } = useReading(readTests, EVERY, "jobs");
  useUpdated(at);
  const [making, setMaking] = useState(false);
  const choose = useCallback((test: string) => go(`/backtests/${test}`), [go]);
  const tests = value ?? [];
  const chosen = tests.find((test) => test.id === id) ?? tests.find((test) => test.status === "done") ?? tests[0];
  return (
    <div className="page">
      {chosen ? <Result.Lede test={chosen} /> : null}
      {chosen?.result ? <Result.Figures test={chosen} /> : null}
      {failed ? <ErrorNote what={m("tests.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {chosen?.status === "done" ? <Result.Body key={chosen.id} test={chosen} others={tests} again={again} /> : null}
      <section className="card tests-card">
        <div className="card-head">
          <h2>{m("tests.list")}</h2>
          <span className="fill" />
          {chosen && !isOver(chosen.status) ? <CancelJob job={chosen.job} again={again} failedWord={m("tests.notDone")} /> : null}
          <button type="button" className="button ink small-button" onClick={() => setMaking(true)}>
            {m("tests.new")}
          </button>
        </div>
        {value === null && !failed ? <Loading rows={3} /> : null}
        {value && tests.length === 0 ? <Empty command="tradewind backtest run ema-cross --symbol BTCUSDT">{m("tests.empty")}</Empty> : null}
        {tests.length > 0 ? <Tests tests={tests} chosen={chosen?.id} onChoose={choose} /> : null}
      </section>
      <NewTest
        open={making}
        onClose={() => setMaking(false)}
        onMade={(test) => {
          setMaking(false);
          again();
          choose(test.id);
        }}
      />
    </div>
  );
}
