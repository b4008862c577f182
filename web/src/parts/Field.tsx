/** A labelled input line: label left, value right, unit behind it; what is wrong stands below and is announced. */
import { useId } from "react";
import type { InputHTMLAttributes, ReactNode } from "react";

type Props = Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> & {
  label: string;
  value: string;
  onChange: (value: string) => void;
  unit?: ReactNode;
  problem?: string | null | undefined;
  hint?: ReactNode;
};

/** The compact line of the ticket. */
export function NumberField({ label, value, onChange, unit, problem, hint, ...rest }: Props) {
  const id = useId();
  return (
    <div className="number-field" data-bad={problem ? true : undefined}>
      <div className="number-line">
        <label htmlFor={id}>{label}</label>
        <input
          {...rest}
          id={id}
          value={value}
          inputMode="decimal"
          autoComplete="off"
          spellCheck={false}
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem || hint ? `${id}-say` : undefined}
          onChange={(event) => onChange(event.target.value.replace(",", "."))}
        />
        {unit ? <em>{unit}</em> : null}
      </div>
      {problem || hint ? (
        <p id={`${id}-say`} className={problem ? "field-problem" : "field-hint"}>
          {problem ?? hint}
        </p>
      ) : null}
    </div>
  );
}

/** The tall form field of log-in, set-up and settings. */
export function TextField({ label, value, onChange, problem, hint, ...rest }: Props) {
  const id = useId();
  return (
    <div className="text-field" data-bad={problem ? true : undefined}>
      <label htmlFor={id}>{label}</label>
      <input
        {...rest}
        id={id}
        value={value}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem || hint ? `${id}-say` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem || hint ? (
        <p id={`${id}-say`} className={problem ? "field-problem" : "field-hint"}>
          {problem ?? hint}
        </p>
      ) : null}
    </div>
  );
}
