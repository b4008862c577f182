/** What is wrong with the service and who knows of it: alerts that last, the rules, whom they are told to, and what was. */
import { useMemo, useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { useReading } from "../../app/reading";
import { useApp } from "../../app/store";
import { useNow } from "../../app/clock";
import { age, day } from "../../market/format";
import { useUpdated } from "../../parts/Shell";
import { Empty, ErrorNote, Fresh, Loading, OLD_S } from "../../parts/states";
import { Table } from "../../parts/Table";
import type { Column } from "../../parts/Table";
import { useAlertText } from "../../text/alerts";
import type { AlertText } from "../../text/alerts";
import { bounded, ruleWords, SEVERITIES } from "./alert";
import type { Alert, Rule } from "./alert";
import { Channels } from "./Channels";
import { RunbookDialog } from "./Runbook";
import { SilenceDialog, Silences } from "./Silences";
import "./alerts.css";

const EVERY = 5_000;
const HISTORY = 100;
const readFiring = () => body(api.GET("/api/alerts", { params: { query: { state: "firing", limit: HISTORY } } }));
const readHistory = () => body(api.GET("/api/alerts", { params: { query: { state: "resolved", limit: HISTORY } } }));
const readRules = () => body(api.GET("/api/alerts/rules"));
const readSilences = () => body(api.GET("/api/alerts/silences"));

const DOTS: Record<string, string> = { ok: "on", pending: "warn", firing: "crit" };

function severityWord(m: AlertText, severity: string): string {
  const known = SEVERITIES.find((each) => each === severity);
  return known ? m(`alert.severity.${known}`) : severity;
}

function Lede({ firing, rules }: { firing: readonly Alert[]; rules: readonly Rule[] }) {
  const m = useAlertText();
  const unknown = firing.filter((alert) => !alert.acknowledged_by).length;
  if (firing.length === 0) return <p className="lede">{m("alert.ledeQuiet", { n: rules.length })}</p>;
  return (
    <p className="lede">
      {m("alert.ledeFiring", { n: firing.length, names: [...new Set(firing.map((alert) => ruleWords(alert.rule)))].join(", ") })} {unknown > 0 ? m("alert.ledeUnknown", { n: unknown }) : m("alert.ledeKnown")}
    </p>
  );
}

function One({ alert, again, onRunbook, onSilence }: { alert: Alert; again: () => void; onRunbook: (rule: string) => void; onSilence: (rule: string) => void }) {
  const m = useAlertText();
  const admin = useApp((state) => state.session.user?.role === "admin");
  const { failed } = useActions();
  const acknowledge = async () => {
    try {
      await body(api.POST("/api/alerts/{alert_id}/acknowledge", { params: { path: { alert_id: alert.alert_id } } }));
    } catch (error) {
      failed(m("alert.notDone"), error);
    }
    again();
  };
  return (
    <li className="alert" data-severity={alert.severity}>
      <div>
        <p>
          <b className="strong">{ruleWords(alert.rule)}</b> <span className="dot small" data-state={alert.severity === "critical" || alert.severity === "high" ? "crit" : "warn"}>{severityWord(m, alert.severity)}</span>
        </p>
        <p className="soft">{alert.summary}</p>
        <p className="faint small">
          <Since at={alert.since} /> {Object.values(alert.labels).join(", ")}
          {alert.acknowledged_by ? ` · ${m("alert.knownBy", { name: alert.acknowledged_by })}` : ""}
        </p>
      </div>
      <div className="alert-acts">
        {admin && !alert.acknowledged_by ? (
          <button type="button" className="button small-button" onClick={() => void acknowledge()}>
            {m("alert.acknowledge")}
          </button>
        ) : null}
        {admin ? (
          <button type="button" className="button small-button" onClick={() => onSilence(alert.rule)}>
            {m("alert.silence")}
          </button>
        ) : null}
        <button type="button" className="button small-button" onClick={() => onRunbook(alert.rule)}>
          {m("alert.runbook")}
        </button>
      </div>
    </li>
  );
}

function Since({ at }: { at: string }) {
  const m = useAlertText();
  useNow();
  return <>{m("alert.since", { age: age((Date.now() - Date.parse(at)) / 1000) })}</>;
}

function Rules({ rules, onRunbook }: { rules: readonly Rule[]; onRunbook: (rule: string) => void }) {
  const m = useAlertText();
  const columns = useMemo<Column<Rule>[]>(
    () => [
      {
        id: "rule",
        head: m("alert.rule"),
        by: (rule) => rule.rule,
        cell: (rule) => (
          <button type="button" className="rule-name" title={rule.summary} onClick={() => onRunbook(rule.rule)}>
            <b className="strong">{ruleWords(rule.rule)}</b>
          </button>
        ),
      },
      {
        id: "state",
        head: m("alert.state"),
        by: (rule) => rule.state,
        cell: (rule) => (
          <span className="dot rule-state" data-state={DOTS[rule.state] ?? "off"} title={rule.subjects.map((subject) => subject.subject).join(", ")}>
            {stateWord(m, rule.state)}
            {rule.subjects.length > 0 ? ` · ${rule.subjects.length}` : ""}
          </span>
        ),
      },
      { id: "value", head: m("alert.value"), align: "right", rank: 4, cell: (rule) => (rule.value == null ? <span className="faint">–</span> : bounded(rule.value)) },
      { id: "bound", head: m("alert.bound"), align: "right", rank: 2, cell: (rule) => <span className="soft">{`${rule.comparison === "above" ? ">" : "<"} ${bounded(rule.threshold)}`}</span> },
      { id: "for", head: m("alert.for"), align: "right", rank: 1, by: (rule) => rule.for_s, cell: (rule) => <span className="soft">{age(rule.for_s)}</span> },
      { id: "severity", head: m("alert.severity"), rank: 3, by: (rule) => SEVERITIES.findIndex((each) => each === rule.severity), cell: (rule) => severityWord(m, rule.severity) },
    ],
    [m, onRunbook],
  );
  return <Table columns={columns} rows={rules} id={(rule) => rule.rule} label={m("alert.rules")} />;
}

function stateWord(m: AlertText, state: string): string {
  return state === "ok" ? m("alert.state.ok") : state === "pending" ? m("alert.state.pending") : state === "firing" ? m("alert.state.firing") : m("alert.state.unknown");
}

function History({ alerts }: { alerts: readonly Alert[] }) {
  const m = useAlertText();
  const language = useApp((state) => state.settings.language);
  const columns = useMemo<Column<Alert>[]>(
    () => [
      { id: "since", head: m("alert.from"), by: (alert) => alert.since, cell: (alert) => <span className="soft">{day(alert.since, language)}</span> },
      { id: "rule", head: m("alert.rule"), by: (alert) => alert.rule, cell: (alert) => <b className="strong">{ruleWords(alert.rule)}</b> },
      { id: "lasted", head: m("alert.lasted"), align: "right", cell: (alert) => (alert.resolved_at ? age((Date.parse(alert.resolved_at) - Date.parse(alert.since)) / 1000) : "–") },
      { id: "summary", head: m("alert.what"), rank: 1, cell: (alert) => <span className="soft alert-summary">{alert.summary}</span> },
      { id: "known", head: m("alert.known"), rank: 2, cell: (alert) => alert.acknowledged_by ?? <span className="faint">–</span> },
    ],
    [m, language],
  );
  return <Table columns={columns} rows={alerts} id={(alert) => alert.alert_id} label={m("alert.history")} empty={<Empty>{m("alert.historyNone")}</Empty>} />;
}

export default function Alerts() {
  const m = useAlertText();
  const firing = useReading(readFiring, EVERY, "alerts");
  const rules = useReading(readRules, EVERY);
  const history = useReading(readHistory, EVERY * 6);
  const silences = useReading(readSilences, EVERY * 2);
  const [runbook, setRunbook] = useState<string | null>(null);
  const [silencing, setSilencing] = useState<string | null>(null);
  useUpdated(rules.at);
  const failed = firing.failed ?? rules.failed;
  return (
    <div className="page">
      {firing.value && rules.value ? <Lede firing={firing.value} rules={rules.value} /> : null}
      {failed ? <ErrorNote what={m("alert.failed")} detail={failed.detail} requestId={failed.requestId} retry={() => (firing.again(), rules.again())} /> : null}
      {firing.value === null && !failed ? <Loading rows={5} /> : null}
      {firing.value && firing.value.length > 0 ? (
        <section className="card">
          <div className="card-head">
            <h2>{m("alert.now")}</h2>
          </div>
          <ul>
            {firing.value.map((alert) => (
              <One key={alert.alert_id} alert={alert} again={firing.again} onRunbook={setRunbook} onSilence={setSilencing} />
            ))}
          </ul>
        </section>
      ) : null}
      {rules.value ? (
        <div className="columns">
          <div className="stack">
            <section className="card">
              <div className="card-head">
                <h2>{m("alert.rules")}</h2>
                <span className="faint">{m("alert.rulesNote")}</span>
              </div>
              <Fresh at={rules.at} max={OLD_S}>
                <Rules rules={rules.value} onRunbook={setRunbook} />
              </Fresh>
            </section>
            <section className="card alert-history">
              <div className="card-head">
                <h2>{m("alert.history")}</h2>
              </div>
              {history.value ? <History alerts={history.value} /> : <Loading rows={3} />}
            </section>
          </div>
          <div className="stack">
            <Channels />
            <Silences silences={silences.value} again={silences.again} onAdd={() => setSilencing("*")} />
          </div>
        </div>
      ) : null}
      <RunbookDialog rule={runbook} onClose={() => setRunbook(null)} />
      <SilenceDialog rule={silencing} rules={rules.value ?? []} onClose={() => setSilencing(null)} onMade={() => (setSilencing(null), silences.again())} />
    </div>
  );
}
