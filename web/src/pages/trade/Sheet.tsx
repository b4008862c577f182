/** The ticket's place: a pane on wide screens, a sheet from the bottom edge on a phone, opened by Buy and Sell. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { Icon } from "../../parts/icons";
import { useText } from "../../text/trade";
import type { Side } from "./ticket";

const NARROW = "(max-width: 720px)";

function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(NARROW);
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => matchMedia(NARROW).matches,
  );
}

export function Sheet({ open, onOpen, label, children }: { open: boolean; onOpen: (side: Side | null) => void; label: string; children: ReactNode }) {
  const t = useText();
  const narrow = useNarrow();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open, narrow]);
  if (!narrow) {
    return (
      <section className="pane ticket-pane" aria-label={label}>
        {children}
      </section>
    );
  }
  return (
    <>
      <div className="sheet-bar">
        <button type="button" className="go" data-side="buy" onClick={() => onOpen("buy")}>
          {t("side.buy")}
        </button>
        <button type="button" className="go" data-side="sell" onClick={() => onOpen("sell")}>
          {t("side.sell")}
        </button>
      </div>
      <dialog ref={ref} className="sheet" aria-label={label} onClose={() => onOpen(null)} onClick={(event) => event.target === ref.current && onOpen(null)}>
        {open ? (
          <div className="sheet-body">
            <button type="button" className="sheet-close" aria-label={t("action.close")} onClick={() => onOpen(null)}>
              <Icon name="down" size={20} />
            </button>
            {children}
          </div>
        ) : null}
      </dialog>
    </>
  );
}
