/** What is said of models. Comes with their page. */
import { Book, useBook } from ".";
import type { Speak } from ".";
import { models as en } from "./models/en";

export type ModelKey = keyof typeof en;
export type ModelCatalogue = Record<ModelKey, string>;
export type ModelText = Speak<ModelKey>;

const book = new Book<ModelKey>(en, {
  vi: async () => (await import("./models/vi")).models,
  id: async () => (await import("./models/id")).models,
  ko: async () => (await import("./models/ko")).models,
});

export function useModelText(): ModelText {
  return useBook(book);
}
