/** Headline figures in one row between two hairlines; grey with their age when they are old. */
import type { ReactNode } from "react";
import { Age, OLD_S, useStale } from "./states";

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly unit?: string | undefined;
  readonly tone?: string | undefined;
  readonly note?: ReactNode;
}

export function Figures({ items, at }: { items: readonly Figure[]; at?: number | undefined }) {
  const stale = useStale(at, OLD_S);
  return (
    <dl className={stale ? "figures stale" : "figures"}>
      {items.map((item, i) => (
        <div key={item.label}>
          <dt>{item.label}</dt>
          <dd>
            <div className={`figure-value ${item.tone ?? ""}`}>
              {item.value}
              {item.unit ? <small>{item.unit}</small> : null}
            </div>
            <div className="figure-note">{i === 0 && stale ? <Age at={at} max={OLD_S} /> : item.note}</div>
          </dd>
        </div>
      ))}
    </dl>
  );
}
