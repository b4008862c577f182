/** What the settings say. Comes with their page. */
import { useBook } from ".";
import type { Key, Speak } from ".";
import type { DeskKey } from "./desk";
import { book as lists } from "./lists";
import type { ListKey } from "./lists";
import { settings as en } from "./settings/en";

export type SettingsKey = keyof typeof en;
export type SettingsCatalogue = Record<SettingsKey, string>;
export type Text = Speak<Key | DeskKey | ListKey | SettingsKey>;

const book = lists.add<SettingsKey>(en, {
  vi: async () => (await import("./settings/vi")).settings,
  id: async () => (await import("./settings/id")).settings,
  ko: async () => (await import("./settings/ko")).settings,
});

export function useText(): Text {
  return useBook(book);
}
