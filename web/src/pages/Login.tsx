/** Logging in, with the second factor asked for only where there is one. */
import { useRef, useState } from "react";
import type { FormEvent } from "react";
import { asFailure } from "../api/problem";
import { login } from "../app/session";
import { useApp } from "../app/store";
import { TextField } from "../parts/Field";
import { Gate } from "../parts/Gate";
import { useText } from "../text";

export default function Login() {
  const t = useText();
  const ended = useApp((state) => state.session.ended);
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState("");
  const [asksCode, setAsksCode] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const code = useRef<HTMLDivElement>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await login({ username, password, totp });
    } catch (error) {
      const failure = asFailure(error);
      if (failure.code === "totp_required") {
        setAsksCode(true);
        requestAnimationFrame(() => code.current?.querySelector("input")?.focus());
      } else {
        setProblem(failure.code === "unreachable" ? t("gate.unreachable") : failure.detail);
      }
    } finally {
      setBusy(false);
    }
  };
  return (
    <Gate title={t("login.title")} say={ended ? t("login.ended") : t("login.say")}>
      <form onSubmit={(event) => void send(event)} aria-label={t("login.title")}>
        <TextField label={t("login.name")} value={username} onChange={setUsername} autoComplete="username" autoFocus required name="username" autoCapitalize="none" spellCheck={false} />
        <TextField label={t("login.password")} type="password" value={password} onChange={setPassword} autoComplete="current-password" required name="password" />
        {asksCode ? (
          <div ref={code}>
            <TextField label={t("login.code")} value={totp} onChange={setTotp} inputMode="numeric" autoComplete="one-time-code" maxLength={8} name="totp" hint={t("login.codeHint")} />
          </div>
        ) : null}
        {problem ? (
          <p className="form-problem" role="alert">
            {problem}
          </p>
        ) : null}
        <button type="submit" className="button ink wide" disabled={busy}>
          {t("login.action")}
        </button>
      </form>
    </Gate>
  );
}
