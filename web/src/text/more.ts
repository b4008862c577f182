/** The second catalogue: bots, analytics, monitoring, logs, keys. Comes with the first of those pages. */
import { Book, useBook } from ".";
import type { Speak } from ".";
import { more as en } from "./more/en";

export type MoreKey = keyof typeof en;
export type More = Record<MoreKey, string>;
export type MoreText = Speak<MoreKey>;

const book = new Book<MoreKey>(en, {
  vi: async () => (await import("./more/vi")).more,
  id: async () => (await import("./more/id")).more,
  ko: async () => (await import("./more/ko")).more,
});

export function useMore(): MoreText {
  return useBook(book);
}
