/** The four states that are not data: loading, empty, failed, old. */
import type { ReactNode } from "react";
import { useNow } from "../app/clock";
import { age } from "../market/format";
import { useText } from "../text";

/** Bars in the place of text; they appear after 200 ms (by the style sheet), so what is quick never flickers. */
export function Loading({ rows = 4, label }: { rows?: number; label?: string }) {
  const t = useText();
  return (
    <div className="loading" role="status" aria-label={label ?? t("state.loading")}>
      {Array.from({ length: rows }, (_, i) => (
        <i key={i} data-width={i % 3} />
      ))}
    </div>
  );
}

/** One sentence, one thing to do, and the command that does the same. */
export function Empty({ children, action, command }: { children: ReactNode; action?: ReactNode; command?: string }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {action}
      {command ? <code className="mono">{command}</code> : null}
    </div>
  );
}

export function ErrorNote({ what, detail, requestId, retry }: { what: string; detail: string; requestId?: string | null; retry?: () => void }) {
  const t = useText();
  return (
    <div className="note-error" role="alert">
      <p className="strong">{what}</p>
      <p className="soft">{detail}</p>
      {requestId ? (
        <p className="faint small">
          {t("state.request")} <span className="mono">{requestId}</span>
        </p>
      ) : null}
      {retry ? (
        <button type="button" className="button small-button" onClick={retry}>
          {t("state.retry")}
        </button>
      ) : null}
    </div>
  );
}

/** Seconds after which what is read every five is old. */
export const OLD_S = 20;

/** Seconds after which prices are old: the stream tells them twice a second. */
export const TICKERS_OLD_S = 10;

/** Greys what is in it, and says how old it is, once that is older than it should be, seconds. */
export function Fresh({ at, max, children }: { at: number | undefined; max: number; children: ReactNode }) {
  const stale = useStale(at, max);
  return (
    <div className={stale ? "fresh stale" : "fresh"}>
      {stale ? (
        <p className="fresh-age">
          <Age at={at} max={max} />
        </p>
      ) : null}
      {children}
    </div>
  );
}

/** Shown only when a value is older than it should be, seconds. */
export function Age({ at, max }: { at: number | undefined; max: number }) {
  const now = useNow();
  const t = useText();
  if (at === undefined) return null;
  const seconds = (now - at) / 1000;
  if (seconds <= max) return null;
  return <span className="age">{t("state.old", { age: age(seconds) })}</span>;
}

export function useStale(at: number | undefined, max: number): boolean {
  const now = useNow();
  return at !== undefined && (now - at) / 1000 > max;
}
