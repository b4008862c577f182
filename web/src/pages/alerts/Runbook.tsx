/** What a rule's alerts mean and what to do: the server's own page, shown plainly. */
import { useCallback } from "react";
import type { ReactNode } from "react";
import { api, body } from "../../api/client";
import { useReading } from "../../app/reading";
import { Dialog } from "../../parts/Dialog";
import { ErrorNote, Loading } from "../../parts/states";
import { useAlertText } from "../../text/alerts";
import { useText } from "../../text/lists";
import { blocks, ruleWords } from "./alert";
import type { Block } from "./alert";

export function RunbookDialog({ rule, onClose }: { rule: string | null; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog open={rule !== null} onClose={onClose} label={rule ? ruleWords(rule) : ""} className="runbook-dialog">
      {rule ? <Runbook rule={rule} /> : null}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {t("action.close")}
        </button>
      </div>
    </Dialog>
  );
}

function Runbook({ rule }: { rule: string }) {
  const m = useAlertText();
  const read = useCallback(() => body(api.GET("/api/alerts/rules/{rule}/runbook", { params: { path: { rule } }, parseAs: "text" })), [rule]);
  const { value, failed, again } = useReading(read);
  if (failed) return <ErrorNote what={m("alert.runbookFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} />;
  if (value === null) return <Loading rows={6} />;
  return (
    <div className="runbook" tabIndex={0} role="region" aria-label={m("alert.runbook")}>
      {blocks(value).map((block, i) => (
        <Shown key={i} block={block} first={i === 0} />
      ))}
    </div>
  );
}

function Shown({ block, first }: { block: Block; first: boolean }) {
  switch (block.kind) {
    case "head":
      return first ? <h2>{inline(block.text)}</h2> : <h3>{inline(block.text)}</h3>;
    case "item":
      return <p className="runbook-item">{inline(block.text)}</p>;
    case "code":
      return <pre className="mono">{block.text}</pre>;
    case "text":
      return <p>{inline(block.text)}</p>;
  }
}

/** Code between back-ticks, links by their words, no other markup. */
function inline(text: string): ReactNode[] {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll("**", "")
    .split("`")
    .map((part, i) => (i % 2 === 1 ? <code key={i} className="mono">{part}</code> : part));
}
