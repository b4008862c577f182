/** The stack of notices. Good news leaves by itself, failures stay. */
import { useEffect } from "react";
import { useAct, useApp } from "../app/store";
import { closed } from "../app/toasts";
import type { Toast } from "../app/toasts";
import { useText } from "../text";
import { Icon } from "./icons";

const DONE_MS = 4_000;

function One({ toast }: { toast: Toast }) {
  const act = useAct();
  const t = useText();
  useEffect(() => {
    if (toast.kind !== "done") return;
    const timer = setTimeout(() => act(closed(toast.id)), DONE_MS);
    return () => clearTimeout(timer);
  }, [act, toast]);
  return (
    <li className="toast" data-kind={toast.kind}>
      <Icon name={toast.kind === "done" ? "check" : "alert"} />
      <div>
        <p>{toast.text}</p>
        {toast.detail ? <p className="faint small">{toast.detail}</p> : null}
      </div>
      <button type="button" aria-label={t("action.close")} onClick={() => act(closed(toast.id))}>
        <Icon name="cross" size={14} />
      </button>
    </li>
  );
}

export function Toasts() {
  const list = useApp((state) => state.toasts.list);
  return (
    <div className="toasts" role="status" aria-live="polite">
      <ul>
        {list.map((toast) => (
          <One key={toast.id} toast={toast} />
        ))}
      </ul>
    </div>
  );
}
