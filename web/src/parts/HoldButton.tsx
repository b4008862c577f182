/** A button that acts only after it was held for a second, by pointer or by key. Letting go earlier does nothing. */
import { useEffect, useRef, useState } from "react";
import type { KeyboardEvent, ReactNode } from "react";

const HOLD_MS = 1_000;

export function HoldButton({ onHeld, hint, children, disabled }: { onHeld: () => void; hint: string; children: ReactNode; disabled?: boolean }) {
  const [held, setHeld] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const stop = () => {
    clearTimeout(timer.current);
    timer.current = undefined;
    setHeld(false);
  };
  const start = () => {
    if (disabled || timer.current !== undefined) return;
    setHeld(true);
    timer.current = setTimeout(() => {
      stop();
      onHeld();
    }, HOLD_MS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const isKey = (event: KeyboardEvent) => event.key === " " || event.key === "Enter";
  return (
    <button
      type="button"
      className="button hold"
      data-held={held || undefined}
      disabled={disabled}
      title={hint}
      aria-description={hint}
      onPointerDown={(event) => event.button === 0 && start()}
      onPointerUp={stop}
      onPointerLeave={stop}
      onPointerCancel={stop}
      onKeyDown={(event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        if (!event.repeat) start();
      }}
      onKeyUp={(event) => isKey(event) && stop()}
      onBlur={stop}
    >
      {children}
    </button>
  );
}
