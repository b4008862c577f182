/** The frame around every page: navigation, top bar, notices, and the bar at the bottom of a phone. */
import { createContext, lazy, Suspense, useCallback, useContext, useEffect, useMemo, useState } from "react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useActions } from "../app/actions";
import { AttentionContext, useAsked, useAttention } from "../app/attention";
import { useNow } from "../app/clock";
import { selectHalted, selectLive } from "../app/desk";
import { useKeys } from "../app/keys";
import { GROUPS, usePages } from "../app/pages";
import type { Page } from "../app/pages";
import { useApp } from "../app/store";
import { useLink } from "../market/link";
import { age, day } from "../market/format";
import { useText } from "../text/desk";
import { Dialog } from "./Dialog";
import { HoldButton } from "./HoldButton";
import { Icon, Mark } from "./icons";
import { OLD_S } from "./states";
import { Toasts } from "./Toasts";

const Palette = lazy(() => import("./Palette"));

const isAt = (page: Page, path: string) => (page.path === "/" ? path === "/" : path === page.path || path.startsWith(`${page.path}/`));

interface Line {
  readonly text: string;
  /** When what the page shows was read, ms of performance.now(). */
  readonly at?: number | undefined;
}

const NO_LINE: Line = { text: "" };
const ContextLine = createContext<(line: Line) => void>(() => {});

/** A page says in the top bar what it is about. */
export function useContextLine(text: string): void {
  const say = useContext(ContextLine);
  useEffect(() => {
    say({ text });
    return () => say(NO_LINE);
  }, [say, text]);
}

/** A page says in the top bar how old its figures are. */
export function useUpdated(at: number | undefined): void {
  const say = useContext(ContextLine);
  useEffect(() => say({ text: "", at }), [say, at]);
  useEffect(() => () => say(NO_LINE), [say]);
}

function Updated({ at }: { at: number }) {
  const t = useText();
  const seconds = Math.max(0, (useNow() - at) / 1000);
  return <span className={seconds > OLD_S ? "warn" : ""}>{t("state.updated", { age: age(seconds) })}</span>;
}

function Nav({ path }: { path: string }) {
  const t = useText();
  const live = useApp(selectLive).length;
  const user = useApp((state) => state.session.user?.username);
  const { firing } = useAttention();
  const all = usePages();
  return (
    <nav className="nav" aria-label={t("nav.label")}>
      <div className="brand">
        <Mark />
        <span>Tradewind</span>
      </div>
      {GROUPS.map((group) => {
        const pages = all.filter((page) => page.group === group);
        if (pages.length === 0) return null;
        return (
          <div key={group} className="nav-group">
            <p>{t(`nav.${group}`)}</p>
            {pages.map((page) => (
              <Link key={page.path} href={page.path} aria-current={isAt(page, path) ? "page" : undefined} title={t(page.title)} onPointerEnter={() => void page.load()}>
                <Icon name={page.icon} />
                <span>{t(page.title)}</span>
                {page.path === "/orders" && live > 0 ? <em>{live}</em> : null}
                {page.path === "/alerts" && firing > 0 ? <em className="nav-alerts">{firing}</em> : null}
              </Link>
            ))}
          </div>
        );
      })}
      <div className="nav-foot">
        <b>{t("mode.simulated")}</b>
        <span>{t("mode.noMoney")}</span>
        <span>{user}</span>
      </div>
    </nav>
  );
}

function LiveState() {
  const t = useText();
  const { way, latency } = useLink();
  const word = t(`link.${way}`);
  return (
    <span className="live" data-way={way} role="status">
      <i aria-hidden="true" />
      <span>
        {word}
        {latency !== null && way !== "lost" ? ` · ${latency} ms` : ""}
      </span>
    </span>
  );
}

function LostNotice() {
  const t = useText();
  const link = useLink();
  const now = useNow();
  if (link.way !== "lost") return null;
  const since = age((now - (link.lostAt ?? now)) / 1000);
  return (
    <div className="notice" role="alert">
      <Icon name="alert" /> {t("link.notice", { age: since })}
    </div>
  );
}

/** What the administrators tell everybody. */
function SystemNotice() {
  const { notice } = useAttention();
  if (!notice) return null;
  return (
    <div className="notice" data-kind="said" role="status">
      <Icon name="alert" /> <span>{notice}</span>
    </div>
  );
}

function HaltNotice() {
  const t = useText();
  const halted = useApp(selectHalted);
  const language = useApp((state) => state.settings.language);
  const { resumeAll } = useActions();
  const [asking, setAsking] = useState(false);
  const first = halted[0];
  if (!first) return null;
  const close = () => setAsking(false);
  return (
    <div className="notice" data-kind="halt" role="status">
      <Icon name="alert" />
      <span>{t("halt.notice", { since: day(first.halted_at ?? "", language) })}</span>
      <button type="button" className="button small-button" onClick={() => setAsking(true)}>
        {t("halt.release")}
      </button>
      <Dialog open={asking} onClose={close} label={t("halt.release")}>
        <h2>{t("halt.releaseTitle")}</h2>
        <p className="soft">{t("halt.releaseText")}</p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={close}>
            {t("action.cancel")}
          </button>
          <button type="button" className="button ink" onClick={() => (close(), void resumeAll())}>
            {t("halt.release")}
          </button>
        </div>
      </Dialog>
    </div>
  );
}

function KeyList({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useText();
  const pages = usePages();
  const rows: [string, string][] = [
    ["Ctrl K", t("keys.palette")],
    ...pages.map((page): [string, string] => [`g ${page.key}`, t(page.title)]),
    ["1 – 6", t("keys.interval")],
    ["/", t("keys.filter")],
    ["?", t("keys.list")],
  ];
  return (
    <Dialog open={open} onClose={onClose} label={t("keys.title")}>
      <h2>{t("keys.title")}</h2>
      <dl className="key-list">
        {rows.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function TopBar({ title, context, onSearch }: { title: string; context: Line; onSearch: () => void }) {
  const t = useText();
  const { haltAll } = useActions();
  const halted = useApp(selectHalted).length > 0;
  return (
    <header className="top">
      <h1>{title}</h1>
      <span className="top-context">{context.at === undefined ? context.text : <Updated at={context.at} />}</span>
      <span className="fill" />
      <button type="button" className="search" onClick={onSearch}>
        <Icon name="search" size={14} />
        <span>{t("palette.open")}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <LiveState />
      <HoldButton onHeld={() => void haltAll()} hint={t("halt.hint")} disabled={halted}>
        {halted ? t("halt.on") : t("halt.all")}
      </HoldButton>
    </header>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  const t = useText();
  const [path] = useLocation();
  const [context, setContext] = useState<Line>(NO_LINE);
  const attention = useAsked();
  const pages = usePages();
  const [opened, setOpened] = useState<"palette" | "keys" | null>(null);
  const open = useCallback((what: "palette" | "keys") => setOpened(what), []);
  const close = useCallback(() => setOpened(null), []);
  useKeys(open);
  const page = useMemo(() => pages.find((page) => isAt(page, path)), [pages, path]);
  const title = page ? t(page.title) : t("page.missing");
  useEffect(() => {
    document.title = `${title} · Tradewind`;
  }, [title]);
  return (
    <ContextLine.Provider value={setContext}>
      <AttentionContext.Provider value={attention}>
        <a className="skip" href="#content">
          {t("nav.skip")}
        </a>
        <div className="shell">
          <TopBar title={title} context={context} onSearch={() => setOpened("palette")} />
          <Nav path={path} />
          <div className="stage">
            <LostNotice />
            <HaltNotice />
            <SystemNotice />
            <main id="content" tabIndex={-1}>
              {children}
            </main>
          </div>
          <nav className="bottom" aria-label={t("nav.short")}>
            {pages.filter((page) => page.handy).map((page) => (
              <Link key={page.path} href={page.path} aria-current={isAt(page, path) ? "page" : undefined}>
                <Icon name={page.icon} />
                {t(page.title)}
              </Link>
            ))}
          </nav>
        </div>
        <Suspense fallback={null}>{opened === "palette" ? <Palette onClose={close} /> : null}</Suspense>
        <KeyList open={opened === "keys"} onClose={close} />
        <Toasts />
      </AttentionContext.Provider>
    </ContextLine.Provider>
  );
}
