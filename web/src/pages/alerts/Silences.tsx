/** Rules that nobody is told of for a while, each with its reason. */
import { useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { useApp } from "../../app/store";
import { day } from "../../market/format";
import { Dialog } from "../../parts/Dialog";
import { TextField } from "../../parts/Field";
import { Empty } from "../../parts/states";
import { useAlertText } from "../../text/alerts";
import { FormFrame, Select } from "../strategies/form";
import { ruleWords } from "./alert";
import type { Rule, Silence } from "./alert";

/** Lengths of a silence, hours. */
const HOURS = ["1", "4", "24", "168", "720"];

export function Silences({ silences, again, onAdd }: { silences: readonly Silence[] | null; again: () => void; onAdd: () => void }) {
  const m = useAlertText();
  const language = useApp((state) => state.settings.language);
  const admin = useApp((state) => state.session.user?.role === "admin");
  const { failed } = useActions();
  const end = async (id: string) => {
    try {
      await body(api.DELETE("/api/alerts/silences/{silence_id}", { params: { path: { silence_id: id } } }));
    } catch (error) {
      failed(m("alert.notDone"), error);
    }
    again();
  };
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("alert.silences")}</h2>
        <span className="fill" />
        {admin ? (
          <button type="button" className="button small-button" onClick={onAdd}>
            {m("alert.silence")}
          </button>
        ) : null}
      </div>
      {silences?.length === 0 ? <Empty>{m("alert.silencesNone")}</Empty> : null}
      <ul className="settings-list">
        {silences?.map((silence) => (
          <li key={silence.silence_id}>
            <span>
              <b className="strong">{silence.rule === "*" ? m("alert.everyRule") : ruleWords(silence.rule)}</b> <span className="faint small">{m("alert.until", { at: day(silence.until, language) })}</span>
              <span className="soft small agent">
                {silence.comment} · {silence.created_by}
              </span>
            </span>
            {admin ? (
              <button type="button" className="button small-button" onClick={() => void end(silence.silence_id)}>
                {m("alert.end")}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function SilenceDialog({ rule, rules, onClose, onMade }: { rule: string | null; rules: readonly Rule[]; onClose: () => void; onMade: () => void }) {
  const m = useAlertText();
  return (
    <Dialog open={rule !== null} onClose={onClose} label={m("alert.silenceTitle")}>
      <h2>{m("alert.silenceTitle")}</h2>
      <p className="soft">{m("alert.silenceText")}</p>
      <Form start={rule ?? "*"} rules={rules} onClose={onClose} onMade={onMade} />
    </Dialog>
  );
}

function Form({ start, rules, onClose, onMade }: { start: string; rules: readonly Rule[]; onClose: () => void; onMade: () => void }) {
  const m = useAlertText();
  const { done } = useActions();
  const [rule, setRule] = useState(start);
  const [hours, setHours] = useState("4");
  const [comment, setComment] = useState("");
  const send = async () => {
    const until = new Date(Date.now() + Number(hours) * 3_600_000 - 60_000).toISOString();
    await body(api.POST("/api/alerts/silences", { body: { rule, until, comment: comment.trim() } }));
    done(m("alert.silenced"));
    onMade();
  };
  const length = (text: string) => (Number(text) < 24 ? m("alert.hours", { n: Number(text) }) : m("alert.days", { n: Number(text) / 24 }));
  return (
    <FormFrame label={m("alert.silenceTitle")} act={m("alert.silence")} blocked={comment.trim() === ""} onSend={send} onClose={onClose}>
      <Select label={m("alert.rule")} value={rule} options={["*", ...rules.map((each) => each.rule)]} shown={(name) => (name === "*" ? m("alert.everyRule") : ruleWords(name))} onChange={setRule} />
      <Select label={m("alert.length")} value={hours} options={HOURS} shown={length} onChange={setHours} />
      <TextField label={m("alert.why")} value={comment} onChange={setComment} maxLength={500} required autoComplete="off" />
    </FormFrame>
  );
}
