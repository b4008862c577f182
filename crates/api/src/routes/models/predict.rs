//! Asking a model.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::models::{self, Model, Prediction};
use store::{PredictionId, StoreError, Ts};
use utoipa::ToSchema;

use super::usable;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Viewer, from_store};
use crate::models::{Ask, Forecast, Row, registry_name};
use crate::observe;
use crate::routes::markets::from_port;
use crate::wire::{Json, Moment};

/// Questions of one request.
const BATCH_MAX: usize = 10;
/// Rows that a question brings along.
const ROWS_MAX: usize = 5_000;

/// The last bars, oldest first.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Features {
    /// Open, high, low, close, volume of each.
    #[schema(value_type = Vec<Vec<f64>>)]
    Rows(Vec<Row>),
    /// Closes alone.
    Closes(Vec<f64>),
}

impl Features {
    fn rows(self) -> Vec<Row> {
        match self {
            Self::Rows(rows) => rows,
            Self::Closes(closes) => closes.into_iter().map(|c| [c, c, c, c, 0.0]).collect(),
        }
    }
}

/// A question.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PredictionQuestion)]
pub(crate) struct Question {
    /// The market; the first one that the model was trained on unless given.
    symbol: Option<String>,
    /// Bars ahead, 1 to 500; what the model was trained for unless given.
    #[schema(minimum = 1, maximum = 500)]
    horizon: Option<usize>,
    /// The last bars instead of the market's own. Answers to such questions are not kept.
    features: Option<Features>,
    /// Compute it even if the answer is known.
    #[serde(default)]
    bypass_cache: bool,
    /// Whether it may be answered together with others.
    #[schema(default = true)]
    allow_batching: Option<bool>,
}

/// One question, or a batch of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PredictionRequest)]
pub(crate) struct PredictRequest {
    /// The market; the first one that the model was trained on unless given.
    symbol: Option<String>,
    /// Bars ahead, 1 to 500; what the model was trained for unless given.
    #[schema(minimum = 1, maximum = 500)]
    horizon: Option<usize>,
    /// The last bars instead of the market's own. Answers to such questions are not kept.
    features: Option<Features>,
    /// Compute it even if the answer is known.
    #[serde(default)]
    bypass_cache: bool,
    /// Whether it may be answered together with others.
    #[schema(default = true)]
    allow_batching: Option<bool>,
    /// Up to ten questions instead of one.
    #[schema(max_items = 10)]
    requests: Option<Vec<Question>>,
}

impl PredictRequest {
    fn questions(self) -> Result<Vec<Question>, Problem> {
        let Some(requests) = self.requests else {
            let Self { symbol, horizon, features, bypass_cache, allow_batching, .. } = self;
            return Ok(vec![Question { symbol, horizon, features, bypass_cache, allow_batching }]);
        };
        if !(1..=BATCH_MAX).contains(&requests.len()) {
            return Err(Problem::refused("requests", format!("a batch has 1 to {BATCH_MAX} questions")));
        }
        if self.symbol.is_some() || self.horizon.is_some() || self.features.is_some() {
            return Err(Problem::refused("requests", "a batch has its questions in `requests` alone"));
        }
        Ok(requests)
    }
}

/// A future bar's close.
#[derive(Serialize, ToSchema)]
#[schema(as = ForecastStep)]
pub(crate) struct StepBody {
    /// When it closes.
    at: Moment,
    /// The median.
    mean: f64,
    /// 10 % of futures lie below.
    low: f64,
    /// 10 % of futures lie above.
    high: f64,
}

/// An answer.
#[derive(Serialize, ToSchema)]
#[schema(as = Prediction)]
pub(crate) struct PredictionBody {
    /// The market.
    symbol: String,
    /// The version that answered.
    version: u32,
    /// The close of the last bar that was seen.
    seen_at: Moment,
    /// Its price: what the naive forecast says for every step.
    naive: f64,
    /// The next bars.
    steps: Vec<StepBody>,
    /// True if it was known already.
    cached: bool,
    /// Questions answered together with it.
    batch: usize,
}

/// The answers, in the order of the questions.
#[derive(Serialize, ToSchema)]
#[schema(as = Predictions)]
pub(crate) struct AnswerBody {
    /// Which model.
    model_id: String,
    /// One answer for each question.
    predictions: Vec<PredictionBody>,
}

fn ask(model: &Model, question: Question) -> Result<Ask, Problem> {
    let trained: serde_json::Value = serde_json::from_str(&model.params).unwrap_or_default();
    let horizon = question.horizon.or_else(|| usize::try_from(trained["horizon"].as_u64()?).ok());
    let horizon = horizon.unwrap_or(24);
    if !(1..=500).contains(&horizon) {
        return Err(Problem::refused("horizon", "a forecast reaches 1 to 500 bars ahead"));
    }
    let first = model.symbol.split(',').next().unwrap_or_default();
    let rows = question.features.map(Features::rows);
    if rows.as_ref().is_some_and(|rows| rows.is_empty() || rows.len() > ROWS_MAX) {
        return Err(Problem::refused("features", format!("1 to {ROWS_MAX} bars can be given")));
    }
    Ok(Ask {
        name: registry_name(model.id),
        interval: model.bar_interval.clone(),
        symbol: question.symbol.unwrap_or_else(|| first.to_owned()),
        rows,
        horizon,
        bypass_cache: question.bypass_cache,
        allow_batching: question.allow_batching.unwrap_or(true),
    })
}

/// Forecasts the next bars. Forecasts of markets are kept and compared with what comes: see the model's metrics. They promise
/// nothing.
#[utoipa::path(post, path = "/api/ml/models/{model_id}/predict", tag = "models", operation_id = "predict",
    params(("model_id" = String, Path, description = "the model's id")), request_body = PredictRequest,
    responses((status = 200, body = AnswerBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn predict(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
    Json(request): Json<PredictRequest>,
) -> Result<Json<AnswerBody>, Problem> {
    let model = usable(&app, who.owner(), &id).await?;
    let asks: Vec<Ask> =
        request.questions()?.into_iter().map(|question| ask(&model, question)).collect::<Result<_, _>>()?;
    let given: Vec<bool> = asks.iter().map(|ask| ask.rows.is_some()).collect();
    let symbols: Vec<String> = asks.iter().map(|ask| ask.symbol.clone()).collect();
    // All at once, so that they can be answered together.
    let asked = asks.into_iter().map(|ask| {
        let algorithm = model.algorithm_type.clone();
        observe::inference(&app.inferences, algorithm, app.models.forecast(ask))
    });
    let answers = futures_util::future::join_all(asked).await;
    let answers: Vec<Forecast> =
        answers.into_iter().collect::<Result<_, _>>().map_err(|error| from_port(&error))?;
    let kept: Vec<Prediction> = answers
        .iter()
        .zip(&symbols)
        .zip(&given)
        .filter(|((answer, _), given)| !**given && !answer.cached)
        .flat_map(|((answer, symbol), _)| rows(&model, symbol, answer))
        .collect();
    if !kept.is_empty() {
        let written: Result<u64, StoreError> = app
            .store
            .write(move |tx| {
                let kept = kept.clone();
                Box::pin(async move { models::append_predictions(tx, &kept).await })
            })
            .await;
        written.map_err(|e| from_store(&e))?;
    }
    let predictions = answers.into_iter().zip(symbols).map(|(answer, symbol)| body(answer, symbol)).collect();
    Ok(Json(AnswerBody { model_id: model.id.to_string(), predictions }))
}

fn rows<'a>(
    model: &'a Model,
    symbol: &'a str,
    answer: &'a Forecast,
) -> impl Iterator<Item = Prediction> + 'a {
    let now = Ts::now();
    answer.steps.iter().map(move |step| Prediction {
        id: PredictionId::new(),
        model_id: model.id,
        user_id: model.user_id,
        symbol: symbol.to_owned(),
        timestamp: answer.seen.into(),
        target_at: step.at.into(),
        value: step.mean,
        lower: Some(step.low),
        upper: Some(step.high),
        naive: answer.naive,
        actual: None,
        created_at: now,
    })
}

fn body(answer: Forecast, symbol: String) -> PredictionBody {
    let step = |step: crate::models::Step| StepBody {
        at: Moment(step.at),
        mean: step.mean,
        low: step.low,
        high: step.high,
    };
    PredictionBody {
        symbol,
        version: answer.version,
        seen_at: Moment(answer.seen),
        naive: answer.naive,
        steps: answer.steps.into_iter().map(step).collect(),
        cached: answer.cached,
        batch: answer.batch,
    }
}
