/** Reasons to believe something, or not: a mark that is not only a colour, a sentence, a number. */
import { Icon } from "./icons";

export interface Reason {
  readonly good: boolean;
  readonly text: string;
  readonly detail: string;
}

export function Reasons({ rows }: { rows: readonly Reason[] }) {
  return (
    <ul className="trust">
      {rows.map((row) => (
        <li key={row.text}>
          <span className={row.good ? "ok" : "warn"}>
            <Icon name={row.good ? "check" : "alert"} size={14} />
          </span>
          <span>{row.text}</span>
          <b>{row.detail}</b>
        </li>
      ))}
    </ul>
  );
}
