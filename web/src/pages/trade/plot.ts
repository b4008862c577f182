/** The price chart: candles, volume, indicators in panes, own orders, entries and fills. Wraps lightweight-charts; no React in here. */
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle,
} from "lightweight-charts";
import type { IChartApi, IPriceLine, ISeriesApi, ISeriesMarkersPluginApi, MouseEventParams, SeriesMarker, Time, UTCTimestamp } from "lightweight-charts";
import type { Fill, Order, Position } from "../../app/desk";
import { bands, ema, rsi } from "../../market/candles";
import type { Bar, Bars } from "../../market/candles";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { colours } from "./look";
import type { Colours } from "./look";

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
/** Below this width (pixels) lines have no words: they would cover the candles. */
const WORDS_FROM = 560;

const at = (seconds: number) => seconds as UTCTimestamp;
/** Charts have no time zones: times are moved so that the axis reads in the reader's own. */
const local = (seconds: number) => at(seconds - new Date(seconds * 1000).getTimezoneOffset() * 60);

export interface Own {
  readonly orders: readonly Order[];
  readonly position: Position | undefined;
  readonly fills: readonly Fill[];
}

export interface Words {
  readonly entry: string;
  readonly buy: string;
  readonly sell: string;
  readonly stop: string;
}

export class Plot {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  readonly #markers: ISeriesMarkersPluginApi<Time>;
  readonly #decimals: number;
  #lines: { series: ISeriesApi<"Line">; of: (bars: readonly Bar[]) => { time: number; value: number }[] }[] = [];
  #priceLines: IPriceLine[] = [];
  #colours: Colours = colours();
  #bars: readonly Bar[] = [];
  /** Removed: calls that were on their way do nothing. */
  #gone = false;

  constructor(box: HTMLElement, decimals: number, onOlder: () => void, onHover: (bar: Bar | null) => void) {
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
    this.#markers = createSeriesMarkers(this.#candles, []);
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

  /** Only the end changed: a fraction of the work of `show`. */
  update(bars: Bars, tail: readonly Bar[]): void {
    if (this.#gone) return;
    this.#bars = bars.all;
    for (const bar of tail) {
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
      this.#chart.panes()[1]?.setHeight(84);
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
    this.#markers.setMarkers(this.#marks(own.fills));
  }

  remove(): void {
    this.#gone = true;
    this.#chart.remove();
  }

  #marks(fills: readonly Fill[]): SeriesMarker<Time>[] {
    const c = this.#colours;
    const marks: SeriesMarker<Time>[] = [];
    for (const fill of [...fills].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
      const seconds = Date.parse(fill.created_at) / 1000;
      const bar = this.#bars.findLast((bar) => bar.time <= seconds);
      if (!bar) continue;
      const buy = fill.side === "buy";
      const pnl = D.round(D.of(fill.pnl), 2);
      const text = D.sign(pnl) === 0 ? undefined : F.signed(pnl);
      const last = marks.at(-1);
      const shape = buy ? ("arrowUp" as const) : ("arrowDown" as const);
      // Many fills of one order in one bar are one mark.
      if (last && last.time === local(bar.time) && last.shape === shape) continue;
      marks.push({ time: local(bar.time), position: buy ? "belowBar" : "aboveBar", shape, color: c.text, size: 0.8, ...(text ? { text } : {}) });
    }
    return marks;
  }

  #volumeOf(bar: Bar) {
    const c = this.#colours;
    return { time: local(bar.time), value: bar.volume, color: faded(bar.close >= bar.open ? c.up : c.down, 0.28) };
  }

  #drawAll(): void {
    this.#candles.setData(this.#bars.map((bar) => ({ ...bar, time: local(bar.time) })));
    this.#volume.setData(this.#bars.map((bar) => this.#volumeOf(bar)));
    this.#drawLines();
  }

  #drawLines(): void {
    for (const line of this.#lines) line.series.setData(line.of(this.#bars).map((each) => ({ time: local(each.time), value: each.value })));
  }
}
