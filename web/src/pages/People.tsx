/** Who may log in, and as what: for administrators. */
import { useState } from "react";
import type { FormEvent } from "react";
import { api, body } from "../api/client";
import { asFailure } from "../api/problem";
import { useActions } from "../app/actions";
import { useReading } from "../app/reading";
import { useApp } from "../app/store";
import { TextField } from "../parts/Field";
import { useText } from "../text/settings";
import type { Text } from "../text/settings";
import { ReadCard } from "./ReadCard";

const ROLES = ["viewer", "trader", "admin"] as const;
const readPeople = () => body(api.GET("/api/users"));

export function roleWord(t: Text, role: string): string {
  return role === "admin" ? t("settings.roleAdmin") : role === "trader" ? t("settings.roleTrader") : t("settings.roleViewer");
}

export function People() {
  const t = useText();
  const me = useApp((state) => state.session.user?.id);
  const { failed: tell, done } = useActions();
  const read = useReading(readPeople);
  const { value: list, again } = read;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState("trader");
  const [problem, setProblem] = useState<string | null>(null);
  const change = async (id: string, what: { active: boolean } | { role: string }) => {
    try {
      await body(api.PATCH("/api/users/{user_id}", { params: { path: { user_id: id } }, body: what }));
    } catch (error) {
      tell(t("settings.failed"), error);
    }
    again();
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await body(api.POST("/api/users", { body: { username: name, password, role } }));
      done(t("settings.personDone", { name }));
      setName("");
      setPassword("");
    } catch (error) {
      setProblem(asFailure(error).detail);
    }
    again();
  };
  return (
    <ReadCard title={t("settings.people")} of={read} failedWord={t("settings.peopleFailed")}>
      <ul className="settings-list">
        {list?.map((person) => (
          <li key={person.id}>
            <span>
              <b className="strong">{person.username}</b> {person.id === me ? <span className="faint">{roleWord(t, person.role)}</span> : null}
            </span>
            {person.id === me ? null : (
              <select className="select person-role" aria-label={t("settings.roleOf", { name: person.username })} value={person.role} onChange={(event) => void change(person.id, { role: event.target.value })}>
                {ROLES.map((each) => (
                  <option key={each} value={each}>
                    {roleWord(t, each)}
                  </option>
                ))}
              </select>
            )}
            <span className="dot small" data-state={person.active ? "on" : "off"}>
              {t(person.active ? "settings.active" : "settings.inactive")}
            </span>
            {person.id === me ? null : (
              <button type="button" className="button small-button" onClick={() => void change(person.id, { active: !person.active })}>
                {t(person.active ? "settings.switchOff" : "settings.switchOn")}
              </button>
            )}
          </li>
        ))}
      </ul>
      <form className="settings-block" onSubmit={(event) => void add(event)} aria-label={t("settings.personAdd")}>
        <TextField label={t("login.name")} value={name} onChange={setName} autoComplete="off" required autoCapitalize="none" />
        <TextField label={t("login.password")} type="password" value={password} onChange={setPassword} autoComplete="new-password" required problem={problem} />
        <div className="text-field">
          <label htmlFor="role">{t("settings.role")}</label>
          <select id="role" className="select" value={role} onChange={(event) => setRole(event.target.value)}>
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {roleWord(t, each)}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" className="button">
          {t("settings.personAdd")}
        </button>
      </form>
    </ReadCard>
  );
}
