/** What drawings take from the style sheets, and the indicators there are. */

export const INDICATORS = ["ema20", "ema50", "bands20", "rsi14"] as const;
export type Indicator = (typeof INDICATORS)[number];

export interface Colours {
  up: string;
  down: string;
  text: string;
  faint: string;
  grid: string;
  line: string;
  cross: string;
  accent: string;
  surface: string;
  press: string;
}

/** The tokens as the style sheets resolve them at this moment. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    up: of("--up"),
    down: of("--down"),
    text: of("--text"),
    faint: of("--text-3"),
    grid: of("--grid"),
    line: of("--line-2"),
    cross: of("--cross"),
    accent: of("--accent"),
    surface: of("--surface"),
    press: of("--press"),
  };
}

