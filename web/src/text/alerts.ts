/** What is said of alerts. Comes with their page. */
import { Book, useBook } from ".";
import type { Speak } from ".";
import { alerts as en } from "./alerts/en";

export type AlertKey = keyof typeof en;
export type AlertCatalogue = Record<AlertKey, string>;
export type AlertText = Speak<AlertKey>;

const book = new Book<AlertKey>(en, {
  vi: async () => (await import("./alerts/vi")).alerts,
  id: async () => (await import("./alerts/id")).alerts,
  ko: async () => (await import("./alerts/ko")).alerts,
});

export function useAlertText(): AlertText {
  return useBook(book);
}
