//! Models in JSON.

use serde::{Deserialize, Serialize};
use store::jobs::{Job, JobStatus};
use store::models::{Model, Prediction};
use store::research::Backtest;
use utoipa::ToSchema;

use crate::Problem;
use crate::models::{Progress, TIMED_OUT, Training};
use crate::routes::jobs::percent;
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
    /// Higher goes first, -10 to 10; above 0 is for administrators.
    #[serde(default)]
    #[schema(minimum = -10, maximum = 10, default = 0)]
    priority: i32,
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

    /// Its place among what waits; above the others only for those who may do everything.
    pub(super) fn priority(&self, administers: bool) -> Result<i64, Problem> {
        match self.priority {
            -10..=0 => Ok(self.priority.into()),
            1..=10 if administers => Ok(self.priority.into()),
            1..=10 => Err(Problem::refused("priority", "a priority above 0 is for administrators")),
            _ => Err(Problem::refused("priority", "a priority is from -10 to 10")),
        }
    }

    /// What is handed to the training, which checks the ranges itself.
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
    /// The job that carries it out.
    job: String,
    /// `queued`, `running`, `done`, `failed`, `cancelled`, `timed-out` or `interrupted`.
    state: String,
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

/// A training as its job tells it: its state in words.
pub(super) fn state(job: &Job, model: &Model) -> &'static str {
    match job.status {
        JobStatus::Queued => "queued",
        JobStatus::Running => "running",
        JobStatus::Done => "done",
        JobStatus::Failed if model.training_status == TIMED_OUT => TIMED_OUT,
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "cancelled",
        JobStatus::Crashed => "interrupted",
    }
}

impl TrainingBody {
    /// A job, and what it does this moment if it runs in this process.
    fn of(job: Job, now: Option<Progress>, model: &Model) -> Self {
        let state = state(&job, model).to_owned();
        let now = now.filter(|_| job.status == JobStatus::Running);
        let known = now.unwrap_or_else(|| Progress {
            stage: if job.status == JobStatus::Queued { "waiting".to_owned() } else { job.progress_note },
            share: percent(job.progress) / 100.0,
            ..Progress::default()
        });
        Self {
            job: job.id.to_string(),
            state,
            stage: known.stage,
            share: known.share,
            loss: known.loss,
            remaining_s: known.remaining_s,
            error: job.error,
        }
    }
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
    /// A model, and the job of its last training.
    pub(super) fn of(model: &Model, training: Option<(Job, Option<Progress>)>) -> Self {
        let training = training.map(|(job, now)| TrainingBody::of(job, now, model));
        let pending = training.as_ref().filter(|t| t.state == "queued" || t.state == "running");
        let status = pending.map_or_else(|| model.training_status.clone(), |t| t.state.clone());
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
            training,
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

/// A back-test that traded on a model's forecasts.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelBacktest)]
pub(crate) struct TradedBody {
    /// The back-test.
    backtest_id: String,
    /// Its name.
    name: String,
    /// Its pair.
    symbol: String,
    /// How far it is.
    status: String,
    /// Total return in percent, once it is done.
    return_pct: Option<f64>,
    /// Largest fall from a highest point in percent.
    max_drawdown_pct: Option<f64>,
    /// When it was asked for.
    created_at: Moment,
}

impl TradedBody {
    fn of(row: &Backtest) -> Self {
        let result = json(&row.metrics);
        Self {
            backtest_id: row.id.to_string(),
            name: row.name.clone(),
            symbol: row.symbol.clone(),
            status: row.status.word().to_owned(),
            return_pct: result["return_pct"].as_f64(),
            max_drawdown_pct: result["max_drawdown_pct"].as_f64(),
            created_at: Moment(row.created_at.time()),
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
    /// The last back-tests that named it, newest first.
    backtests: Vec<TradedBody>,
}

impl MetricsBody {
    pub(super) fn of(model: &Model, scored: &[Prediction], traded: &[Backtest]) -> Self {
        Self {
            version: model.version,
            training: json(&model.metrics),
            live: LiveBody::of(scored),
            backtests: traded.iter().map(TradedBody::of).collect(),
        }
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
