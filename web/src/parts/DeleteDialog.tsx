/** Deleting what does not come back: its name is typed first. */
import { useState } from "react";
import { useText } from "../text/lists";
import { Dialog } from "./Dialog";
import { TextField } from "./Field";

export function DeleteDialog({ open, onClose, title, text, name, onDelete }: { open: boolean; onClose: () => void; title: string; text: string; name: string; onDelete: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} label={title}>
      <h2>{title}</h2>
      <p className="soft">{text}</p>
      <Typed name={name} onClose={onClose} onDelete={onDelete} />
    </Dialog>
  );
}

function Typed({ name, onClose, onDelete }: { name: string; onClose: () => void; onDelete: () => void }) {
  const t = useText();
  const [typed, setTyped] = useState("");
  return (
    <>
      <TextField label={t("action.typeName")} value={typed} onChange={setTyped} autoComplete="off" spellCheck={false} placeholder={name} />
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {t("action.cancel")}
        </button>
        <button type="button" className="button danger" disabled={typed.trim() !== name} onClick={() => (onClose(), onDelete())}>
          {t("action.delete")}
        </button>
      </div>
    </>
  );
}
