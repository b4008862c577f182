/** What the model expects of the next bars, drawn on the candles it has seen: the median, and between the edges 80 % of futures. */
import { useCallback, useEffect, useMemo, useState } from "react";
import { api, body } from "../../api/client";
import { PriceChart } from "../../chart/PriceChart";
import { useReading } from "../../app/reading";
import { selectMarkets } from "../../app/desk";
import { useApp } from "../../app/store";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { Choice } from "../../parts/Tabs";
import { useModelText } from "../../text/models";
import { percent } from "../backtests/result";
import { outlook } from "./model";
import type { Forecast, Model } from "./model";

const HORIZONS = ["6", "12", "24", "48", "96"] as const;
/** Candles before the forecast. */
const CANDLES = 240;

function useForecast(model: Model, horizon: number, symbol: string) {
  const trained = model.version > 0;
  const read = useCallback(async () => {
    if (!trained) return null;
    const answer = await body(api.POST("/api/ml/models/{model_id}/predict", { params: { path: { model_id: model.id } }, body: { symbol, horizon, bypass_cache: false, allow_batching: true } }));
    return answer.predictions[0] ?? null;
  }, [model.id, trained, horizon, symbol]);
  return useReading(read);
}

function useCandles(symbol: string, interval: string, seen: string | undefined) {
  const read = useCallback(async () => {
    if (seen === undefined) return null;
    // A market of the archive alone has no candles here: the figures below still tell the forecast.
    const answer = await api.GET("/api/candles/{symbol}", { params: { path: { symbol }, query: { interval, limit: CANDLES } } });
    return answer.data?.candles.filter((candle) => candle.t < Date.parse(seen)) ?? [];
  }, [symbol, interval, seen]);
  return useReading(read);
}

function Sentence({ forecast, decimals }: { forecast: Forecast; decimals: number }) {
  const m = useModelText();
  const last = forecast.steps.at(-1);
  if (!last) return null;
  const shown = (value: number) => F.number(D.of(value.toFixed(decimals)));
  const change = forecast.naive > 0 ? (last.mean / forecast.naive - 1) * 100 : 0;
  return (
    <p className="forecast-say soft">
      {m("model.say", { n: forecast.steps.length, mean: shown(last.mean), low: shown(last.low), high: shown(last.high) })} <span className={change > 0.005 ? "up" : change < -0.005 ? "down" : ""}>{percent(change, 2)}</span> {m("model.against", { price: shown(forecast.naive) })}
    </p>
  );
}

export function ForecastCard({ model }: { model: Model }) {
  const m = useModelText();
  const language = useApp((state) => state.settings.language);
  const markets = useApp(selectMarkets);
  const asked = String((model.params as Record<string, unknown>)["horizon"] ?? "24");
  const choices = useMemo(() => [...new Set([...HORIZONS, asked])].sort((a, b) => Number(a) - Number(b)), [asked]);
  const [horizon, setHorizon] = useState(asked);
  const [symbol, setSymbol] = useState(model.symbols[0] ?? "");
  const { value: forecast, failed, again } = useForecast(model, Number(horizon), symbol);
  const candles = useCandles(symbol, model.interval, forecast?.seen_at);
  const steps = useMemo(() => (forecast ? outlook(forecast, model.interval) : []), [forecast, model.interval]);
  const market = markets.get(symbol);
  const decimals = market ? D.decimalsOf(market.tick) : 2;
  const label = m("model.forecastSay", { name: model.name, n: horizon, market: symbol });
  useEffect(() => setHorizon(asked), [asked]);
  return (
    <section className="card">
      <div className="card-head forecast-head">
        <h2>{m("model.forecast", { n: horizon })}</h2>
        <span className="faint">
          {F.pair(market, symbol)} {model.interval}
          {forecast ? ` · v${forecast.version} · ${m("model.madeAt", { at: F.day(forecast.seen_at, language) })}` : ""}
        </span>
        <span className="fill" />
        {model.symbols.length > 1 ? <Choice options={model.symbols.map((id) => ({ id, label: id }))} value={symbol} onChange={setSymbol} label={m("model.markets")} /> : null}
        {model.version > 0 ? <Choice options={choices.map((id) => ({ id, label: id }))} value={horizon} onChange={setHorizon} label={m("model.horizon")} /> : null}
        {model.version > 0 ? (
          <button type="button" className="button small-button" onClick={again}>
            {m("model.askAgain")}
          </button>
        ) : null}
      </div>
      {model.version === 0 ? <Empty>{m("model.untrained")}</Empty> : null}
      {failed ? <ErrorNote what={m("model.forecastFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {model.version > 0 && !failed && (forecast === null || candles.value === null) ? <Loading rows={5} /> : null}
      {forecast && candles.value && candles.value.length > 0 ? <PriceChart candles={candles.value} decimals={decimals} outlook={steps} label={label} /> : null}
      {forecast ? <Sentence forecast={forecast} decimals={decimals} /> : null}
    </section>
  );
}
