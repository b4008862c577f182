/** What the cards of the settings share: one that shows what was read, and a form that says what was wrong with it. */
import { useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { asFailure } from "../api/problem";
import type { Reading } from "../app/reading";
import { ErrorNote, Loading } from "../parts/states";

/** A card under its title: bars until something was read, what failed and how to try again, then what is in it. */
export function ReadCard<T>({ title, of, failedWord, rows = 2, before, children }: { title: string; of: Reading<T>; failedWord: string; rows?: number; before?: ReactNode; children: ReactNode }) {
  const { value, failed, again } = of;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{title}</h2>
      </div>
      {before}
      {failed ? <ErrorNote what={failedWord} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {value === null && !failed ? <Loading rows={rows} /> : null}
      {children}
    </section>
  );
}

/** Sends by its button; what the server says against it stands above that, and nothing that was typed is lost. */
export function SettingsForm({ label, act, blocked, onSend, children }: { label: string; act: string; blocked: boolean; onSend: () => Promise<void>; children: ReactNode }) {
  const [problem, setProblem] = useState<string | null>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await onSend();
    } catch (error) {
      setProblem(asFailure(error).detail);
    }
  };
  return (
    <form className="settings-block" onSubmit={(event) => void send(event)} aria-label={label}>
      {children}
      {problem ? (
        <p className="form-problem" role="alert">
          {problem}
        </p>
      ) : null}
      <button type="submit" className="button" disabled={blocked}>
        {act}
      </button>
    </form>
  );
}
