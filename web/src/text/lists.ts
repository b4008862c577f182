/** What lists, tickets and the overview share: figures, columns, orders. Comes with the first page that has any of it. */
import { useBook } from ".";
import type { Key, Speak } from ".";
import { book as desk } from "./desk";
import type { DeskKey } from "./desk";
import { lists as en } from "./lists/en";

export type ListKey = keyof typeof en;
export type ListCatalogue = Record<ListKey, string>;
export type Text = Speak<Key | DeskKey | ListKey>;

export const book = desk.add<ListKey>(en, {
  vi: async () => (await import("./lists/vi")).lists,
  id: async () => (await import("./lists/id")).lists,
  ko: async () => (await import("./lists/ko")).lists,
});

export function useText(): Text {
  return useBook(book);
}
