/** The chart pane: price head, intervals, indicators, the plot, and who made the chart library. */
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, body } from "../../api/client";
import { asFailure } from "../../api/problem";
import { useReading } from "../../app/reading";
import { isTyping } from "../../app/keys";
import { selectFills, selectLive, selectPositions } from "../../app/desk";
import type { Market } from "../../app/desk";
import { chose } from "../../app/settings";
import { useAct, useApp } from "../../app/store";
import { Paced } from "../../market/channel";
import { Bars } from "../../market/candles";
import type { Bar, Candle } from "../../market/candles";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { feed } from "../../market/feed";
import { tickers, useChannel } from "../../market/hub";
import { Age, ErrorNote, Loading, TICKERS_OLD_S, useStale } from "../../parts/states";
import { Choice } from "../../parts/Tabs";
import { useText } from "../../text/trade";
import { IndicatorMenu } from "./Indicators";
import { ofServer, studiesOf, useStudies } from "./studies";
import type { Plot } from "../../chart/plot";
import { By } from "../../chart/PriceChart";
import { ownTrips } from "../../chart/trips";

export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
/** How often the newest bar is drawn, ms: it moves with each trade. */
const DRAW_EVERY = 250;
/** Bars of one request. */
const PAGE = 500;

async function read(symbol: string, interval: string, to?: number): Promise<Candle[]> {
  const query = { interval, limit: PAGE, ...(to === undefined ? {} : { to: new Date(to).toISOString() }) };
  return (await body(api.GET("/api/candles/{symbol}", { params: { path: { symbol }, query } }))).candles;
}

/** Owns the plot of one market and interval: history first, then what the feed says, older pages when one scrolls. */
function usePlot(market: Market, interval: string, onHover: (bar: Bar | null) => void) {
  const box = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot | null>(null);
  const [state, setState] = useState<"loading" | "ready" | { detail: string; requestId: string | null }>("loading");
  const [turn, setTurn] = useState(0);
  const [count, setCount] = useState(0);
  useEffect(() => {
    const bars = new Bars();
    let over = false;
    let end = () => {};
    setState("loading");
    const begin = async () => {
      const [{ Plot }, page] = await Promise.all([import("../../chart/plot"), read(market.symbol, interval)]);
      if (over || !box.current) return;
      bars.take(page);
      let reading = false;
      let exhausted = false;
      const older = async () => {
        const before = bars.first;
        if (reading || exhausted || over || before === null) return;
        reading = true;
        const page = await read(market.symbol, interval, before * 1000 - 1).catch(() => []);
        reading = false;
        if (over) return;
        bars.take(page);
        exhausted = page.length === 0 || bars.first === before;
        if (!exhausted) made.show(bars, true);
        setCount(bars.all.length);
      };
      const made = new Plot(box.current, D.decimalsOf(market.tick), () => void older(), onHover);
      made.show(bars, false);
      let anew = false;
      const drawing = new Paced(() => {
        if (anew) made.show(bars, true);
        else made.update(bars);
        anew = false;
      }, DRAW_EVERY);
      const stop = feed.watch(`candles:${market.symbol}:${interval}`, (said) => {
        const candles = said.kind === "snapshot" ? (said.body as { candles: Candle[] }).candles : [said.body as Candle];
        if (!bars.take(candles)) anew = true;
        drawing.ask();
      });
      end = () => {
        stop();
        drawing.stop();
        made.remove();
      };
      setPlot(made);
      setCount(bars.all.length);
      setState("ready");
    };
    begin().catch((error: unknown) => {
      const failure = asFailure(error);
      if (!over) setState({ detail: failure.detail, requestId: failure.requestId });
    });
    return () => {
      over = true;
      end();
      setPlot(null);
      setCount(0);
    };
  }, [market, interval, onHover, turn]);
  return { box, plot, state, bars: count, again: () => setTurn((now) => now + 1) };
}

function PriceHead({ market }: { market: Market }) {
  const held = useChannel(tickers);
  const stale = useStale(held?.at, TICKERS_OLD_S);
  const ticker = held?.value.get(market.symbol);
  const change = D.of(ticker?.change_percent);
  const up = D.sign(change) >= 0;
  return (
    <p className={stale ? "price-head stale" : "price-head"}>
      <b>{F.amount(ticker?.last, D.decimalsOf(market.tick))}</b>
      {ticker?.change_percent == null ? null : (
        <span className={F.tone(change)}>
          <i aria-hidden="true">{up ? "▲" : "▼"}</i> {F.percent(change)}
        </span>
      )}
      {stale ? <Age at={held?.at} max={TICKERS_OLD_S} /> : null}
    </p>
  );
}

function Legend({ bar, decimals }: { bar: Bar | null; decimals: number }) {
  if (!bar) return null;
  const n = (value: number) => value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return (
    <p className="legend" aria-hidden="true">
      {(["open", "high", "low", "close"] as const).map((key) => (
        <span key={key}>
          {key[0]?.toUpperCase()} <b>{n(bar[key])}</b>
        </span>
      ))}
    </p>
  );
}

export const Chart = memo(function Chart({ market }: { market: Market }) {
  const t = useText();
  const act = useAct();
  const { interval, indicators, theme, market: preset } = useApp((state) => state.settings);
  const known = (INTERVALS as readonly string[]).includes(interval) ? interval : "5m";
  const [hover, setHover] = useState<Bar | null>(null);
  const { box, plot, state, bars, again } = usePlot(market, known, setHover);
  const names = ofServer(indicators).join(",");
  const [browsed, setBrowsed] = useState(false);
  const needed = browsed || names !== "";
  const readCatalogue = useCallback(async () => (needed ? body(api.GET("/api/indicators")) : null), [needed]);
  const catalogue = useReading(readCatalogue);
  const studies = useStudies(market.symbol, known, names, bars);
  useEffect(() => plot?.studies(studies.values ? studiesOf(studies.values, catalogue.value ?? [], indicators.includes("rsi14") ? 2 : 1) : []), [plot, studies.values, catalogue.value, indicators]);
  const orders = useApp(selectLive);
  const positions = useApp(selectPositions);
  const fills = useApp(selectFills);
  const own = useMemo(() => {
    const here = <T extends { symbol: string }>(list: readonly T[]) => list.filter((each) => each.symbol === market.symbol);
    // A bot's orders and positions are its own affair: they would bury one's own.
    const mine = <T extends { bot?: string | null }>(list: readonly T[]) => list.filter((each) => !each.bot);
    return { orders: mine(here(orders)), position: mine(here(positions))[0] };
  }, [orders, positions, market]);
  const trips = useMemo(() => ownTrips(fills.filter((fill) => fill.symbol === market.symbol && !fill.bot)), [fills, market]);
  useEffect(() => plot?.trips(trips), [plot, trips]);
  useEffect(() => {
    plot?.indicators(indicators);
  }, [plot, indicators]);
  useEffect(() => {
    // After the style sheets have the new theme.
    const frame = requestAnimationFrame(() => {
      plot?.dress();
      plot?.indicators(indicators);
    });
    return () => cancelAnimationFrame(frame);
  }, [plot, theme, preset, indicators]);
  useEffect(() => {
    plot?.own(own, { entry: t("chart.entry"), buy: t("side.buy"), sell: t("side.sell"), stop: t("kind.stop") });
  }, [plot, own, t, theme, preset]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const chosen = INTERVALS[Number(event.key) - 1];
      if (!chosen || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
      act(chose({ interval: chosen }));
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [act]);
  return (
    <section className="pane chart-pane" aria-label={t("chart.label")}>
      <div className="pane-head">
        <PriceHead market={market} />
        <span className="fill" />
        <Choice options={INTERVALS.map((id) => ({ id, label: id }))} value={known as (typeof INTERVALS)[number]} onChange={(id) => act(chose({ interval: id }))} label={t("chart.interval")} className="intervals" />
        <IndicatorMenu catalogue={catalogue.value} failed={studies.failed} onBrowse={() => setBrowsed(true)} />
      </div>
      <div className="plot-box">
        <Legend bar={hover} decimals={D.decimalsOf(market.tick)} />
        {state === "loading" ? <Loading rows={5} /> : null}
        {typeof state === "object" ? <ErrorNote what={t("chart.failed")} detail={state.detail} requestId={state.requestId} retry={again} /> : null}
        <div ref={box} className="plot" role="img" aria-label={t("chart.say", { market: `${market.base}/${market.quote}`, interval: known })} />
      </div>
      <By />
    </section>
  );
});
