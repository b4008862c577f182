//! What a back-test gave, in full.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use store::Owner;
use utoipa::IntoParams;

use super::mine;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::Viewer;
use crate::limits::CANDLES_MAX;
use crate::research::{RunEquity, RunTrade};
use crate::routes::bots::record::thinned;
use crate::routes::markets::from_port;
use crate::wire::{Json, Query};

/// Most round trips of one page.
const TRADES_MAX: usize = 10_000;

/// The stored run of a back-test.
async fn stored(app: &App, owner: Owner, id: &str) -> Result<String, Problem> {
    let row = mine(app, owner, id).await?;
    row.run.ok_or_else(|| {
        Problem::conflict("not_done", format!("the back-test is {}; there is no result", row.status))
    })
}

/// Which round trips.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TradeQuery {
    /// How many to leave out at the beginning.
    #[param(minimum = 0, default = 0)]
    offset: Option<usize>,
    /// 1 to 10,000.
    #[param(minimum = 1, maximum = 10000, default = 1000)]
    limit: Option<usize>,
}

/// The round trips of a back-test, by the time they ended.
#[utoipa::path(get, path = "/api/backtests/{backtest_id}/trades", tag = "research", operation_id = "listBacktestTrades",
    params(("backtest_id" = String, Path, description = "the back-test's id"), TradeQuery),
    responses((status = 200, body = Vec<RunTrade>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn trades(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
    Query(query): Query<TradeQuery>,
) -> Result<Json<Vec<RunTrade>>, Problem> {
    let limit = query.limit.unwrap_or(1_000);
    if !(1..=TRADES_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit is 1 to {TRADES_MAX}")));
    }
    let run = stored(&app, who.owner(), &id).await?;
    let all = app.research.trades(run).await.map_err(|e| from_port(&e))?;
    Ok(Json(all.into_iter().skip(query.offset.unwrap_or(0)).take(limit).collect()))
}

/// How much of the curve.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CurveQuery {
    /// Most points, 2 to 5,000; more are thinned out, the first and the last stay.
    #[param(minimum = 2, maximum = 5000, default = 1000)]
    limit: Option<usize>,
}

/// What a back-test was worth over time.
#[utoipa::path(get, path = "/api/backtests/{backtest_id}/equity", tag = "research", operation_id = "getBacktestEquity",
    params(("backtest_id" = String, Path, description = "the back-test's id"), CurveQuery),
    responses((status = 200, body = Vec<RunEquity>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn equity(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
    Query(query): Query<CurveQuery>,
) -> Result<Json<Vec<RunEquity>>, Problem> {
    let limit = query.limit.unwrap_or(1_000);
    if !(2..=CANDLES_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit is 2 to {CANDLES_MAX}")));
    }
    let run = stored(&app, who.owner(), &id).await?;
    let all = app.research.equity(run).await.map_err(|e| from_port(&e))?;
    Ok(Json(thinned(all.len(), limit).map(|at| all[at].clone()).collect()))
}

/// What a page of a report may do: show itself. It runs in an origin of its own, so it reaches nothing of the platform.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; sandbox allow-scripts";

/// A back-test as one HTML page. It is made when it is first asked for, which can take a minute.
#[utoipa::path(get, path = "/api/backtests/{backtest_id}/report", tag = "research", operation_id = "getBacktestReport",
    params(("backtest_id" = String, Path, description = "the back-test's id")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let run = stored(&app, who.owner(), &id).await?;
    let html = app.research.report(run).await.map_err(|e| from_port(&e))?;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let policy = HeaderValue::from_static(REPORT_POLICY);
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)], html).into_response())
}
