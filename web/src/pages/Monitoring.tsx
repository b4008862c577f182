/** How the parts are, now and over the last hour, and what the database says of itself. */
import { useMemo } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { useReading } from "../app/reading";
import { useApp } from "../app/store";
import { age, day } from "../market/format";
import { useLink } from "../market/link";
import { Figures } from "../parts/Figures";
import { useUpdated } from "../parts/Shell";
import { Empty, ErrorNote, Fresh, Loading, OLD_S } from "../parts/states";
import { Table } from "../parts/Table";
import type { Column } from "../parts/Table";
import { useMore } from "../text/more";
import type { MoreText } from "../text/more";
import "./monitoring.css";
import { Caches, Latencies } from "./Numbers";

type Detailed = Schemas["DetailedHealth"];
type Report = Schemas["DatabaseReport"];
const EVERY = 5_000;
/** Bars of a part's row: a minute each. */
const BEATS = 60;

const readHealth = () => body(api.GET("/api/health/detailed"));
const readDatabase = () => body(api.GET("/api/monitoring/database"));
const readPerformance = () => body(api.GET("/api/monitoring/performance"));
/** What only administrators are told. */
const readNothing = async () => null;
const readLatency = () => body(api.GET("/api/health/db"));

function bytes(n: number): string {
  return n >= 1 << 30 ? `${(n / (1 << 30)).toFixed(2)} GiB` : n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MiB` : `${Math.round(n / 1024)} KiB`;
}

function sentence(m: MoreText, health: Detailed): string {
  const names = (status: string) => health.components.filter((part) => part.status === status).map((part) => part.name);
  const [down, degraded] = [names("down"), names("degraded")];
  if (down.length > 0) return m("monitor.down", { names: down.join(", ") });
  if (degraded.length > 0) return m("monitor.warn", { names: degraded.join(", ") });
  return m("monitor.fine", { n: health.components.length });
}

function statusWord(m: MoreText, status: string): string {
  return status === "ok" ? m("monitor.ok") : status === "degraded" ? m("monitor.degraded") : m("monitor.downWord");
}

function PartsCard({ health }: { health: Detailed }) {
  const m = useMore();
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("monitor.parts")}</h2>
        <span className="faint">{m("monitor.partsNote")}</span>
      </div>
      <ul className="beats">
        {health.components.map((part) => {
          // The minutes that are over, and how it is now.
          const seen = [...part.beats, part.status].slice(-BEATS);
          return (
            <li key={part.name}>
              <b className="strong">{part.name}</b>
              <span className="beat-row" aria-hidden="true">
                {Array.from({ length: BEATS }, (_, i) => (
                  <i key={i} data-status={seen[i - BEATS + seen.length]} />
                ))}
              </span>
              <span className="dot" data-state={part.status === "ok" ? "on" : part.status === "degraded" ? "warn" : "crit"}>
                {statusWord(m, part.status)}
              </span>
              <span className="soft small beat-detail">{part.detail}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function DatabaseCards({ report }: { report: Report }) {
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  const tables = useMemo(() => report.tables.filter((table) => table.rows > 0).sort((a, b) => b.rows - a.rows).slice(0, 12), [report]);
  const tableColumns = useMemo<Column<Schemas["DatabaseTable"]>[]>(
    () => [
      { id: "name", head: m("monitor.table"), by: (row) => row.name, cell: (row) => <span className="mono">{row.name}</span> },
      { id: "rows", head: m("monitor.rows"), align: "right", by: (row) => row.rows, cell: (row) => row.rows.toLocaleString("en-US") },
    ],
    [m],
  );
  const slowColumns = useMemo<Column<Schemas["SlowStatement"]>[]>(
    () => [
      { id: "sql", head: m("monitor.statement"), cell: (row) => <span className="mono statement">{row.sql}</span> },
      { id: "longest", head: m("monitor.longest"), align: "right", by: (row) => row.longest_ms, cell: (row) => `${row.longest_ms} ms` },
      { id: "count", head: m("monitor.times"), align: "right", by: (row) => row.count, cell: (row) => row.count },
    ],
    [m],
  );
  return (
    <div className="columns">
      <div className="stack">
        <section className="card">
          <div className="card-head">
            <h2>{m("monitor.slowest")}</h2>
          </div>
          <Table columns={slowColumns} rows={report.slow.slice(0, 8)} id={(row) => row.sql} label={m("monitor.slowest")} empty={<Empty>{m("monitor.noneSlow")}</Empty>} />
        </section>
        <section className="card">
          <div className="card-head">
            <h2>{m("monitor.tables")}</h2>
          </div>
          <Table columns={tableColumns} rows={tables} id={(row) => row.name} label={m("monitor.tables")} />
        </section>
      </div>
      <div className="stack">
        <section className="card">
          <div className="card-head">
            <h2>{m("monitor.pools")}</h2>
            <span className="faint">{m("monitor.poolsNote")}</span>
          </div>
          <ul className="meters">
            {report.pools.map((pool) => (
              <li key={pool.pool}>
                <span>{pool.pool}</span>
                <span className="meter" aria-hidden="true">
                  <i style={{ width: `${(100 * pool.active) / Math.max(1, pool.max)}%` }} />
                </span>
                <span className="right">
                  {pool.active} / {pool.max}
                </span>
                <span className="faint small right">{pool.waiting > 0 ? m("monitor.waiting", { n: pool.waiting }) : ""}</span>
              </li>
            ))}
          </ul>
        </section>
        <section className="card">
          <div className="card-head">
            <h2>{m("monitor.maintenance")}</h2>
          </div>
          <ul className="meters runs">
            {report.maintenance.map((run) => (
              <li key={run.task}>
                <span className="strong">{run.task}</span>
                <span className="soft small">{run.outcome}</span>
                <span className="faint small right">{day(run.started_at, language)}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </div>
  );
}

/** What the product promises, each with what was measured in the last hour. */
function Promises({ list }: { list: readonly Schemas["Promise"][] }) {
  const m = useMore();
  const shown = (value: number, unit: string) => `${value >= 100 ? Math.round(value).toLocaleString("en-US") : Number(value.toPrecision(3))} ${unit}`;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("monitor.promises")}</h2>
        <span className="faint">{m("monitor.promisesNote")}</span>
      </div>
      <ul className="promises">
        {list.map((promise) => (
          <li key={promise.name}>
            <span className="dot" data-state={VERDICTS[promise.verdict] ?? "off"}>
              {promise.about}
            </span>
            <b>{promise.value == null ? <span className="faint">{m("monitor.noData")}</span> : shown(promise.value, promise.unit)}</b>
            <span className="faint small right">{m("monitor.target", { value: shown(promise.target, promise.unit) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const VERDICTS: Record<string, string> = { met: "on", acceptable: "warn", missed: "crit" };

export default function Monitoring() {
  const admin = useApp((state) => state.session.user?.role === "admin");
  const performance = useReading<Schemas["Performance"] | null>(admin ? readPerformance : readNothing, EVERY);
  const m = useMore();
  const health = useReading(readHealth, EVERY);
  const database = useReading<Report | null>(admin ? readDatabase : readNothing, EVERY);
  const ping = useReading(readLatency, EVERY);
  useUpdated(health.at);
  const { latency } = useLink();
  const report = database.value;
  const missed = performance.value?.promises.filter((promise) => promise.verdict === "missed").length ?? 0;
  const items = health.value
    ? [
        { label: m("monitor.uptime"), value: age(health.value.uptime_s), note: m("monitor.uptimeNote", { version: health.value.version }) },
        { label: m("monitor.roundTrip"), value: latency === null ? "–" : String(latency), unit: latency === null ? undefined : "ms", note: m("monitor.roundTripNote") },
        { label: m("monitor.database"), value: ping.value ? String(ping.value.latency_ms) : "–", unit: ping.value ? "ms" : undefined, note: ping.value?.engine },
        ...(report
          ? [
              { label: m("monitor.size"), value: bytes(report.bytes), note: m("monitor.sizeNote", { n: report.tables.length }) },
              { label: m("monitor.slow"), value: String(report.slow_total), note: m("monitor.slowNote") },
            ]
          : []),
      ]
    : [];
  return (
    <div className="page">
      {health.value ? (
        <p className="lede">
          {sentence(m, health.value)}
          {missed > 0 ? m("monitor.missed", { n: missed }) : ""}
        </p>
      ) : null}
      {health.failed ? <ErrorNote what={m("monitor.failed")} detail={health.failed.detail} requestId={health.failed.requestId} retry={health.again} /> : null}
      {health.value === null && !health.failed ? <Loading rows={6} /> : null}
      {items.length > 0 ? <Figures items={items} at={health.at} /> : null}
      {health.value ? (
        <Fresh at={health.at} max={OLD_S}>
          <PartsCard health={health.value} />
        </Fresh>
      ) : null}
      {performance.value ? <Promises list={performance.value.promises} /> : null}
      {performance.value ? (
        <div className="columns">
          <Latencies performance={performance.value} />
          <Caches />
        </div>
      ) : null}
      {report ? <DatabaseCards report={report} /> : null}
    </div>
  );
}
