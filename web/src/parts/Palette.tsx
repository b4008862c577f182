/** Ctrl-K: go to a page or a market, or do one of the few things that can be done from anywhere. */
import { useMemo, useState } from "react";
import type { KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { useActions } from "../app/actions";
import { selectMarkets } from "../app/desk";
import { usePages } from "../app/pages";
import { chose, PRESETS } from "../app/settings";
import { useAct, useApp } from "../app/store";
import { useText } from "../text/desk";
import { Dialog } from "./Dialog";
import { Icon } from "./icons";
import type { IconName } from "./icons";

interface Entry {
  readonly id: string;
  readonly group: string;
  readonly name: string;
  readonly icon: IconName;
  readonly keys?: string;
  readonly run: () => void;
}

const ENTRIES_MAX = 12;

export default function Palette({ onClose }: { onClose: () => void }) {
  const t = useText();
  return (
    <Dialog open onClose={onClose} label={t("palette.title")} className="palette">
      <Inside onClose={onClose} />
    </Dialog>
  );
}

function useEntries(onClose: () => void): Entry[] {
  const t = useText();
  const [, go] = useLocation();
  const act = useAct();
  const { logout } = useActions();
  const markets = useApp(selectMarkets);
  const pages = usePages();
  return useMemo(() => {
    const entries: Entry[] = [];
    const push = (entry: Entry) => entries.push({ ...entry, run: () => (onClose(), entry.run()) });
    for (const page of pages) {
      push({ id: page.path, group: t("palette.pages"), name: t(page.title), icon: page.icon, keys: `g ${page.key}`, run: () => go(page.path) });
    }
    for (const market of markets.values()) {
      push({ id: market.id, group: t("palette.markets"), name: `${market.base}/${market.quote}`, icon: "trade", run: () => go(`/trade/${market.symbol}`) });
    }
    for (const theme of ["dark", "light"] as const) {
      push({ id: `theme-${theme}`, group: t("palette.look"), name: t(`theme.${theme}`), icon: "settings", run: () => act(chose({ theme })) });
    }
    for (const market of PRESETS) {
      push({ id: `preset-${market}`, group: t("palette.look"), name: t(`preset.${market}`), icon: "settings", run: () => act(chose({ market })) });
    }
    push({ id: "logout", group: t("palette.session"), name: t("session.logout"), icon: "cross", run: () => void logout() });
    return entries;
  }, [act, go, logout, markets, onClose, pages, t]);
}

function Inside({ onClose }: { onClose: () => void }) {
  const t = useText();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  // Not deferred: Enter right after the last letter must run what the letters say.
  const wanted = query.trim().toLowerCase();
  const entries = useEntries(onClose);
  const found = useMemo(
    () => entries.filter((entry) => `${entry.name} ${entry.group}`.toLowerCase().includes(wanted)).slice(0, ENTRIES_MAX),
    [entries, wanted],
  );
  const current = found[Math.min(at, found.length - 1)];
  const pressed = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((now) => (Math.min(now, found.length - 1) + step + found.length) % Math.max(1, found.length));
    }
    if (event.key === "Enter" && current) {
      event.preventDefault();
      current.run();
    }
  };
  return (
    <>
      <label className="hidden-text" htmlFor="palette-query">
        {t("palette.title")}
      </label>
      <input
        id="palette-query"
        autoFocus
        value={query}
        placeholder={t("palette.hint")}
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={current ? `entry-${current.id}` : undefined}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => (setQuery(event.target.value), setAt(0))}
        onKeyDown={pressed}
      />
      <ul id="palette-list" role="listbox" aria-label={t("palette.title")}>
        {found.map((entry, i) => (
          <li key={entry.id} id={`entry-${entry.id}`} role="option" aria-selected={entry === current} onMouseMove={() => setAt(i)} onClick={entry.run}>
            <Icon name={entry.icon} />
            <span>{entry.name}</span>
            <em>{entry.group}</em>
            {entry.keys ? <kbd>{entry.keys}</kbd> : null}
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p className="palette-none faint">{t("palette.none")}</p> : null}
    </>
  );
}
