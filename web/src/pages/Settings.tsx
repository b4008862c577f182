/** Look, handling, security, people: what one chooses for oneself, and what an administrator decides. */
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import type { FormEvent } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { asFailure } from "../api/problem";
import { useActions } from "../app/actions";
import { useReading } from "../app/reading";
import { userChanged } from "../app/session";
import { chose, DENSITIES, LANGUAGES, PRESETS, THEMES } from "../app/settings";
import { useAct, useApp } from "../app/store";
import { day } from "../market/format";
import { TextField } from "../parts/Field";
import { Loading } from "../parts/states";
import { Choice } from "../parts/Tabs";
import { useText } from "../text/settings";
import { ApiKeys, VenueKeys } from "./Keys";
import { AccountLimits } from "./Limits";
import { Channels } from "./alerts/Channels";
import { People, roleWord } from "./People";
import { System } from "./System";
import { ReadCard } from "./ReadCard";
import "./settings.css";

const Qr = lazy(() => import("../parts/Qr"));

const LANGUAGE_NAMES: Record<(typeof LANGUAGES)[number], string> = { en: "English", vi: "Tiếng Việt", id: "Bahasa Indonesia", ko: "한국어" };

function Look() {
  const t = useText();
  const act = useAct();
  const { theme, market, density, language } = useApp((state) => state.settings);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{t("settings.look")}</h2>
      </div>
      <div className="settings-rows">
        <div>
          <span>{t("settings.theme")}</span>
          <Choice options={THEMES.map((id) => ({ id, label: t(`theme.${id}`) }))} value={theme} onChange={(id) => act(chose({ theme: id }))} label={t("settings.theme")} />
        </div>
        <div className="settings-presets">
          <span>{t("settings.market")}</span>
          <div role="radiogroup" aria-label={t("settings.market")}>
            {PRESETS.map((id) => (
              <label key={id}>
                <input type="radio" name="preset" checked={market === id} onChange={() => act(chose({ market: id }))} />
                <span className="swatch" data-preset={id} aria-hidden="true">
                  <i />
                  <i />
                </span>
                {t(`preset.${id}`)}
              </label>
            ))}
          </div>
        </div>
        <div>
          <span>{t("settings.density")}</span>
          <Choice options={DENSITIES.map((id) => ({ id, label: t(`settings.${id}`) }))} value={density} onChange={(id) => act(chose({ density: id }))} label={t("settings.density")} />
        </div>
        <div>
          <label htmlFor="language">{t("settings.language")}</label>
          <select id="language" className="select" value={language} onChange={(event) => act(chose({ language: event.target.value as typeof language }))}>
            {LANGUAGES.map((id) => (
              <option key={id} value={id} lang={id}>
                {LANGUAGE_NAMES[id]}
              </option>
            ))}
          </select>
        </div>
      </div>
    </section>
  );
}

function Trading() {
  const t = useText();
  const act = useAct();
  const { confirm, tradingKeys } = useApp((state) => state.settings);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{t("settings.trading")}</h2>
      </div>
      <div className="settings-rows">
        <label className="settings-check">
          <input type="checkbox" checked={confirm} onChange={(event) => act(chose({ confirm: event.target.checked }))} />
          {t("settings.confirm")}
        </label>
        <label className="settings-check">
          <input type="checkbox" checked={tradingKeys} onChange={(event) => act(chose({ tradingKeys: event.target.checked }))} />
          {t("settings.tradingKeys")}
        </label>
      </div>
    </section>
  );
}

/** Who one is here, as the server has it. */
function Profile() {
  const t = useText();
  const user = useApp((state) => state.session.user);
  const language = useApp((state) => state.settings.language);
  if (!user) return null;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{t("settings.profile")}</h2>
      </div>
      <dl className="facts settings-facts">
        <dt>{t("login.name")}</dt>
        <dd>{user.username}</dd>
        <dt>{t("settings.role")}</dt>
        <dd>{roleWord(t, user.role)}</dd>
        {user.email ? (
          <>
            <dt>{t("settings.email")}</dt>
            <dd>{user.email}</dd>
          </>
        ) : null}
        <dt>{t("settings.since")}</dt>
        <dd>{day(user.created_at, language)}</dd>
        {user.last_login ? (
          <>
            <dt>{t("settings.lastLogin")}</dt>
            <dd>{day(user.last_login, language)}</dd>
          </>
        ) : null}
      </dl>
    </section>
  );
}

function useUserRefresh() {
  const act = useAct();
  return useCallback(async () => void act(userChanged(await body(api.GET("/api/me")))), [act]);
}

function SecondFactor() {
  const t = useText();
  const user = useApp((state) => state.session.user);
  const reread = useUserRefresh();
  const { done } = useActions();
  const [enrolment, setEnrolment] = useState<Schemas["Enrolment"] | null>(null);
  const [removing, setRemoving] = useState(false);
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const attempt = async (work: () => Promise<void>) => {
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(asFailure(error).detail);
    }
  };
  const secret = enrolment ? new URL(enrolment.url).searchParams.get("secret") : null;
  const verify = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      if (!enrolment) return;
      await body(api.POST("/api/auth/totp/verify", { body: { pending: enrolment.pending, code: code.trim() } }));
      setEnrolment(null);
      setCode("");
      done(t("settings.totpDone"));
      await reread();
    });
  };
  const remove = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      await body(api.POST("/api/auth/totp/remove", { body: { code: code.trim() } }));
      setRemoving(false);
      setCode("");
      done(t("settings.totpGone"));
      await reread();
    });
  };
  const field = <TextField label={t("login.code")} value={code} onChange={setCode} inputMode="numeric" autoComplete="one-time-code" maxLength={8} hint={t("login.codeHint")} problem={problem} />;
  return (
    <div className="settings-block">
      <p className="soft">{t(user?.totp ? "settings.totpOn" : "settings.totpOff")}</p>
      {!user?.totp && !enrolment ? (
        <button type="button" className="button" onClick={() => void attempt(async () => setEnrolment(await body(api.POST("/api/auth/totp/enrol"))))}>
          {t("settings.totpAdd")}
        </button>
      ) : null}
      {enrolment ? (
        <form onSubmit={verify}>
          <p>{t("settings.totpSecret")}</p>
          <Suspense fallback={<Loading rows={3} />}>
            <Qr text={enrolment.url} label={t("settings.totpQr")} />
          </Suspense>
          <p className="small faint">{t("settings.totpByHand")}</p>
          <code className="mono secret">{secret?.replace(/(.{4})/g, "$1 ").trim()}</code>
          <a className="small soft" href={enrolment.url}>
            {t("settings.totpOpen")}
          </a>
          {field}
          <button type="submit" className="button ink">
            {t("settings.totpVerify")}
          </button>
        </form>
      ) : null}
      {user?.totp && !removing ? (
        <button type="button" className="button danger" onClick={() => setRemoving(true)}>
          {t("settings.totpRemove")}
        </button>
      ) : null}
      {removing ? (
        <form onSubmit={remove}>
          <p>{t("settings.totpRemoveText")}</p>
          {field}
          <button type="submit" className="button danger">
            {t("settings.totpRemove")}
          </button>
        </form>
      ) : null}
      {problem && !enrolment && !removing ? (
        <p className="form-problem" role="alert">
          {problem}
        </p>
      ) : null}
    </div>
  );
}

function Password() {
  const t = useText();
  const { done } = useActions();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const change = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await body(api.POST("/api/me/password", { body: { current, new: next } }));
      setCurrent("");
      setNext("");
      done(t("settings.passwordDone"));
    } catch (error) {
      setProblem(asFailure(error).detail);
    }
  };
  return (
    <form className="settings-block" onSubmit={(event) => void change(event)}>
      <TextField label={t("settings.passwordNow")} type="password" autoComplete="current-password" value={current} onChange={setCurrent} required />
      <TextField label={t("settings.passwordNew")} type="password" autoComplete="new-password" value={next} onChange={setNext} required problem={problem} />
      <button type="submit" className="button">
        {t("settings.passwordChange")}
      </button>
    </form>
  );
}

const readSessions = () => body(api.GET("/api/sessions"));

function Sessions() {
  const t = useText();
  const language = useApp((state) => state.settings.language);
  const { failed: tell } = useActions();
  const read = useReading(readSessions);
  const { value: list, again } = read;
  const end = async (id: string) => {
    try {
      await body(api.DELETE("/api/sessions/{session_id}", { params: { path: { session_id: id } } }));
    } catch (error) {
      tell(t("settings.failed"), error);
    }
    again();
  };
  return (
    <ReadCard title={t("settings.sessions")} of={read} failedWord={t("settings.sessionsFailed")}>
      <ul className="settings-list">
        {list?.map((session) => (
          <li key={session.id}>
            <span>
              <b className="strong">{session.ip}</b> {session.current ? <span className="faint">{t("settings.sessionThis")}</span> : null}
              <span className="faint small agent">{session.user_agent}</span>
            </span>
            <span className="faint small">{t("settings.sessionUsed", { at: day(session.last_used_at, language) })}</span>
            {session.current ? null : (
              <button type="button" className="button small-button" onClick={() => void end(session.id)}>
                {t("settings.sessionEnd")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </ReadCard>
  );
}

export default function Settings() {
  const t = useText();
  const user = useApp((state) => state.session.user);
  const { logout } = useActions();
  const [version, setVersion] = useState("");
  useEffect(() => {
    body(api.GET("/api/health")).then(
      (health) => setVersion(health.version),
      () => setVersion(""),
    );
  }, []);
  return (
    <div className="page">
      <div className="settings-top">
        <p className="lede">{t("settings.lede", { name: user?.username ?? "", role: roleWord(t, user?.role ?? "viewer") })}</p>
        <button type="button" className="button" onClick={() => void logout()}>
          {t("session.logout")}
        </button>
      </div>
      <div className="settings-grid">
        <div className="stack">
          <Look />
          <Trading />
          <AccountLimits />
          <ApiKeys />
          {user?.role === "admin" ? <People /> : null}
          {user?.role === "admin" ? <System /> : null}
        </div>
        <div className="stack">
          <Profile />
          <section className="card">
            <div className="card-head">
              <h2>{t("settings.security")}</h2>
            </div>
            <SecondFactor />
          </section>
          <section className="card">
            <div className="card-head">
              <h2>{t("settings.password")}</h2>
            </div>
            <Password />
          </section>
          <Sessions />
          <VenueKeys />
          {user?.role === "admin" ? <Channels title={t("settings.notifications")} /> : null}
          <section className="card">
            <div className="card-head">
              <h2>{t("settings.about")}</h2>
            </div>
            <p className="settings-block soft">{t("settings.aboutText", { version })}</p>
          </section>
        </div>
      </div>
    </div>
  );
}
