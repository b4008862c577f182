/** What the server says and who did what: the log as it comes, and the audit chain. */
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { useReading } from "../app/reading";
import { useApp } from "../app/store";
import { clock, day } from "../market/format";
import { Empty, ErrorNote, Loading } from "../parts/states";
import { Table } from "../parts/Table";
import type { Column } from "../parts/Table";
import { Panel, Tabs } from "../parts/Tabs";
import { useText } from "../text/lists";
import { useMore } from "../text/more";
import "./logs.css";

type Line = Schemas["LogLine"];
type Entry = Schemas["AuditEntry"];
const LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
const LINES = 500;
const EVERY = 2_000;
const AUDIT_EVERY = 10_000;

function Log({ level, text, follow }: { level: string; text: string; follow: boolean }) {
  const m = useMore();
  const read = useCallback(
    () => body(api.GET("/api/logs", { params: { query: { level, limit: LINES, ...(text ? { text } : {}) } } })),
    [level, text],
  );
  const { value, failed, again } = useReading(read, follow ? EVERY : undefined);
  const box = useRef<HTMLOListElement>(null);
  const last = value?.at(-1)?.seq;
  useEffect(() => {
    if (follow) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [follow, last]);
  if (failed && !value) return <ErrorNote what={m("logs.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (!value) return <Loading rows={8} />;
  if (value.length === 0) return <Empty>{m("logs.none")}</Empty>;
  return (
    <ol className="log mono" ref={box} tabIndex={0} aria-label={m("logs.log")}>
      {value.map((line) => (
        <LineRow key={line.seq} line={line} />
      ))}
    </ol>
  );
}

function LineRow({ line }: { line: Line }) {
  const fields = Object.entries(line.fields).map(([name, value]) => `${name}=${value}`);
  return (
    <li data-level={line.level}>
      <time className="faint">{clock(line.at)}</time>
      <b>{line.level}</b>
      <span className="faint">{line.target}</span>
      <span>
        {line.message} <span className="soft">{fields.join(" ")}</span>
      </span>
    </li>
  );
}

const readAudit = () => body(api.GET("/api/audit", { params: { query: { limit: LINES } } }));

function Audit({ text }: { text: string }) {
  const t = useText();
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  const { value, failed, again } = useReading(readAudit, AUDIT_EVERY);
  const wanted = text.toLowerCase();
  const rows = useMemo(() => value?.filter((entry) => `${entry.actor} ${entry.action} ${entry.object} ${entry.ip}`.toLowerCase().includes(wanted)) ?? [], [value, wanted]);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      { id: "at", head: t("column.time"), cell: (entry) => <span className="soft">{day(entry.at, language)}</span> },
      { id: "actor", head: m("logs.who"), by: (entry) => entry.actor, cell: (entry) => <span className="strong">{entry.actor}</span> },
      { id: "action", head: m("logs.what"), by: (entry) => entry.action, cell: (entry) => <span className="mono">{entry.action}</span> },
      { id: "object", head: m("logs.object"), cell: (entry) => <span className="mono soft audit-object">{entry.object}</span>, rank: 2 },
      { id: "ip", head: m("logs.from"), cell: (entry) => <span className="soft">{entry.ip}</span>, rank: 1 },
    ],
    [t, m, language],
  );
  if (failed && !value) return <ErrorNote what={m("logs.auditFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (!value) return <Loading rows={8} />;
  return <Table columns={columns} rows={rows} id={(entry) => String(entry.seq)} label={m("logs.audit")} empty={<Empty>{m("logs.none")}</Empty>} />;
}

export default function Logs() {
  const m = useMore();
  // The log is of the whole service: for administrators. What one did oneself, everybody may read.
  const admin = useApp((state) => state.session.user?.role === "admin");
  const [view, setView] = useState<"log" | "audit">(admin ? "log" : "audit");
  const [level, setLevel] = useState<(typeof LEVELS)[number]>("info");
  const [text, setText] = useState("");
  const [follow, setFollow] = useState(true);
  const wanted = useDeferredValue(text.trim());
  const tabs = [
    ...(admin ? [{ id: "log" as const, label: m("logs.log") }] : []),
    { id: "audit" as const, label: m("logs.audit") },
  ];
  return (
    <div className="page logs-page">
      <p className="lede">{m(admin ? "logs.lede" : "logs.ledeOwn")}</p>
      <section className="card">
        <div className="card-head">
          <Tabs tabs={tabs} value={view} onChange={setView} label={m("logs.log")} name="logs" />
          <span className="fill" />
          {view === "log" ? (
            <>
              <label className="small soft logs-follow">
                <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.target.checked)} /> {m("logs.follow")}
              </label>
              <select className="filter logs-level" aria-label={m("logs.level")} value={level} onChange={(event) => setLevel(event.target.value as typeof level)}>
                {LEVELS.map((each) => (
                  <option key={each}>{each}</option>
                ))}
              </select>
            </>
          ) : null}
          <input className="filter" data-filter aria-label={m("logs.filter")} placeholder={m("logs.filter")} value={text} onChange={(event) => setText(event.target.value)} />
        </div>
        <Panel name="logs" value={view} className="logs-panel">
          {view === "log" ? <Log level={level} text={wanted} follow={follow} /> : <Audit text={wanted} />}
        </Panel>
      </section>
    </div>
  );
}
