/** A line over time by uPlot: one series, hairline axes, the colours of the theme. The library comes with the first chart that is shown. */
import { memo, useEffect, useRef } from "react";
import "uplot/dist/uPlot.min.css";
import type uPlot from "uplot";
import { useApp } from "../app/store";
import { clock, day } from "../market/format";
import "./series.css";

export interface Point {
  /** Seconds since 1970. */
  readonly t: number;
  readonly value: number;
}

/** What was to be expected at a moment: half of the cases between the inner ends, four of five between the outer ones. */
export interface Spread {
  readonly t: number;
  readonly low: number;
  readonly lower: number;
  readonly middle: number;
  readonly upper: number;
  readonly high: number;
}

const HEIGHT = 220;
/** Decimals that an axis has room for. */
const DIGITS_MAX = 8;

interface Drawn {
  readonly decimals: number;
  readonly baseline: boolean;
  readonly sunken: boolean;
  readonly two: boolean;
  readonly fan: boolean;
}

function options(width: number, { decimals, baseline, sunken, two, fan }: Drawn): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: of("--text-3"), font, ticks: { show: false }, border: { show: false } };
  const edge = { stroke: "transparent", width: 0, points: { show: false } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6, fill: of("--text"), stroke: of("--surface") } },
    padding: [8, 0, 0, 34],
    axes: [
      { ...axis, grid: { show: false }, space: 90, values: (self, splits) => splits.map((t) => timeWord(t, (self.scales["x"]?.max ?? 0) - (self.scales["x"]?.min ?? 0))) },
      { ...axis, side: 1, size: 84, grid: { stroke: of("--grid"), width: 1 }, values: (_, values, _axis, _space, step) => values.map((value) => axisWord(value, step, decimals)) },
    ],
    scales: { y: { range: (_, low, high) => spread(baseline ? Math.min(low, 0) : low, baseline ? Math.max(high, 0) : high) } },
    series: [
      {},
      { stroke: of(sunken ? "--down" : "--text"), width: 1.5, points: { show: false }, spanGaps: true, ...(sunken ? { fill: `${of("--down")}33` } : {}) },
      ...(two ? [{ stroke: of("--text-3"), width: 1.2, dash: [4, 3], points: { show: false }, spanGaps: true }] : []),
      ...(fan ? [edge, edge, edge, edge, { stroke: of("--accent"), width: 1, dash: [3, 3], points: { show: false } }] : []),
    ],
    bands: fan
      ? [
          { series: [5, 2], fill: `${of("--accent")}1f` },
          { series: [4, 3], fill: `${of("--accent")}2e` },
        ]
      : [],
  };
}

/** A value of an axis with at least `decimals` decimals, and with as many as its steps need; nothing has no sign. */
export function axisWord(value: number, step: number, decimals: number): string {
  let digits = decimals;
  while (digits < DIGITS_MAX && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-9 * step * 10 ** digits) digits += 1;
  const whole = Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value;
  return whole.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}

/** A moment as the span needs it: seconds, minutes or days. */
export function timeWord(t: number, span: number): string {
  if (span > 3 * 86_400) return day(t * 1000).split(" ").slice(0, -1).join(" ");
  return span > 600 ? clock(t * 1000).slice(0, 5) : clock(t * 1000);
}

/** A tenth of air above and below; a flat line stands in the middle. */
function spread(low: number, high: number): [number, number] {
  const air = high > low ? (high - low) * 0.1 : Math.max(Math.abs(high) * 0.01, 1);
  return [low - air, high + air];
}

/** The line at the moments of the fan, then the fan from its lower to its upper edge, and its middle. */
function onFan(points: readonly Point[], fan: readonly Spread[]): uPlot.AlignedData {
  const at = new Map(points.map((point) => [point.t, point.value]));
  const column = (key: "low" | "lower" | "upper" | "high" | "middle") => fan.map((step) => step[key]);
  return [fan.map((step) => step.t), fan.map((step) => at.get(step.t) ?? null), column("low"), column("lower"), column("upper"), column("high"), column("middle")];
}

export interface SeriesProps {
  readonly points: readonly Point[];
  /** What the line is held against: its own moments, on which the line lies, too. */
  readonly fan?: readonly Spread[] | undefined;
  /** A second line, drawn with dashes: what the first is held against. */
  readonly other?: readonly Point[] | undefined;
  readonly label: string;
  readonly decimals?: number;
  /** Nothing is on the scale, always. */
  readonly baseline?: boolean;
  /** Fills down from nothing in the colour of loss. */
  readonly sunken?: boolean;
}

export const Series = memo(function Series({ points, other, fan, label, decimals = 2, baseline = false, sunken = false }: SeriesProps) {
  const box = useRef<HTMLDivElement>(null);
  const { theme, market } = useApp((state) => state.settings);
  useEffect(() => {
    const element = box.current;
    if (!element || points.length === 0) return;
    let plot: uPlot | null = null;
    let over = false;
    const observer = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    void import("uplot").then(({ default: Plot }) => {
      if (over) return;
      const columns = (list: readonly Point[]): uPlot.AlignedData => [list.map((point) => point.t), list.map((point) => point.value)];
      const two = other !== undefined && other.length > 0;
      const data = fan ? onFan(points, fan) : two ? Plot.join([columns(points), columns(other)]) : columns(points);
      plot = new Plot(options(element.clientWidth, { decimals, baseline, sunken, two, fan: fan !== undefined }), data, element);
      observer.observe(element);
    });
    return () => {
      over = true;
      observer.disconnect();
      plot?.destroy();
    };
  }, [points, other, fan, decimals, baseline, sunken, theme, market]);
  return <div ref={box} className="series" role="img" aria-label={label} />;
});
