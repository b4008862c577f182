//! The strategies that there are.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::wire::Json;

/// A strategy, for people who choose one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Strategy)]
pub struct StrategyBody {
    /// `ema-cross`.
    pub name: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// Where the idea comes from.
    pub source: String,
    /// When it loses.
    pub fails: String,
    /// Fewest markets it trades.
    pub markets_min: usize,
    /// Most markets it trades.
    pub markets_max: usize,
    /// What each market is for, in their order.
    pub markets_doc: String,
    /// What can be set.
    pub params: Vec<ParamBody>,
}

/// A parameter of a strategy.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StrategyParam)]
pub struct ParamBody {
    /// `fast`.
    pub name: String,
    /// What it means, with its unit.
    pub doc: String,
    /// `whole`, `real`, `amount`, `text` or `choice`.
    pub kind: String,
    /// Smallest value of a number.
    pub min: Option<String>,
    /// Largest value of a number.
    pub max: Option<String>,
    /// If not given.
    pub default: String,
    /// What a text looks like.
    pub form: Option<String>,
    /// What can be chosen.
    pub choices: Vec<String>,
}

/// All strategies by name, with their parameters.
#[utoipa::path(get, path = "/api/strategies", tag = "bots", operation_id = "listStrategies", security(()),
    responses((status = 200, body = Vec<StrategyBody>)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Vec<StrategyBody>> {
    Json(app.strategies.clone())
}
