//! Back-tests of the one who asks. They run as jobs; what they gave is kept until they are removed.

pub(crate) mod outcome;
pub(crate) mod request;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use store::jobs::{self as queue, Job, JobStatus};
use store::research::{self, Backtest};
use store::{BacktestId, Owner, StoreError, Ts, audit};
use utoipa::ToSchema;

use self::request::{NewBacktestBody, ResultBody};
use super::jobs::{behind, is_over, job_for, percent, room_for_one};
use super::markets::from_port;
use super::models::usable;
use super::paged::Paged;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Trader, Viewer, from_store};
use crate::research::{BACKTEST_JOB, BacktestSpec};
use crate::wire::{Json, Moment, Query, id_of};

/// A back-test.
#[derive(Serialize, ToSchema)]
#[schema(as = Backtest)]
pub(crate) struct BacktestBody {
    /// Its id.
    id: String,
    /// One's own name for it.
    name: String,
    /// The strategy.
    strategy: String,
    /// The model whose forecasts it trades on; it may be removed since.
    model_id: Option<String>,
    /// Instruments, in the strategy's order.
    symbols: Vec<String>,
    /// The bars it decides on.
    interval: String,
    /// All parameters with their values.
    params: std::collections::BTreeMap<String, String>,
    /// `queued`, `running`, `done`, `failed`, `cancelled` or `crashed`.
    status: String,
    /// How far it is, 0 to 100 percent.
    progress: f64,
    /// Why it failed.
    error: Option<String>,
    /// The job that carries it out.
    job: Option<String>,
    /// First moment of the data that count; absent while not known.
    from: Option<Moment>,
    /// First moment that no longer counts; absent while not known.
    to: Option<Moment>,
    /// What it gave, once it is done.
    result: Option<ResultBody>,
    /// The hash over all decisions: equal runs have equal ones.
    result_hash: Option<String>,
    /// The stored run, as `tradewind backtest show` names it.
    run: Option<String>,
    /// When it was asked for.
    created_at: Moment,
    /// When it ended.
    finished_at: Option<Moment>,
}

impl BacktestBody {
    /// A record, and its job as long as the record does not know the end.
    fn of(row: Backtest, job: Option<Job>) -> Self {
        let spec: Option<BacktestSpec> = serde_json::from_str(&row.request).ok();
        let params: Vec<(String, String)> = serde_json::from_str(&row.params).unwrap_or_default();
        let known = |at: Ts| (at.0 != 0).then(|| Moment(at.time()));
        let mut body = Self {
            id: row.id.to_string(),
            name: row.name,
            strategy: row.strategy,
            model_id: row.model_id.map(|id| id.to_string()),
            symbols: spec
                .map_or_else(|| vec![format!("{}:{}", row.exchange, row.symbol)], |spec| spec.on.symbols),
            interval: row.bar_interval,
            params: params.into_iter().collect(),
            status: row.status.word().to_owned(),
            progress: if row.status == JobStatus::Done { 100.0 } else { 0.0 },
            error: row.error,
            job: row.job_id.map(|id| id.to_string()),
            from: known(row.starts_at),
            to: known(row.ends_at),
            result: serde_json::from_str(&row.metrics).ok(),
            result_hash: row.result_hash,
            run: row.run,
            created_at: Moment(row.created_at.time()),
            finished_at: row.finished_at.map(|at| Moment(at.time())),
        };
        if let Some(job) = job {
            body.progress = percent(job.progress);
            if job.status != JobStatus::Done {
                body.status = job.status.word().to_owned();
                body.error = body.error.or(job.error);
                body.finished_at = body.finished_at.or(job.finished_at.map(|at| Moment(at.time())));
            }
        }
        body
    }
}

async fn body(app: &App, owner: Owner, row: Backtest) -> Result<BacktestBody, Problem> {
    let job = if is_over(row.status) { None } else { behind(app, owner, row.job_id).await? };
    Ok(BacktestBody::of(row, job))
}

/// One of a user's back-tests.
async fn mine(app: &App, owner: Owner, id: &str) -> Result<Backtest, Problem> {
    let id: BacktestId = id_of(id, "back-test")?;
    research::backtest(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))
}

/// One's own back-tests, newest first.
#[utoipa::path(get, path = "/api/backtests", tag = "research", operation_id = "listBacktests", params(Paged),
    responses((status = 200, body = Vec<BacktestBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(page): Query<Paged>,
) -> Result<Json<Vec<BacktestBody>>, Problem> {
    let (before, limit) = page.read()?;
    let found = research::backtests(&mut app.store.read(), who.owner(), before, limit).await;
    let mut bodies = Vec::new();
    for row in found.map_err(|e| from_store(&e))? {
        bodies.push(body(&app, who.owner(), row).await?);
    }
    Ok(Json(bodies))
}

/// Runs a back-test as a job; `GET /api/backtests/{backtest_id}` tells how far it is and what it gave.
#[utoipa::path(post, path = "/api/backtests", tag = "research", operation_id = "runBacktest", request_body = NewBacktestBody,
    responses((status = 202, body = BacktestBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn run(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(new): Json<NewBacktestBody>,
) -> Result<(StatusCode, Json<BacktestBody>), Problem> {
    let owner = who.owner();
    let model = match &new.model_id {
        Some(id) => Some(usable(&app, owner, id).await?),
        None => None,
    };
    let spec = new.spec(&app, model.as_ref())?;
    room_for_one(&app, owner).await?;
    let checked = app.research.check(spec.clone()).await.map_err(|e| from_port(&e))?;
    let (id, now) = (BacktestId::new(), Ts::now());
    let job = job_for(owner, BACKTEST_JOB, id.to_string(), now)?;
    let row = Backtest {
        id,
        user_id: who.user,
        model_id: model.map(|model| model.id),
        sweep_id: None,
        strategy: spec.strategy.clone(),
        exchange: checked.exchange,
        symbol: checked.symbol,
        bar_interval: checked.interval,
        params: serde_json::to_string(&checked.params).map_err(|e| Problem::internal(&e))?,
        status: JobStatus::Queued,
        error: None,
        job_id: Some(job.id),
        starts_at: Ts(0),
        ends_at: Ts(0),
        metrics: "{}".to_owned(),
        result_hash: None,
        created_at: now,
        finished_at: None,
        name: spec.name.clone(),
        request: serde_json::to_string(&spec).map_err(|e| Problem::internal(&e))?,
        run: None,
    };
    let detail = serde_json::json!({ "strategy": row.strategy, "symbols": spec.on.symbols });
    let (note, kept, work) = (who.note("backtest.run", id, &detail), row.clone(), job.clone());
    let queued = app.store.write(move |tx| {
        Box::pin(async move {
            research::put_backtest(tx, &kept).await?;
            queue::enqueue(tx, &work).await?;
            audit::append(tx, note, now).await
        })
    });
    queued.await.map_err(|e: StoreError| from_store(&e))?;
    app.queue.notify();
    Ok((StatusCode::ACCEPTED, Json(BacktestBody::of(row, Some(job)))))
}

/// One of one's own back-tests.
#[utoipa::path(get, path = "/api/backtests/{backtest_id}", tag = "research", operation_id = "getBacktest",
    params(("backtest_id" = String, Path, description = "the back-test's id")),
    responses((status = 200, body = BacktestBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<BacktestBody>, Problem> {
    let row = mine(&app, who.owner(), &id).await?;
    body(&app, who.owner(), row).await.map(Json)
}

/// Takes a back-test that is over off one's list. That it was tried stays on record: it counts when results are judged.
#[utoipa::path(delete, path = "/api/backtests/{backtest_id}", tag = "research", operation_id = "deleteBacktest",
    params(("backtest_id" = String, Path, description = "the back-test's id")),
    responses((status = 204, description = "removed"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let owner = who.owner();
    let row = mine(&app, owner, &id).await?;
    let job = if is_over(row.status) { None } else { behind(&app, owner, row.job_id).await? };
    if job.is_some_and(|job| !is_over(job.status)) {
        return Err(Problem::conflict("not_over", "it waits or runs; cancel its job first"));
    }
    let (id, note) = (row.id, who.note("backtest.delete", row.id, &serde_json::json!({})));
    let removed = app.store.write(move |tx| {
        Box::pin(async move {
            research::remove_backtest(tx, owner, id).await?;
            audit::append(tx, note, Ts::now()).await
        })
    });
    removed.await.map_err(|e: StoreError| from_store(&e))?;
    Ok(StatusCode::NO_CONTENT)
}
