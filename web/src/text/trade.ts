/** What is said where one trades. Comes with that page. */
import { useBook } from ".";
import type { Key, Speak } from ".";
import type { DeskKey } from "./desk";
import { book as lists } from "./lists";
import type { ListKey } from "./lists";
import { trade as en } from "./trade/en";

export type TradeKey = keyof typeof en;
export type TradeCatalogue = Record<TradeKey, string>;
export type Text = Speak<Key | DeskKey | ListKey | TradeKey>;

const book = lists.add<TradeKey>(en, {
  vi: async () => (await import("./trade/vi")).trade,
  id: async () => (await import("./trade/id")).trade,
  ko: async () => (await import("./trade/ko")).trade,
});

export function useText(): Text {
  return useBook(book);
}
