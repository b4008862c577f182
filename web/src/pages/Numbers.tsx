/** Latencies and caches of the last hour, as the service measures itself. */
import { useMemo } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { useReading } from "../app/reading";
import { Empty } from "../parts/states";
import { Table } from "../parts/Table";
import type { Column } from "../parts/Table";
import { useMore } from "../text/more";

type Performance = Schemas["Performance"];

const EVERY = 10_000;
const readCache = () => body(api.GET("/api/monitoring/cache"));

interface Latency {
  readonly name: string;
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number;
  readonly p99: number | null;
}

/** Milliseconds with as many digits as they deserve. */
export function ms(value: number | null): string {
  if (value === null) return "–";
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}

export function Latencies({ performance }: { performance: Performance }) {
  const m = useMore();
  const rows = useMemo<Latency[]>(() => {
    const { requests, trades, websocket, market_data: market, database } = performance;
    const of = (name: string, it: { count: number; p50: number; p95: number; p99: number }): Latency => ({ name, ...it });
    return [
      of(m("monitor.requests"), { ...requests, count: requests.recent }),
      of(m("monitor.orders"), trades),
      of(m("monitor.stream"), websocket),
      of(m("monitor.market"), market),
      { name: m("monitor.statements"), count: database.queries, p50: null, p95: database.p95, p99: null },
    ];
  }, [performance, m]);
  const columns = useMemo<Column<Latency>[]>(
    () => [
      { id: "name", head: m("monitor.what"), cell: (row) => <span className="strong">{row.name}</span> },
      { id: "count", head: m("monitor.times"), align: "right", by: (row) => row.count, cell: (row) => row.count.toLocaleString("en-US") },
      { id: "p50", head: "p50", align: "right", cell: (row) => ms(row.count > 0 ? row.p50 : null) },
      { id: "p95", head: "p95", align: "right", cell: (row) => ms(row.count > 0 ? row.p95 : null) },
      { id: "p99", head: "p99", align: "right", cell: (row) => ms(row.count > 0 ? row.p99 : null) },
    ],
    [m],
  );
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("monitor.latencies")}</h2>
        <span className="faint">{m("monitor.latenciesNote")}</span>
        <span className="fill" />
        <span className="small faint">
          {m("monitor.throughput", { n: (performance.requests.recent / 3_600).toFixed(1), share: (performance.requests.error_rate * 100).toFixed(2) })}
        </span>
      </div>
      <Table columns={columns} rows={rows} id={(row) => row.name} label={m("monitor.latencies")} />
    </section>
  );
}

export function Caches() {
  const m = useMore();
  const { value } = useReading(readCache, EVERY);
  const used = value?.classes.filter((each) => each.hits + each.misses > 0) ?? [];
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("monitor.caches")}</h2>
        <span className="faint">{m("monitor.cachesNote")}</span>
      </div>
      {value && used.length === 0 ? <Empty>{m("monitor.noData")}</Empty> : null}
      <ul className="meters">
        {used.map((each) => (
          <li key={`${each.layer}-${each.class}`}>
            <span>{each.class}</span>
            <span className="meter" aria-hidden="true">
              <i style={{ width: `${(each.hit_rate ?? 0) * 100}%` }} />
            </span>
            <span className="right">{each.hit_rate == null ? "–" : `${(each.hit_rate * 100).toFixed(1)}%`}</span>
            <span className="faint small right">{m("monitor.cacheCount", { n: (each.hits + each.misses).toLocaleString("en-US"), layer: each.layer })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
