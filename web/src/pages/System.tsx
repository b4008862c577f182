/** What holds for everybody on this server: how much each may have, and what all are told. For administrators. */
import { useState } from "react";
import type { FormEvent } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { asFailure } from "../api/problem";
import { useActions } from "../app/actions";
import { useReading } from "../app/reading";
import { TextField } from "../parts/Field";
import { ErrorNote, Loading } from "../parts/states";
import { useText } from "../text/settings";

type Settings = Schemas["SystemSettings"];

const FIELDS = ["accounts_per_user", "bots_per_user", "jobs_per_user"] as const;
const NOTICE_MAX = 500;
const readSystem = () => body(api.GET("/api/settings/system"));

export function System() {
  const t = useText();
  const { value, failed, again } = useReading(readSystem);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{t("settings.system")}</h2>
      </div>
      {failed && !value ? <ErrorNote what={t("settings.systemFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {value === null && !failed ? <Loading rows={3} /> : null}
      {value ? <Form now={value} again={again} /> : null}
    </section>
  );
}

function Form({ now, again }: { now: Settings; again: () => void }) {
  const t = useText();
  const { done } = useActions();
  const [counts, setCounts] = useState(() => Object.fromEntries(FIELDS.map((name) => [name, String(now[name])])));
  const [notice, setNotice] = useState(now.notice ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const wrong = (name: (typeof FIELDS)[number]) => !/^[1-9]\d*$/.test((counts[name] ?? "").trim());
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    const [accounts, bots, jobs] = FIELDS.map((name) => Number(counts[name]));
    const change = { accounts_per_user: accounts ?? null, bots_per_user: bots ?? null, jobs_per_user: jobs ?? null, notice: notice.trim() };
    try {
      await body(api.PATCH("/api/settings/system", { body: change }));
      done(t("settings.systemDone"));
      again();
    } catch (error) {
      setProblem(asFailure(error).detail);
    }
  };
  return (
    <form className="settings-block" onSubmit={(event) => void send(event)} aria-label={t("settings.system")}>
      <div className="limit-fields">
        {FIELDS.map((name) => (
          <TextField key={name} label={t(`settings.system.${name}`)} value={counts[name] ?? ""} onChange={(value) => setCounts((all) => ({ ...all, [name]: value }))} inputMode="numeric" autoComplete="off" problem={wrong(name) ? t("settings.systemWhole") : null} />
        ))}
      </div>
      <div className="text-field system-notice">
        <TextField label={t("settings.system.notice")} value={notice} onChange={setNotice} maxLength={NOTICE_MAX} autoComplete="off" hint={t("settings.system.noticeHint")} />
      </div>
      {problem ? (
        <p className="form-problem" role="alert">
          {problem}
        </p>
      ) : null}
      <button type="submit" className="button" disabled={FIELDS.some(wrong)}>
        {t("settings.systemSave")}
      </button>
    </form>
  );
}
