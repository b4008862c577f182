/**
 * The message catalogues. English is part of the code that uses it; the others are fetched when chosen. The first catalogue is there
 * from the start; pages that are loaded later bring one of their own (see more.ts), so that it costs nothing before.
 */
import { useSyncExternalStore } from "react";
import type { Settings } from "../app/settings";
import { en } from "./en";

export type Language = Settings["language"];
export type Values = Record<string, string | number>;
export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Speak<K extends string> = (key: K, values?: Values) => string;
export type Text = Speak<Key>;

/** Fills `{name}`; a text with `|` has a form for one and a form for many, chosen by `{n}`. */
export function filled(message: string, values: Values = {}): string {
  const forms = message.split("|");
  const form = forms.length > 1 && Number(values["n"]) !== 1 ? forms[1] : forms[0];
  return (form ?? message).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

type Loaders<K extends string> = Record<Exclude<Language, "en">, () => Promise<Record<K, string>>>;

/** The language of all catalogues, also of those that come later. */
let language: Language = "en";
const books = new Set<{ speak: (language: Language) => Promise<void> }>();

/** One catalogue in all languages. */
export class Book<K extends string> {
  #text: Speak<K>;
  readonly #english: Record<K, string>;
  readonly #loaders: Loaders<K>;
  readonly #listeners = new Set<() => void>();

  constructor(english: Record<K, string>, loaders: Loaders<K>) {
    this.#english = english;
    this.#loaders = loaders;
    this.#text = (key, values) => filled(english[key], values);
    books.add(this);
    if (language !== "en") void this.speak(language).catch(() => {});
  }

  async speak(wanted: Language): Promise<void> {
    const catalogue = wanted === "en" ? this.#english : await this.#loaders[wanted]();
    this.#text = (key, values) => filled(catalogue[key], values);
    for (const listener of this.#listeners) listener();
  }

  readonly current = (): Speak<K> => this.#text;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
}

const book = new Book<Key>(en, {
  vi: async () => (await import("./vi")).vi,
  id: async () => (await import("./id")).id,
  ko: async () => (await import("./ko")).ko,
});

export async function speak(wanted: Language): Promise<void> {
  language = wanted;
  await Promise.all([...books].map((each) => each.speak(wanted)));
}

export const currentText = book.current;

export function useBook<K extends string>(of: Book<K>): Speak<K> {
  return useSyncExternalStore(of.subscribe, of.current);
}

export function useText(): Text {
  return useBook(book);
}
