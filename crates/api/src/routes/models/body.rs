//! Models in JSON.

use serde::{Deserialize, Serialize};
use store::models::{Model, Prediction};
use utoipa::ToSchema;

use crate::Problem;
use crate::models::{Training, TrainingState};
use crate::wire::Moment;

const ALGORITHMS: [&str; 5] = ["arima", "prophet", "lstm", "ets", "auto"];

/// What is trained.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrainingRequest)]
pub(crate) struct TrainRequest {
    /// `arima`, `prophet`, `lstm`, `ets`, or `auto`: all of them, the best on the hold-out stays.
    algorithm: String,
    /// One market, like `BTCUSDT`; or `symbols`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
    /// Several markets, pooled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    symbols: Vec<String>,
    /// Length of a bar.
    #[serde(default = "interval")]
    #[schema(default = "15m")]
    interval: String,
    /// Days of history, 1 to 3,650.
    #[serde(default = "days")]
    #[schema(minimum = 1, maximum = 3650, default = 90)]
    days: u32,
    /// Bars ahead, 1 to 500.
    #[serde(default = "horizon")]
    #[schema(minimum = 1, maximum = 500, default = 24)]
    horizon: usize,
    /// Whether parameters are searched: takes longer, and every trial is noted.
    #[serde(default)]
    search: bool,
    /// Same seed and bars, same model.
    #[serde(default = "one")]
    #[schema(default = 1)]
    seed: u64,
    /// Most passes of an LSTM.
    #[serde(default = "epochs")]
    #[schema(minimum = 1, maximum = 1000, default = 8)]
    epochs: usize,
    /// Hidden units of an LSTM.
    #[serde(default = "hidden")]
    #[schema(minimum = 1, maximum = 512, default = 32)]
    hidden: usize,
    /// Seconds after which a training is given up.
    #[serde(default = "limit_s")]
    #[schema(minimum = 1, maximum = 86400, default = 60)]
    limit_s: u64,
}

fn interval() -> String {
    "15m".to_owned()
}
const fn days() -> u32 {
    90
}
const fn horizon() -> usize {
    24
}
const fn one() -> u64 {
    1
}
const fn epochs() -> usize {
    8
}
const fn hidden() -> usize {
    32
}
const fn limit_s() -> u64 {
    60
}

impl TrainRequest {
    /// As it was stored.
    pub(super) fn of(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem::internal(&error))
    }

    /// To be stored.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What the queue is given; it checks the ranges itself.
    pub(super) fn checked(&self) -> Result<Training, Problem> {
        if !ALGORITHMS.contains(&self.algorithm.as_str()) {
            let detail = format!("{:?} is no algorithm; there are {}", self.algorithm, ALGORITHMS.join(", "));
            return Err(Problem::refused("algorithm", detail));
        }
        let symbols: Vec<String> = self.symbol.iter().chain(&self.symbols).cloned().collect();
        let fine = |symbol: &String| {
            (1..=32).contains(&symbol.len())
                && symbol.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
        };
        if symbols.is_empty() || !symbols.iter().all(fine) {
            return Err(Problem::refused("symbols", "name at least one market, like BTCUSDT"));
        }
        if types::Interval::parse(&self.interval).is_none_or(|interval| interval.seconds() == 0) {
            let detail = format!("{:?} is no length of a bar, like 15m or 1h", self.interval);
            return Err(Problem::refused("interval", detail));
        }
        Ok(Training {
            algorithm: self.algorithm.clone(),
            symbols,
            interval: self.interval.clone(),
            days: self.days,
            horizon: self.horizon,
            search: self.search,
            seed: self.seed,
            epochs: self.epochs,
            hidden: self.hidden,
            limit_s: self.limit_s,
        })
    }
}

/// A model to be made.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ModelRequest {
    /// What to call it, 1 to 40 characters.
    pub(super) name: String,
    /// Whether its training waits for its turn at once.
    #[schema(default = true)]
    pub(super) train: Option<bool>,
    /// What is trained.
    #[serde(flatten)]
    pub(super) training: TrainRequest,
}

/// How far a training is.
#[derive(Serialize, ToSchema)]
#[schema(as = Training)]
pub(crate) struct TrainingBody {
    /// `queued`, `running`, `done`, `failed`, `cancelled`, `timed-out` or `interrupted`.
    state: &'static str,
    /// What is being done.
    stage: String,
    /// Part of that stage, 0 to 1.
    share: f64,
    /// Last loss of an LSTM.
    loss: Option<f64>,
    /// Seconds until the stage ends.
    remaining_s: Option<f64>,
    /// Why it failed.
    error: Option<String>,
}

/// A model.
#[derive(Serialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelBody {
    /// Its id.
    id: String,
    /// What its owner calls it.
    name: String,
    /// What was asked for, or for `auto` what was chosen.
    algorithm: String,
    /// The markets it was trained on.
    symbols: Vec<String>,
    /// Length of a bar.
    interval: String,
    /// `new`, `queued`, `running`, `trained`, `failed`, `cancelled`, `timed-out` or `interrupted`.
    status: String,
    /// The newest trained version; 0 before the first.
    version: i64,
    /// SHA-256 of it, in hex.
    hash: Option<String>,
    /// What it was asked to be trained with.
    #[schema(value_type = Object)]
    params: serde_json::Value,
    /// Scores on the hold-out beside the naive forecast's; empty before the first training.
    #[schema(value_type = Object)]
    metrics: serde_json::Value,
    /// The last training.
    training: Option<TrainingBody>,
    /// When it was made.
    created_at: Moment,
    /// When it last changed.
    updated_at: Moment,
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_default()
}

impl ModelBody {
    pub(super) fn of(model: &Model, training: Option<TrainingState>) -> Self {
        let status = match &training {
            Some(state) if !state.is_final => state.state.to_owned(),
            _ => model.training_status.clone(),
        };
        let metrics = json(&model.metrics);
        Self {
            id: model.id.to_string(),
            name: model.name.clone(),
            algorithm: metrics["algorithm"].as_str().unwrap_or(&model.algorithm_type).to_owned(),
            symbols: model.symbol.split(',').map(str::to_owned).collect(),
            interval: model.bar_interval.clone(),
            status,
            version: model.version,
            hash: model.artefact_hash.clone(),
            params: json(&model.params),
            metrics,
            training: training.map(|state| TrainingBody {
                state: state.state,
                stage: state.stage,
                share: state.share,
                loss: state.loss,
                remaining_s: state.remaining_s,
                error: state.error,
            }),
            created_at: Moment(model.created_at.time()),
            updated_at: Moment(model.updated_at.time()),
        }
    }
}

/// How a model's forecasts did, as far as what they were about has come.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveScores)]
pub(crate) struct LiveBody {
    /// Forecasts compared, of the last 1,000 that were.
    count: usize,
    /// Mean absolute error, in units of the price.
    mae: Option<f64>,
    /// Mean absolute error over the naive forecast's; below 1 beats the last price.
    mae_ratio: Option<f64>,
    /// Share of right directions, of those that moved.
    direction: Option<f64>,
    /// Share of values inside the interval that should hold 80 %.
    coverage: Option<f64>,
}

impl LiveBody {
    fn of(scored: &[Prediction]) -> Self {
        let pairs: Vec<(&Prediction, f64)> = scored.iter().filter_map(|p| Some((p, p.actual?))).collect();
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
            (count > 0).then(|| sum / f64::from(count))
        };
        let share =
            |hits: &mut dyn Iterator<Item = bool>| mean(&mut hits.map(|hit| f64::from(u8::from(hit))));
        let mae = mean(&mut pairs.iter().map(|(p, actual)| (p.value - actual).abs()));
        let naive = mean(&mut pairs.iter().map(|(p, actual)| (p.naive - actual).abs()));
        let moved = pairs.iter().filter(|(p, actual)| (actual - p.naive).abs() > f64::EPSILON);
        let bounded = pairs.iter().filter_map(|(p, actual)| Some((p.lower?, p.upper?, *actual)));
        Self {
            count: pairs.len(),
            mae,
            mae_ratio: mae.zip(naive).filter(|(_, naive)| *naive > 0.0).map(|(mae, naive)| mae / naive),
            direction: share(&mut moved.map(|(p, actual)| (p.value > p.naive) == (*actual > p.naive))),
            coverage: share(&mut bounded.map(|(low, high, actual)| (low..=high).contains(&actual))),
        }
    }
}

/// How a model did.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelMetrics)]
pub(crate) struct MetricsBody {
    /// The version they are of; 0 before the first training.
    version: i64,
    /// On the hold-out of its training, beside the naive forecast.
    #[schema(value_type = Object)]
    training: serde_json::Value,
    /// With the forecasts it made since.
    live: LiveBody,
}

impl MetricsBody {
    pub(super) fn of(model: &Model, scored: &[Prediction]) -> Self {
        Self { version: model.version, training: json(&model.metrics), live: LiveBody::of(scored) }
    }
}

#[cfg(test)]
mod tests {
    use store::{ModelId, PredictionId, Ts, UserId};

    use super::*;

    #[test]
    fn scores_are_held_against_the_naive_forecast() {
        let (model_id, user_id) = (ModelId::new(), UserId::new());
        let forecast = |value: f64, actual: f64| Prediction {
            id: PredictionId::new(),
            model_id,
            user_id,
            symbol: "BTCUSDT".to_owned(),
            timestamp: Ts(1),
            target_at: Ts(2),
            value,
            lower: Some(value - 1.0),
            upper: Some(value + 1.0),
            naive: 100.0,
            actual: Some(actual),
            created_at: Ts(1),
        };
        // Off by 1 where the last price is off by 2; off by 3 where it is off by 1 in the other direction.
        let body = LiveBody::of(&[forecast(101.0, 102.0), forecast(102.0, 99.0)]);
        assert_eq!(
            (body.count, body.mae, body.direction, body.coverage),
            (2, Some(2.0), Some(0.5), Some(0.5))
        );
        assert_eq!(body.mae_ratio, Some(2.0 / 1.5));
        let none = LiveBody::of(&[]);
        assert_eq!((none.count, none.mae, none.mae_ratio, none.direction), (0, None, None, None));
    }

    #[test]
    fn what_is_trained_is_checked_before_it_is_kept() {
        let of = |text: &str| serde_json::from_str::<TrainRequest>(text).unwrap().checked();
        let fine = of(r#"{"algorithm":"arima","symbol":"BTCUSDT","symbols":["ETHUSDT"]}"#).unwrap();
        assert_eq!(
            (fine.symbols, fine.interval.as_str(), fine.days),
            (vec!["BTCUSDT".to_owned(), "ETHUSDT".to_owned()], "15m", 90)
        );
        for wrong in [
            r#"{"algorithm":"magic","symbol":"BTCUSDT"}"#,
            r#"{"algorithm":"arima"}"#,
            r#"{"algorithm":"arima","symbol":"../etc"}"#,
            r#"{"algorithm":"arima","symbol":"BTCUSDT","interval":"fortnight"}"#,
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<TrainRequest>(r#"{"algorithm":"arima","colour":"red"}"#).is_err());
    }
}
