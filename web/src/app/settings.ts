/** What the reader chose about the look and the handling. The only thing that is kept in the browser. */
import { createSlice } from "@reduxjs/toolkit";
import type { PayloadAction } from "@reduxjs/toolkit";

export const THEMES = ["system", "dark", "light"] as const;
export const PRESETS = ["west", "east", "korea", "safe"] as const;
export const DENSITIES = ["compact", "comfortable"] as const;
export const LANGUAGES = ["en", "vi", "id", "ko"] as const;

export interface Settings {
  theme: (typeof THEMES)[number];
  market: (typeof PRESETS)[number];
  density: (typeof DENSITIES)[number];
  language: (typeof LANGUAGES)[number];
  /** Ask before an order is sent. */
  confirm: boolean;
  /** Keys that prepare orders work. */
  tradingKeys: boolean;
  /** The market that Trade opens with. */
  symbol: string;
  interval: string;
  indicators: string[];
}

const KEY = "tradewind.settings";

export const DEFAULTS: Settings = {
  theme: "system",
  market: "west",
  density: "compact",
  language: "en",
  confirm: true,
  tradingKeys: false,
  symbol: "BTCUSDT",
  interval: "5m",
  indicators: ["ema20"],
};

/** Reads what was kept; what is unknown or of another type is left out. */
export function restored(text: string | null): Settings {
  const settings: Settings = { ...DEFAULTS };
  if (!text) return settings;
  try {
    const kept = JSON.parse(text) as Record<string, unknown>;
    const one = <K extends keyof Settings>(key: K, allowed?: readonly unknown[]) => {
      const value = kept[key];
      const sound = allowed ? allowed.includes(value) : typeof value === typeof DEFAULTS[key];
      if (sound) settings[key] = value as Settings[K];
    };
    one("theme", THEMES);
    one("market", PRESETS);
    one("density", DENSITIES);
    one("language", LANGUAGES);
    one("confirm");
    one("tradingKeys");
    one("symbol");
    one("interval");
    if (Array.isArray(kept["indicators"])) {
      settings.indicators = kept["indicators"].filter((i): i is string => typeof i === "string");
    }
  } catch {
    return { ...DEFAULTS };
  }
  return settings;
}

export function kept(): Settings {
  try {
    return restored(localStorage.getItem(KEY));
  } catch {
    return { ...DEFAULTS };
  }
}

export function keep(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
  }
}

const slice = createSlice({
  name: "settings",
  initialState: kept,
  reducers: {
    chose: (state, action: PayloadAction<Partial<Settings>>) => ({ ...state, ...action.payload }),
  },
});

export const { chose } = slice.actions;
export const settings = slice.reducer;

/** Puts the choice onto the document, where the style sheets read it. */
export function dress(choice: Settings, dark: boolean): void {
  const root = document.documentElement;
  root.dataset["theme"] = choice.theme === "system" ? (dark ? "dark" : "light") : choice.theme;
  root.dataset["market"] = choice.market;
  root.dataset["density"] = choice.density;
  root.lang = choice.language;
}
