/** The message catalogue. English is part of the program; the others are fetched when chosen. */
import { useSyncExternalStore } from "react";
import type { Settings } from "../app/settings";
import { en } from "./en";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Language = Settings["language"];
export type Values = Record<string, string | number>;
export type Text = (key: Key, values?: Values) => string;

const LOADERS: Record<Exclude<Language, "en">, () => Promise<Catalogue>> = {
  vi: async () => (await import("./vi")).vi,
  id: async () => (await import("./id")).id,
  ko: async () => (await import("./ko")).ko,
};

/** Fills `{name}`; a text with `|` has a form for one and a form for many, chosen by `{n}`. */
export function filled(message: string, values: Values = {}): string {
  const forms = message.split("|");
  const form = forms.length > 1 && Number(values["n"]) !== 1 ? forms[1] : forms[0];
  return (form ?? message).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

function speaker(catalogue: Catalogue): Text {
  return (key, values) => filled(catalogue[key], values);
}

let text = speaker(en);
const listeners = new Set<() => void>();

export async function speak(language: Language): Promise<void> {
  const catalogue = language === "en" ? en : await LOADERS[language]();
  text = speaker(catalogue);
  for (const listener of listeners) listener();
}

export function currentText(): Text {
  return text;
}

export function useText(): Text {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, currentText);
}
