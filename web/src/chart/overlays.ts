/** What is drawn over the candles beyond the library's own series: round trips from entry to exit, and the cone of a forecast. */
import type { IChartApiBase, IPrimitivePaneView, ISeriesApi, ISeriesPrimitive, SeriesAttachedParameter, SeriesType, Time } from "lightweight-charts";

type Target = Parameters<NonNullable<ReturnType<IPrimitivePaneView["renderer"]>>["draw"]>[0];

/** A drawing on one series that is done anew whenever the library paints. */
abstract class Overlay implements ISeriesPrimitive<Time> {
  protected chart: IChartApiBase<Time> | null = null;
  protected series: ISeriesApi<SeriesType, Time> | null = null;
  #update: () => void = () => {};
  readonly #views: readonly IPrimitivePaneView[];

  constructor(order: "bottom" | "normal" | "top") {
    this.#views = [{ zOrder: () => order, renderer: () => ({ draw: (target) => this.#draw(target) }) }];
  }

  attached({ chart, series, requestUpdate }: SeriesAttachedParameter<Time>): void {
    [this.chart, this.series, this.#update] = [chart, series, requestUpdate];
  }

  detached(): void {
    this.chart = null;
    this.series = null;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  again(): void {
    this.#update();
  }

  /** A place in pixels; null when it is not on the scales. */
  protected at(time: Time, price: number): [number, number] | null {
    const x = this.chart?.timeScale().timeToCoordinate(time) ?? null;
    const y = this.series?.priceToCoordinate(price) ?? null;
    return x === null || y === null ? null : [x, y];
  }

  #draw(target: Target): void {
    target.useMediaCoordinateSpace(({ context }) => this.paint(context));
  }

  protected abstract paint(context: CanvasRenderingContext2D): void;
}

/** From where to where a position went, and what came of it. */
export interface Trip {
  readonly opened: Time;
  readonly entry: number;
  /** Null while the position is open. */
  readonly closed: Time | null;
  readonly exit: number;
  readonly long: boolean;
  readonly words: string;
  readonly tone: "up" | "down" | "";
}

export interface TripLook {
  readonly up: string;
  readonly down: string;
  readonly text: string;
  readonly faint: string;
  readonly font: string;
}

/** Trips whose ends are closer than this (pixels) have no words: they would lie on each other. */
const WORDS_APART = 46;

export class Trips extends Overlay {
  #trips: readonly Trip[] = [];
  #look: TripLook | null = null;

  constructor() {
    super("top");
  }

  show(trips: readonly Trip[], look: TripLook): void {
    [this.#trips, this.#look] = [trips, look];
    this.again();
  }

  protected paint(context: CanvasRenderingContext2D): void {
    const look = this.#look;
    if (!look) return;
    let last = -Infinity;
    context.font = `11px ${look.font}`;
    context.textAlign = "center";
    for (const trip of this.#trips) {
      const from = this.at(trip.opened, trip.entry);
      const to = trip.closed === null ? null : this.at(trip.closed, trip.exit);
      context.fillStyle = look.text;
      if (from && trip.closed === null) mark(context, from, trip.long);
      if (!from || !to) continue;
      context.beginPath();
      context.setLineDash([2, 3]);
      context.strokeStyle = look.faint;
      context.lineWidth = 1.2;
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = look.text;
      mark(context, from, trip.long);
      mark(context, to, !trip.long);
      if (to[0] - last < WORDS_APART) continue;
      last = to[0];
      context.fillStyle = trip.tone === "up" ? look.up : trip.tone === "down" ? look.down : look.faint;
      // Above the mark of a sale, below that of a buy.
      context.fillText(trip.words, to[0], trip.long ? to[1] - 16 : to[1] + 24);
    }
  }
}

/** A small triangle: up below the price for what was bought, down above it for what was sold. */
function mark(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], buy: boolean): void {
  const way = buy ? 1 : -1;
  context.beginPath();
  context.moveTo(x, y + 4 * way);
  context.lineTo(x - 4.5, y + 11 * way);
  context.lineTo(x + 4.5, y + 11 * way);
  context.closePath();
  context.fill();
}

export interface ConeStep {
  readonly time: Time;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The space between the low and the high ends of a forecast. */
export class Cone extends Overlay {
  #steps: readonly ConeStep[] = [];
  #colour = "";

  constructor() {
    super("bottom");
  }

  show(steps: readonly ConeStep[], colour: string): void {
    [this.#steps, this.#colour] = [steps, colour];
    this.again();
  }

  protected paint(context: CanvasRenderingContext2D): void {
    const places = (price: (step: ConeStep) => number) => this.#steps.map((step) => this.at(step.time, price(step))).filter((place) => place !== null);
    const [high, low] = [places((step) => step.high), places((step) => step.low)];
    if (high.length < 2 || low.length < 2) return;
    const fill = (upper: readonly [number, number][], lower: readonly [number, number][], alpha: number) => {
      context.beginPath();
      for (const place of [...upper, ...[...lower].reverse()]) context.lineTo(...place);
      context.closePath();
      context.globalAlpha = alpha;
      context.fillStyle = this.#colour;
      context.fill();
      context.globalAlpha = 1;
    };
    fill(high, low, 0.16);
  }
}
