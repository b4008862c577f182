/** The first start: the one-time code of the terminal makes the first administrator. */
import { useState } from "react";
import type { FormEvent } from "react";
import { asFailure } from "../api/problem";
import { setUp } from "../app/session";
import { TextField } from "../parts/Field";
import { Gate } from "../parts/Gate";
import { useText } from "../text";

/** As the server has it. */
const PASSWORD_MIN = 12;

export default function Setup() {
  const t = useText();
  const [code, setCode] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<{ field: "code" | "names" | "password" | "form"; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (password.length < PASSWORD_MIN) {
      setProblem({ field: "password", text: t("setup.short", { n: PASSWORD_MIN }) });
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await setUp({ code: code.trim(), username, password });
    } catch (error) {
      const failure = asFailure(error);
      const field = failure.code === "setup_code" ? "code" : failure.code === "names" || failure.code === "password" ? failure.code : "form";
      setProblem({ field, text: failure.detail });
    } finally {
      setBusy(false);
    }
  };
  const of = (field: string) => (problem?.field === field ? problem.text : null);
  return (
    <Gate title={t("setup.title")} say={t("setup.say")}>
      <form onSubmit={(event) => void send(event)} aria-label={t("setup.title")}>
        <TextField label={t("setup.code")} value={code} onChange={setCode} autoComplete="off" autoFocus required name="code" spellCheck={false} hint={t("setup.codeHint")} problem={of("code")} />
        <TextField label={t("login.name")} value={username} onChange={setUsername} autoComplete="username" required name="username" autoCapitalize="none" spellCheck={false} problem={of("names")} />
        <TextField label={t("login.password")} type="password" value={password} onChange={setPassword} autoComplete="new-password" required name="password" hint={t("setup.passwordHint", { n: PASSWORD_MIN })} problem={of("password")} />
        {problem?.field === "form" ? (
          <p className="form-problem" role="alert">
            {problem.text}
          </p>
        ) : null}
        <button type="submit" className="button ink wide" disabled={busy}>
          {t("setup.action")}
        </button>
      </form>
    </Gate>
  );
}
