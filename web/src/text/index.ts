/**
 * The message catalogues. English is part of the code that uses it; the others are fetched when chosen. What the first page says is
 * there from the start; pages that are loaded later bring parts of their own (desk.ts, lists.ts, settings.ts, more.ts), so that these cost
 * nothing before. A part's own hook knows its keys, so that no page can say what it has not brought along.
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

/** A catalogue in all languages, in one part or in several that come one after the other. */
export class Book<K extends string> {
  #text: Speak<K>;
  #messages: Record<string, string> = {};
  readonly #parts: { english: Record<string, string>; loaders: Loaders<string> }[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(english: Record<K, string>, loaders: Loaders<K>) {
    this.#text = (key) => key;
    this.add(english, loaders);
    books.add(this);
  }

  /** Takes another part. It speaks English until its language has come. */
  add<N extends string>(english: Record<N, string>, loaders: Loaders<N>): Book<K | N> {
    this.#parts.push({ english, loaders: loaders as unknown as Loaders<string> });
    this.#say({ ...this.#messages, ...(english as Record<string, string>) });
    if (language !== "en") void this.speak(language).catch(() => {});
    return this as unknown as Book<K | N>;
  }

  async speak(wanted: Language): Promise<void> {
    const parts = await Promise.all(this.#parts.map(({ english, loaders }) => (wanted === "en" ? english : loaders[wanted]())));
    // Another language was chosen meanwhile.
    if (wanted !== language) return;
    // Parts that came meanwhile speak English until their own turn.
    this.#say(Object.assign({}, ...this.#parts.map((part) => part.english), ...parts) as Record<string, string>);
    for (const listener of this.#listeners) listener();
  }

  #say(messages: Record<string, string>): void {
    this.#messages = messages;
    this.#text = (key, values) => filled(messages[key] ?? key, values);
  }

  readonly current = (): Speak<K> => this.#text;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
}

/** What the first page says, and the parts that later pages add. */
export const book = new Book<Key>(en, {
  vi: async () => (await import("./vi")).vi,
  id: async () => (await import("./id")).id,
  ko: async () => (await import("./ko")).ko,
});

export async function speak(wanted: Language): Promise<void> {
  language = wanted;
  await Promise.all([...books].map((each) => each.speak(wanted)));
}

export function useBook<K extends string>(of: Book<K>): Speak<K> {
  return useSyncExternalStore(of.subscribe, of.current);
}

export function useText(): Text {
  return useBook(book);
}
