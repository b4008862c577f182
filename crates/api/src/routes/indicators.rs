//! Technical indicators by name: which there are, and their values over a market's candles.
//!
//! All 237 functions of TA-Lib. Values are over closed candles in the order of time, and over the open one at the end, whose values may
//! still change. Candles before the wanted ones are read as well, as many as a function's window needs and a thousand more, so that
//! averages that never forget hardly depend on where the answer begins. Floats: a signal, never money.
//!
//! Cost: at most 8,000 candles read and 10 functions with a window of at most 2,000 computed, away from the async threads.

use std::sync::Arc;

use axum::extract::{Path, State};
use indicators::{Function, Input, Range, Settings};
use serde::{Deserialize, Serialize};
use types::Bar;
use utoipa::{IntoParams, ToSchema};

use super::markets::{from_port, interval};
use super::strategies::ParamBody;
use crate::Problem;
use crate::app::App;
use crate::limits::{CANDLES_MAX, INDICATOR_LOOKBACK_MAX, INDICATORS_MAX};
use crate::ports::CandleRange;
use crate::wire::{Json, Moment, Query, millis};

/// Candles read before the wanted ones, beyond a function's own window.
const SETTLING: usize = 1_000;
/// Candles in an answer unless asked for otherwise.
const CANDLES_DEFAULT: usize = 500;

/// A function.
#[derive(Serialize, ToSchema)]
#[schema(as = Indicator)]
pub(crate) struct IndicatorBody {
    /// `RSI`.
    name: &'static str,
    /// `Momentum Indicators`.
    group: &'static str,
    /// What it is, in a few words.
    doc: &'static str,
    /// What it reads: `open`, `high`, `low`, `close`, `volume`; `real` is the close, `real` and `real2` the high and the low.
    inputs: Vec<&'static str>,
    /// What can be set, in the order in which the values stand in brackets.
    params: Vec<ParamBody>,
    /// What it makes.
    outputs: Vec<OutputBody>,
    /// Candles before the first value, with these defaults.
    lookback: usize,
}

/// A series that a function makes.
#[derive(Serialize, ToSchema)]
#[schema(as = IndicatorOutput)]
pub(crate) struct OutputBody {
    /// `macd-signal`.
    name: String,
    /// Whether its values are whole numbers, like a pattern's -100, 0 and 100.
    whole: bool,
}

/// All indicators with their parameters and outputs.
#[utoipa::path(get, path = "/api/indicators", tag = "markets", operation_id = "listIndicators", security(()),
    responses((status = 200, body = Vec<IndicatorBody>)))]
pub(crate) async fn list() -> Json<Vec<IndicatorBody>> {
    Json(Function::all().map(described).collect())
}

fn described(function: Function) -> IndicatorBody {
    IndicatorBody {
        name: function.name(),
        group: function.group(),
        doc: function.doc(),
        inputs: function.inputs().into_iter().map(Input::name).collect(),
        params: function.params().iter().map(param).collect(),
        outputs: function
            .outputs()
            .into_iter()
            .map(|o| OutputBody { name: o.name, whole: o.is_whole })
            .collect(),
        lookback: Settings::parse(function, &[]).map_or(0, |settings| settings.lookback()),
    }
}

fn param(param: &indicators::Param) -> ParamBody {
    let number = |kind: &str, min: String, max: String, default: String| ParamBody {
        name: param.name.clone(),
        doc: param.doc.to_owned(),
        kind: kind.to_owned(),
        min: Some(min),
        max: Some(max),
        default,
        form: None,
        choices: Vec::new(),
    };
    match param.range {
        Range::Whole { min, max, default } => {
            number("whole", min.to_string(), max.to_string(), default.to_string())
        }
        Range::Real { min, max, default } => {
            number("real", min.to_string(), max.to_string(), default.to_string())
        }
        Range::Choice { of, default } => {
            let chosen = of.iter().find(|(number, _)| *number == default).map_or("", |(_, name)| *name);
            let choices = of.iter().map(|(_, name)| (*name).to_owned()).collect();
            let any = number("choice", String::new(), String::new(), chosen.to_owned());
            ParamBody { min: None, max: None, choices, ..any }
        }
    }
}

/// Which indicators, and over what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValuesQuery {
    /// Indicators with their parameters, separated by commas: `SMA(20),MACD(12,26,9),BBANDS(ma-type=EMA),OBV`; at most 10.
    names: String,
    /// Length of a candle: `1s` `1m` `3m` `5m` `15m` `30m` `1h` `2h` `4h` `6h` `8h` `12h` `1d` `3d` `1w` `1M`.
    interval: String,
    /// Last open time wanted: RFC 3339, seconds or milliseconds; up to now without it.
    #[param(value_type = Option<String>)]
    to: Option<Moment>,
    /// Most candles, 1 to 5,000.
    #[param(minimum = 1, maximum = 5000, default = 500)]
    limit: Option<usize>,
}

/// Indicators over a market's candles.
#[derive(Serialize, ToSchema)]
#[schema(as = IndicatorValues)]
pub(crate) struct ValuesBody {
    /// `BTCUSDT`.
    symbol: String,
    /// Length of a candle.
    interval: &'static str,
    /// Open times of the candles, ms since 1970, oldest first.
    t: Vec<i64>,
    /// Whether the last candle is still open, so that its values may still change.
    open: bool,
    /// One for each name, in the order asked.
    indicators: Vec<SeriesBody>,
}

/// One indicator's values.
#[derive(Serialize, ToSchema)]
#[schema(as = IndicatorSeries)]
pub(crate) struct SeriesBody {
    /// With all its parameters: `MACD(12,26,9)`.
    name: String,
    /// Candles before its first value.
    lookback: usize,
    /// What it makes, each with as many values as there are candles.
    outputs: Vec<ColumnBody>,
}

/// One output's values.
#[derive(Serialize, ToSchema)]
#[schema(as = IndicatorColumn)]
pub(crate) struct ColumnBody {
    /// `macd-signal`.
    name: String,
    /// One for each candle; null while the market has too few candles before it, and where the function has no value.
    values: Vec<Option<f64>>,
}

/// Values of indicators over a market's candles.
#[utoipa::path(get, path = "/api/indicators/{symbol}", tag = "markets", operation_id = "getIndicators", security(()),
    params(("symbol" = String, Path, description = "like BTCUSDT or local:BTCUSDT"), ValuesQuery),
    responses((status = 200, body = ValuesBody), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn values(
    State(app): State<Arc<App>>,
    Path(symbol): Path<String>,
    Query(query): Query<ValuesQuery>,
) -> Result<Json<ValuesBody>, Problem> {
    let instrument = app.instrument(&symbol)?;
    let interval = interval(&query.interval)?;
    let limit = query.limit.unwrap_or(CANDLES_DEFAULT);
    if !(1..=CANDLES_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit is 1 to {CANDLES_MAX}")));
    }
    let wanted = wanted(&query.names)?;
    let before = wanted.iter().map(Settings::lookback).max().unwrap_or(0) + SETTLING;
    let to = query.to.map(|moment| moment.0);
    let range = CandleRange { interval, from: None, to, limit: limit + before };
    let bars = app.markets.candles(&instrument.id, range).await.map_err(|e| from_port(&e))?;
    let now = crate::app::now();
    let open = bars.last().is_some_and(|bar| interval.next(bar.open_time) > now);
    // A function of a long window takes milliseconds: not on the async threads.
    let work = tokio::task::spawn_blocking(move || {
        let shown = bars.len().saturating_sub(limit);
        let scales = (instrument.market.price_scale, instrument.market.base.scale);
        let indicators = wanted.iter().map(|settings| series(settings, &bars, shown, scales));
        let indicators = indicators.collect::<Result<Vec<_>, Problem>>()?;
        let t = bars[shown..].iter().map(|bar| millis(bar.open_time)).collect();
        let symbol = instrument.id.symbol.to_string();
        Ok(Json(ValuesBody { symbol, interval: interval.as_str(), t, open, indicators }))
    });
    work.await.map_err(|error| Problem::internal(&error))?
}

/// The names, or what is wrong with them.
pub(crate) fn wanted(names: &str) -> Result<Vec<Settings>, Problem> {
    let bad = |code, detail: String| Problem::new(axum::http::StatusCode::BAD_REQUEST, code, detail);
    let wanted = Settings::list(names).map_err(|error| {
        let unknown = matches!(error, indicators::NameError::Unknown { .. });
        let code = if unknown { "unknown_indicator" } else { "bad_indicator" };
        bad(code, format!("{error} (GET /api/indicators lists all with their parameters)"))
    })?;
    if wanted.len() > INDICATORS_MAX {
        let detail =
            format!("at most {INDICATORS_MAX} indicators in one call, {} are asked for", wanted.len());
        return Err(bad("too_many_indicators", detail));
    }
    if let Some(long) = wanted.iter().find(|settings| settings.lookback() > INDICATOR_LOOKBACK_MAX) {
        let detail = format!(
            "{long} needs {} candles before its first value; here at most {INDICATOR_LOOKBACK_MAX} are possible",
            long.lookback()
        );
        return Err(bad("bad_indicator", detail));
    }
    Ok(wanted)
}

/// One indicator over all bars of a market with these decimals; those from `shown` on are told.
fn series(
    settings: &Settings,
    bars: &[Bar],
    shown: usize,
    (price_scale, volume_scale): (u8, u8),
) -> Result<SeriesBody, Problem> {
    let columns = settings
        .over(bars, price_scale, volume_scale)
        .ok_or_else(|| Problem::internal(&format!("{settings} over {} bars", bars.len())))?;
    let outputs = settings.function().outputs().into_iter().zip(columns).map(|(output, column)| {
        let missing = bars.len() - column.len().min(bars.len());
        let value = |at: usize| at.checked_sub(missing).map(|at| column[at]).filter(|v| v.is_finite());
        ColumnBody { name: output.name, values: (shown..bars.len()).map(value).collect() }
    });
    Ok(SeriesBody { name: settings.to_string(), lookback: settings.lookback(), outputs: outputs.collect() })
}

#[cfg(test)]
mod tests {
    use types::{Interval, Price, Time};

    use super::*;

    fn bars(count: i64) -> Vec<Bar> {
        let close = |n: i64| Price((100 + n % 7) * 100);
        (0..count).map(|n| Bar::flat(Interval::M1, Time(n * 60_000_000_000), close(n))).collect()
    }

    #[test]
    fn values_stand_beside_their_candles_and_are_null_only_where_history_is_too_short() {
        let settings = Settings::named("SMA(3)").unwrap();
        let whole = series(&settings, &bars(10), 0, (2, 8)).unwrap();
        let values = &whole.outputs[0].values;
        assert_eq!((whole.name.as_str(), whole.lookback, values.len()), ("SMA(3)", 2, 10));
        assert_eq!(values[..4], [None, None, Some(101.0), Some(102.0)]);
        let tail = series(&settings, &bars(10), 6, (2, 8)).unwrap();
        assert_eq!(tail.outputs[0].values[..], values[6..]);
        let short = series(&Settings::named("MACD").unwrap(), &bars(5), 0, (2, 8)).unwrap();
        assert_eq!(short.outputs.len(), 3);
        assert!(short.outputs.iter().all(|column| column.values == [None; 5]));
    }

    #[test]
    fn every_function_is_described_and_its_defaults_read_back() {
        let all: Vec<IndicatorBody> = Function::all().map(described).collect();
        assert_eq!(all.len(), 237);
        for body in &all {
            let list: Vec<String> = body.params.iter().map(|p| format!("{}={}", p.name, p.default)).collect();
            let settings = Settings::named(&format!("{}({})", body.name, list.join(","))).unwrap();
            assert_eq!(settings.lookback(), body.lookback, "{}", body.name);
            assert!(!body.outputs.is_empty() && !body.inputs.is_empty(), "{}", body.name);
        }
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_what_can() {
        let refused = |names: &str| {
            let problem = wanted(names).unwrap_err();
            assert_eq!(problem.status, 400);
            (problem.code, problem.detail)
        };
        let (code, detail) = refused("RSI(14),RSJ");
        assert_eq!(code, "unknown_indicator");
        assert!(detail.contains("did you mean RSI?"), "{detail}");
        for names in ["", "RSI(", "RSI(0)", "RSI(14,15)", "MACD(speed=3)", "SMA(2002)"] {
            assert_eq!(refused(names).0, "bad_indicator", "{names}");
        }
        assert_eq!(refused(&["RSI"; 11].join(",")).0, "too_many_indicators");
        assert_eq!(wanted("sma(20), macd").unwrap().len(), 2);
    }
}
