/**
 * The price chart: candles, volume, indicators in panes, own orders, round trips, a forecast. Wraps lightweight-charts; no React
 * in here.
 */
import {
  CandlestickSeries,
  createChart,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle,
} from "lightweight-charts";
import type { IChartApi, IPriceLine, ISeriesApi, MouseEventParams, UTCTimestamp } from "lightweight-charts";
import type { Order, Position } from "../app/desk";
import { bands, ema, rsi } from "../market/candles";
import type { Bar, Bars } from "../market/candles";
import * as D from "../market/decimal";
import * as F from "../market/format";
import { colours } from "./look";
import type { Colours } from "./look";
import { Cone, Trips } from "./overlays";
import type { RoundTrip } from "./trips";

/** With fewer bars than this the first page was all there is. */
const FULL = 400;
/** Bars left of the view at which older ones are fetched. */
const OLDER_AT = 40;

const faded = (colour: string, alpha: number) => {
  const hex = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(colour);
  return hex ? `rgba(${parseInt(hex[1] ?? "0", 16)},${parseInt(hex[2] ?? "0", 16)},${parseInt(hex[3] ?? "0", 16)},${alpha})` : colour;
};

/** Bars of free space at the right: room for the words of own orders. */
const RIGHT = 12;
/** Height of a pane below the candles, pixels. */
const PANE_PX = 84;
/** Below this width (pixels) lines have no words: they would cover the candles. */
const WORDS_FROM = 560;

const at = (seconds: number) => seconds as UTCTimestamp;
/** Charts have no time zones: times are moved so that the axis reads in the reader's own. */
const local = (seconds: number) => at(seconds - new Date(seconds * 1000).getTimezoneOffset() * 60);

export interface Own {
  readonly orders: readonly Order[];
  readonly position: Position | undefined;
}

export interface Words {
  readonly entry: string;
  readonly buy: string;
  readonly sell: string;
  readonly stop: string;
}

/** A bar to come: its median close and the ends of the interval that holds 80 % of futures. */
export interface Outlook {
  /** Seconds since 1970 at which the bar opens. */
  readonly time: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** A line that was computed elsewhere. Pane 0 is that of the candles. */
export interface Study {
  readonly id: string;
  readonly pane: number;
  readonly points: readonly { readonly time: number; readonly value: number }[];
  readonly bars: boolean;
}

export class Plot {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  readonly #trips = new Trips();
  readonly #cone = new Cone();
  readonly #decimals: number;
  #lines: { series: ISeriesApi<"Line">; of: (bars: readonly Bar[]) => { time: number; value: number }[] }[] = [];
  #studies: { study: Study; series: ISeriesApi<"Line"> | ISeriesApi<"Histogram"> }[] = [];
  #priceLines: IPriceLine[] = [];
  #forecast: ISeriesApi<"Line"> | null = null;
  #roundTrips: readonly RoundTrip[] = [];
  #outlook: readonly Outlook[] = [];
  #colours: Colours = colours();
  #bars: readonly Bar[] = [];
  /** Removed: calls that were on their way do nothing. */
  #gone = false;

  constructor(box: HTMLElement, decimals: number, onOlder: () => void = () => {}, onHover: (bar: Bar | null) => void = () => {}) {
    this.#decimals = decimals;
    this.#chart = createChart(box, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, panes: { enableResize: true } },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.24 } },
      timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, rightOffset: RIGHT, barSpacing: 7 },
      crosshair: { mode: CrosshairMode.Normal },
      // One formatter for all: making one anew for each label costs more than drawing the chart.
      localization: { priceFormatter: new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      borderVisible: false,
      priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals },
    });
    this.#volume = this.#chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 }, visible: false });
    this.#candles.attachPrimitive(this.#trips);
    this.dress();
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < OLDER_AT && this.#bars.length >= FULL) onOlder();
    });
    this.#chart.subscribeCrosshairMove((event: MouseEventParams) => {
      const index = event.logical;
      onHover(index === undefined ? null : (this.#bars[index] ?? null));
    });
  }

  /** Takes the colours anew, after a change of theme or preset. */
  dress(): void {
    if (this.#gone) return;
    this.#colours = colours();
    const c = this.#colours;
    const font = getComputedStyle(document.body).fontFamily;
    this.#chart.applyOptions({
      layout: { background: { color: c.surface }, textColor: c.faint, fontFamily: font, panes: { separatorColor: c.grid, separatorHoverColor: c.line } },
      grid: { vertLines: { visible: false }, horzLines: { color: c.grid } },
      crosshair: { vertLine: { color: c.cross, labelBackgroundColor: c.press, style: LineStyle.Dashed }, horzLine: { color: c.cross, labelBackgroundColor: c.press, style: LineStyle.Dashed } },
    });
    this.#candles.applyOptions({ upColor: c.up, downColor: c.down, wickUpColor: c.up, wickDownColor: c.down });
    this.#drawAll();
    const studies = this.#studies.map((each) => each.study);
    this.studies([]);
    this.studies(studies);
    this.#drawOutlook();
  }

  /** Everything anew: another interval, older bars. The view stays where it was when bars were put in front. */
  show(bars: Bars, keepView: boolean): void {
    if (this.#gone) return;
    const before = this.#bars.length;
    const range = keepView ? this.#chart.timeScale().getVisibleLogicalRange() : null;
    this.#bars = bars.all;
    this.#drawAll();
    const added = this.#bars.length - before;
    if (range && added > 0) this.#chart.timeScale().setVisibleLogicalRange({ from: range.from + added, to: range.to + added });
    else if (!keepView) {
      const last = this.#bars.length;
      this.#chart.timeScale().setVisibleLogicalRange({ from: last - 110, to: last + RIGHT });
    }
  }

  /** All bars in view. */
  fit(): void {
    if (!this.#gone) this.#chart.timeScale().fitContent();
  }

  /** Only the end changed since the last call: a fraction of the work of `show`. */
  update(bars: Bars): void {
    if (this.#gone) return;
    const from = this.#bars.at(-1)?.time ?? -Infinity;
    this.#bars = bars.all;
    const first = this.#bars.findLastIndex((bar) => bar.time <= from);
    for (const bar of this.#bars.slice(Math.max(0, first))) {
      this.#candles.update({ ...bar, time: local(bar.time) });
      this.#volume.update(this.#volumeOf(bar));
    }
    for (const line of this.#lines) {
      // The longest memory of the indicators is below this, so the end of the window is the end of the whole.
      const last = line.of(this.#bars.slice(-300)).at(-1);
      if (last) line.series.update({ time: local(last.time), value: last.value });
    }
  }

  indicators(chosen: readonly string[]): void {
    if (this.#gone) return;
    for (const line of this.#lines) this.#chart.removeSeries(line.series);
    this.#lines = [];
    const c = this.#colours;
    const add = (colour: string, pane: number, of: (bars: readonly Bar[]) => { time: number; value: number }[], style = LineStyle.Solid) => {
      const series = this.#chart.addSeries(LineSeries, { color: colour, lineWidth: 1, lineStyle: style, lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false, priceFormat: { type: "price", precision: pane > 0 ? 1 : this.#decimals, minMove: pane > 0 ? 0.1 : 10 ** -this.#decimals } }, pane);
      this.#lines.push({ series, of });
    };
    if (chosen.includes("ema20")) add(c.text, 0, (bars) => ema(bars, 20));
    if (chosen.includes("ema50")) add(c.faint, 0, (bars) => ema(bars, 50), LineStyle.Dashed);
    if (chosen.includes("bands20")) {
      const band = (key: "upper" | "lower") => (bars: readonly Bar[]) => bands(bars, 20).map((each) => ({ time: each.time, value: each[key] }));
      add(c.cross, 0, band("upper"));
      add(c.cross, 0, band("lower"));
    }
    if (chosen.includes("rsi14")) {
      add(c.faint, 1, (bars) => rsi(bars, 14));
      this.#panes();
    }
    this.#drawLines();
  }

  /** Own orders as lines, the position's entry, fills as marks on their bars. */
  own(own: Own, words: Words): void {
    if (this.#gone) return;
    for (const line of this.#priceLines) this.#candles.removePriceLine(line);
    this.#priceLines = [];
    const c = this.#colours;
    const wide = this.#chart.chartElement().clientWidth >= WORDS_FROM;
    const line = (price: string, words: string, style: LineStyle, colour: string) =>
      this.#priceLines.push(this.#candles.createPriceLine({ price: D.toNumber(D.of(price)), title: wide ? words : "", color: colour, lineWidth: 1, lineStyle: style, axisLabelVisible: true, axisLabelColor: c.press, axisLabelTextColor: c.text }));
    for (const order of own.orders) {
      const title = `${order.side === "buy" ? words.buy : words.sell} ${D.short(D.of(order.quantity))}`;
      if (order.price) line(order.price, title, LineStyle.Dotted, c.accent);
      if (order.stop_price) line(order.stop_price, `${words.stop} ${title}`, LineStyle.SparseDotted, c.accent);
    }
    if (own.position) {
      const profit = own.position.unrealised_pnl == null ? "" : ` · ${F.signed(D.of(own.position.unrealised_pnl), 2)}`;
      line(own.position.entry_price, `${words.entry} ${D.short(D.of(own.position.quantity))}${profit}`, LineStyle.Dashed, c.faint);
    }
  }

  /** Where positions were opened and closed, with what came of it. */
  trips(trips: readonly RoundTrip[]): void {
    if (this.#gone) return;
    this.#roundTrips = trips;
    this.#drawTrips();
  }

  /** The bars to come, after the last one; nothing takes them away. */
  outlook(steps: readonly Outlook[]): void {
    if (this.#gone) return;
    this.#outlook = steps;
    this.#drawOutlook();
    const end = this.#bars.length + steps.length;
    if (steps.length > 0) this.#chart.timeScale().setVisibleLogicalRange({ from: end - Math.max(90, steps.length * 3), to: end + 4 });
  }

  #drawOutlook(): void {
    const steps = this.#outlook;
    if (this.#forecast) this.#chart.removeSeries(this.#forecast);
    this.#forecast = null;
    if (steps.length === 0) return;
    const c = this.#colours;
    this.#forecast = this.#chart.addSeries(LineSeries, { color: c.accent, lineWidth: 2, lineStyle: LineStyle.Dashed, lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false, autoscaleInfoProvider: () => this.#coneRange() });
    const last = this.#bars.findLast((bar) => bar.time < (steps[0]?.time ?? 0));
    const from = last ? [{ time: last.time, mean: last.close, low: last.close, high: last.close }] : [];
    const cone = [...from, ...steps].map((step) => ({ ...step, time: local(step.time) }));
    this.#forecast.setData(cone.map((step) => ({ time: step.time, value: step.mean })));
    this.#forecast.attachPrimitive(this.#cone);
    this.#cone.show(cone, c.accent);
  }

  /** Lines that were computed elsewhere; those that are there already only get their points. */
  studies(list: readonly Study[]): void {
    if (this.#gone) return;
    for (const { study, series } of this.#studies) if (!list.some((each) => each.id === study.id)) this.#chart.removeSeries(series);
    this.#studies = list.map((study) => {
      const known = this.#studies.find((each) => each.study.id === study.id);
      const series = known?.series ?? this.#newStudy(study);
      series.setData(study.points.map((each) => ({ time: local(each.time), value: each.value })));
      return { study, series };
    });
    this.#panes();
  }

  #newStudy(study: Study): ISeriesApi<"Line"> | ISeriesApi<"Histogram"> {
    const c = this.#colours;
    const palette = [c.accent, c.text, c.faint, c.cross];
    const color = palette[this.#studies.filter((each) => each.study.pane === study.pane).length % palette.length] ?? c.text;
    const shared = { color, lastValueVisible: false, priceLineVisible: false, priceFormat: { type: "price" as const, precision: study.pane === 0 ? this.#decimals : 2, minMove: study.pane === 0 ? 10 ** -this.#decimals : 0.01 } };
    return study.bars
      ? this.#chart.addSeries(HistogramSeries, { ...shared, color: c.cross }, study.pane)
      : this.#chart.addSeries(LineSeries, { ...shared, lineWidth: 1, crosshairMarkerVisible: false }, study.pane);
  }

  /** Panes below the candles are low; the candles have the rest. */
  #panes(): void {
    for (const pane of this.#chart.panes().slice(1)) pane.setHeight(PANE_PX);
  }

  #coneRange() {
    const [lows, highs] = [this.#outlook.map((step) => step.low), this.#outlook.map((step) => step.high)];
    return { priceRange: { minValue: Math.min(...lows), maxValue: Math.max(...highs) } };
  }

  remove(): void {
    this.#gone = true;
    this.#chart.remove();
  }

  /** A moment as the open time of the bar it lies in; null before the first bar. */
  #barAt(seconds: number): number | null {
    let [low, high] = [0, this.#bars.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#bars[middle] as Bar).time <= seconds) low = middle;
      else high = middle - 1;
    }
    const bar = this.#bars[low];
    return bar && bar.time <= seconds ? bar.time : null;
  }

  #drawTrips(): void {
    const c = this.#colours;
    const shown = this.#roundTrips.flatMap((trip) => {
      const opened = this.#barAt(trip.opened);
      const closed = trip.closed === null ? null : this.#barAt(trip.closed);
      return opened === null || (closed === null && trip.closed !== null) ? [] : [{ ...trip, opened: local(opened), closed: closed === null ? null : local(closed) }];
    });
    this.#trips.show(shown, { up: c.up, down: c.down, text: c.text, faint: c.faint, font: getComputedStyle(document.body).fontFamily });
  }

  #volumeOf(bar: Bar) {
    const c = this.#colours;
    return { time: local(bar.time), value: bar.volume, color: faded(bar.close >= bar.open ? c.up : c.down, 0.28) };
  }

  #drawAll(): void {
    this.#candles.setData(this.#bars.map((bar) => ({ ...bar, time: local(bar.time) })));
    this.#volume.setData(this.#bars.map((bar) => this.#volumeOf(bar)));
    this.#drawLines();
    this.#drawTrips();
  }

  #drawLines(): void {
    for (const line of this.#lines) line.series.setData(line.of(this.#bars).map((each) => ({ time: local(each.time), value: each.value })));
  }
}
