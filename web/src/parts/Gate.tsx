/** The quiet room before the application: one sentence, one form. */
import type { ReactNode } from "react";
import { useText } from "../text";
import { Mark } from "./icons";

export function Gate({ title, say, children }: { title: string; say: string; children: ReactNode }) {
  const t = useText();
  return (
    <main className="gate">
      <div className="gate-box">
        <p className="gate-brand">
          <Mark size={22} /> Tradewind
        </p>
        <h1>{title}</h1>
        <p className="soft">{say}</p>
        {children}
        <p className="gate-foot faint small">{t("mode.simulated")} {t("mode.noMoney")}</p>
      </div>
    </main>
  );
}
