/** Tabs as the ARIA practices have them: one stop for Tab, arrows move and select. */
import type { KeyboardEvent, ReactNode } from "react";

export interface Tab<T extends string> {
  readonly id: T;
  readonly label: ReactNode;
  readonly count?: number | undefined;
}

export function Tabs<T extends string>({ tabs, value, onChange, label, name }: { tabs: readonly Tab<T>[]; value: T; onChange: (id: T) => void; label: string; name: string }) {
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === value);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.id);
    document.getElementById(`${name}-${next.id}`)?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          id={`${name}-${tab.id}`}
          type="button"
          role="tab"
          aria-selected={tab.id === value}
          aria-controls={`${name}-panel`}
          tabIndex={tab.id === value ? 0 : -1}
          onClick={() => onChange(tab.id)}
        >
          {tab.label}
          {tab.count === undefined ? null : <span>{tab.count}</span>}
        </button>
      ))}
    </div>
  );
}

export function Panel({ name, value, children, className }: { name: string; value: string; children: ReactNode; className?: string }) {
  return (
    <div id={`${name}-panel`} role="tabpanel" aria-labelledby={`${name}-${value}`} className={className} tabIndex={-1}>
      {children}
    </div>
  );
}

/** A row of choices of which one holds. */
export function Choice<T extends string>({ options, value, onChange, label, className }: { options: readonly { id: T; label: ReactNode }[]; value: T; onChange: (id: T) => void; label: string; className?: string }) {
  return (
    <div className={`choice ${className ?? ""}`} role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option.id} type="button" aria-pressed={option.id === value} onClick={() => onChange(option.id)}>
          {option.label}
        </button>
      ))}
    </div>
  );
}
