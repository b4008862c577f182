/** What holds for everybody on this server: how much each may have, and what all are told. For administrators. */
import { useState } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { useActions } from "../app/actions";
import { useReading } from "../app/reading";
import { TextField } from "../parts/Field";
import { useText } from "../text/settings";
import { ReadCard, SettingsForm } from "./ReadCard";

type Settings = Schemas["SystemSettings"];

const FIELDS = ["accounts_per_user", "bots_per_user", "jobs_per_user"] as const;
const NOTICE_MAX = 500;
const readSystem = () => body(api.GET("/api/settings/system"));

export function System() {
  const t = useText();
  const read = useReading(readSystem);
  const { value, again } = read;
  return (
    <ReadCard title={t("settings.system")} of={read} failedWord={t("settings.systemFailed")} rows={3}>
      {value ? <Form now={value} again={again} /> : null}
    </ReadCard>
  );
}

function Form({ now, again }: { now: Settings; again: () => void }) {
  const t = useText();
  const { done } = useActions();
  const [counts, setCounts] = useState(() => Object.fromEntries(FIELDS.map((name) => [name, String(now[name])])));
  const [notice, setNotice] = useState(now.notice ?? "");
  const wrong = (name: (typeof FIELDS)[number]) => !/^[1-9]\d*$/.test((counts[name] ?? "").trim());
  const send = async () => {
    const [accounts, bots, jobs] = FIELDS.map((name) => Number(counts[name]));
    const change = { accounts_per_user: accounts ?? null, bots_per_user: bots ?? null, jobs_per_user: jobs ?? null, notice: notice.trim() };
    await body(api.PATCH("/api/settings/system", { body: change }));
    done(t("settings.systemDone"));
    again();
  };
  return (
    <SettingsForm label={t("settings.system")} act={t("settings.systemSave")} blocked={FIELDS.some(wrong)} onSend={send}>
      <div className="limit-fields">
        {FIELDS.map((name) => (
          <TextField key={name} label={t(`settings.system.${name}`)} value={counts[name] ?? ""} onChange={(value) => setCounts((all) => ({ ...all, [name]: value }))} inputMode="numeric" autoComplete="off" problem={wrong(name) ? t("settings.systemWhole") : null} />
        ))}
      </div>
      <div className="text-field system-notice">
        <TextField label={t("settings.system.notice")} value={notice} onChange={setNotice} maxLength={NOTICE_MAX} autoComplete="off" hint={t("settings.system.noticeHint")} />
      </div>
    </SettingsForm>
  );
}
