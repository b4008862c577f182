/** Candles of the past with what is to be told about them: trips, a forecast. The library comes with the first chart that is shown. */
import { memo, useEffect, useRef, useState } from "react";
import { useApp } from "../app/store";
import { Bars } from "../market/candles";
import type { Candle } from "../market/candles";
import { Loading } from "../parts/states";
import { useText } from "../text/lists";
import "./chart.css";
import type { Outlook, Plot } from "./plot";
import type { RoundTrip } from "./trips";

export interface PriceChartProps {
  readonly candles: readonly Candle[];
  /** Decimals of a price. */
  readonly decimals: number;
  readonly trips?: readonly RoundTrip[];
  readonly outlook?: readonly Outlook[];
  /** All of it in view at first, not its end. */
  readonly whole?: boolean;
  readonly label: string;
}

export function By() {
  const t = useText();
  return (
    <p className="chart-by">
      <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
        {t("chart.by")}
      </a>
    </p>
  );
}

export const PriceChart = memo(function PriceChart({ candles, decimals, trips, outlook, whole = false, label }: PriceChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot | null>(null);
  const { theme, market } = useApp((state) => state.settings);
  useEffect(() => {
    let over = false;
    let made: Plot | null = null;
    void import("./plot").then(({ Plot }) => {
      if (over || !box.current) return;
      const bars = new Bars();
      bars.take(candles);
      made = new Plot(box.current, decimals);
      made.show(bars, false);
      if (whole) made.fit();
      setPlot(made);
    });
    return () => {
      over = true;
      made?.remove();
      setPlot(null);
    };
  }, [candles, decimals, whole]);
  useEffect(() => plot?.trips(trips ?? []), [plot, trips]);
  useEffect(() => plot?.outlook(outlook ?? []), [plot, outlook]);
  useEffect(() => {
    // After the style sheets have the new theme.
    const frame = requestAnimationFrame(() => plot?.dress());
    return () => cancelAnimationFrame(frame);
  }, [plot, theme, market]);
  return (
    <div className="price-chart">
      <div className="plot-box">
        {plot ? null : <Loading rows={4} />}
        <div ref={box} className="plot" role="img" aria-label={label} />
      </div>
      <By />
    </div>
  );
});
