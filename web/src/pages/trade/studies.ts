/** Indicators that the server computes: their values over the chart's bars, kept fresh at the end. */
import { useEffect, useState } from "react";
import { api, body } from "../../api/client";
import type { Schemas } from "../../api/client";
import { asFailure } from "../../api/problem";
import type { Study } from "../../chart/plot";

export type Indicator = Schemas["Indicator"];
type Values = Schemas["IndicatorValues"];

/** Bars asked for at most, at first and to keep the end fresh. */
const [ALL_MAX, TAIL] = [5_000, 3];
/** How often the end is read anew, ms. */
const EVERY = 5_000;
/** Functions of one request, as the server has it. */
export const STUDIES_MAX = 10;
/** Functions on the price's own scale that are not in a group of such. */
const ON_PRICE = ["LINEARREG", "LINEARREG_INTERCEPT", "TSF", "MAX", "MIN", "MINMAX", "MAVP"];

/** `MACD` of `MACD(12,26,9)`. */
export function functionOf(name: string): string {
  return name.split("(")[0]?.trim().toUpperCase() ?? name;
}

/** True when it is drawn over the candles. */
export function isOnPrice(name: string, group: string | undefined): boolean {
  return group === "Overlap Studies" || group === "Price Transform" || ON_PRICE.includes(functionOf(name));
}

/** Chosen names that the server knows; the others are drawn by the page itself. */
export function ofServer(chosen: readonly string[]): string[] {
  return chosen.filter((name) => /^[A-Z]/.test(name)).slice(0, STUDIES_MAX);
}

/** One line for each output; what is not on the price's scale has a pane of its own. `firstPane` is the first that is free. */
export function studiesOf(values: Values, catalogue: readonly Indicator[], firstPane: number): Study[] {
  let pane = firstPane;
  return values.indicators.flatMap((series) => {
    const known = catalogue.find((each) => each.name === functionOf(series.name));
    const place = isOnPrice(series.name, known?.group) ? 0 : pane++;
    return series.outputs.map((output): Study => ({
      id: `${series.name} ${output.name}`,
      pane: place,
      bars: /hist/.test(output.name) || known?.outputs.find((each) => each.name === output.name)?.whole === true,
      points: values.t.flatMap((t, i) => {
        const value = output.values[i];
        return value == null ? [] : [{ time: t / 1000, value }];
      }),
    }));
  });
}

/** Earlier values with newer ones at their end. Null when they are not of the same indicators: then all is asked for anew. */
export function joined(known: Values, tail: Values): Values | null {
  const first = tail.t[0];
  if (first === undefined || known.indicators.length !== tail.indicators.length || (known.t.at(-1) ?? 0) < first) return null;
  const keep = known.t.findIndex((t) => t >= first);
  const cut = keep < 0 ? known.t.length : keep;
  return {
    ...tail,
    t: [...known.t.slice(0, cut), ...tail.t],
    indicators: known.indicators.map((series, i) => ({
      ...series,
      outputs: series.outputs.map((output, j) => ({ ...output, values: [...output.values.slice(0, cut), ...(tail.indicators[i]?.outputs[j]?.values ?? [])] })),
    })),
  };
}

/** Values of the chosen indicators over the last `bars` bars; null while there are none. */
export function useStudies(symbol: string, interval: string, names: string, bars: number): { values: Values | null; failed: string | null } {
  const [state, setState] = useState<{ values: Values | null; failed: string | null }>({ values: null, failed: null });
  useEffect(() => {
    if (names === "" || bars === 0) {
      setState({ values: null, failed: null });
      return;
    }
    let over = false;
    let known: Values | null = null;
    const ask = (limit: number) => body(api.GET("/api/indicators/{symbol}", { params: { path: { symbol }, query: { interval, names, limit } } }));
    const round = async () => {
      if (document.hidden) return;
      try {
        const fresh: Values = known ? (joined(known, await ask(TAIL)) ?? (await ask(Math.min(bars, ALL_MAX)))) : await ask(Math.min(bars, ALL_MAX));
        if (over) return;
        known = fresh;
        setState({ values: fresh, failed: null });
      } catch (error) {
        if (!over) setState((now) => ({ ...now, failed: asFailure(error).detail }));
      }
    };
    void round();
    const timer = setInterval(() => void round(), EVERY);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [symbol, interval, names, bars]);
  return state;
}
