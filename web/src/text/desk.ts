/** What is said behind the login: the frame around every page. Comes with it. */
import { book as first, useBook } from ".";
import type { Key, Speak } from ".";
import { desk as en } from "./desk/en";

export type DeskKey = keyof typeof en;
export type DeskCatalogue = Record<DeskKey, string>;
export type Text = Speak<Key | DeskKey>;

export const book = first.add<DeskKey>(en, {
  vi: async () => (await import("./desk/vi")).desk,
  id: async () => (await import("./desk/id")).desk,
  ko: async () => (await import("./desk/ko")).desk,
});

export const currentText: () => Text = book.current;

export function useText(): Text {
  return useBook(book);
}
