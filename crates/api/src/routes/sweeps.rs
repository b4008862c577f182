//! Sweeps of the one who asks: many parameter sets of a strategy on the same data, as a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::jobs::{self as queue, Job, JobStatus};
use store::research::{self, Sweep};
use store::{Owner, StoreError, SweepId, Ts, audit};
use utoipa::ToSchema;

use super::accounts::name_of;
use super::backtests::request::ConditionsBody;
use super::jobs::{behind, is_over, job_for, percent, room_for_one};
use super::markets::from_port;
use super::paged::Paged;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Trader, Viewer, from_store};
use crate::research::{Guards, SWEEP_JOB, SweepSpec, Venue};
use crate::wire::{Decimal, Json, Moment, Query, Scalar, id_of};

/// A sweep to be run.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSweep)]
pub(crate) struct NewSweepBody {
    /// One's own name for the run of the choice, at most 40 characters.
    name: Option<String>,
    /// A strategy of `/api/strategies`.
    strategy: String,
    /// The instrument, like `BTCUSDT` or `binance:BTCUSDT`.
    symbol: String,
    /// Length of the bars to decide on; that of the data when absent.
    interval: Option<String>,
    /// First moment of the data that counts.
    #[schema(value_type = Option<String>)]
    from: Option<Moment>,
    /// First moment that no longer counts.
    #[schema(value_type = Option<String>)]
    to: Option<Moment>,
    /// `archive` or `exchange`; when absent the archive if it has the instrument, else the exchange.
    source: Option<String>,
    /// Parameters that stay; what is not given and does not vary has its default.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Scalar>)]
    params: BTreeMap<String, Scalar>,
    /// Values of each parameter that varies: `5..30:5`, `5..30` or `5,10,20`.
    grid: BTreeMap<String, String>,
    /// `grid` (all points, default), `random`, `halving` or `tpe`.
    method: Option<String>,
    /// How many points are tried; for every method but `grid`.
    #[schema(minimum = 1, maximum = 100_000)]
    trials: Option<u32>,
    /// Choose on the past and judge on the days after it, so many times.
    #[schema(minimum = 1, maximum = 100)]
    walk_forward: Option<u32>,
    /// `sharpe` (default), `return` or `return-over-drawdown`.
    objective: Option<String>,
    /// `plateau` (the middle of the best neighbourhood) or `peak` (the best point).
    pick: Option<String>,
    /// Start money in the quote asset; 100,000 when absent.
    cash: Option<Decimal>,
    /// What guards every position, whatever the strategy does; nothing when absent.
    #[serde(default)]
    bracket: Guards,
    /// How the simulated venue behaves.
    #[serde(default)]
    venue: Venue,
}

impl NewSweepBody {
    fn spec(self, app: &App) -> Result<SweepSpec, Problem> {
        let one_of = |name: &str, value: Option<String>, known: &[&str]| match value {
            Some(word) if !known.contains(&word.as_str()) => {
                Err(Problem::refused(name, format!("{name} is one of {}", known.join(", "))))
            }
            value => Ok(value),
        };
        let method = one_of("method", self.method, &["grid", "random", "halving", "tpe"])?;
        let method = method.unwrap_or_else(|| "grid".to_owned());
        match (method.as_str(), self.trials) {
            ("grid", Some(_)) => {
                return Err(Problem::refused("trials", "a grid is tried as a whole; leave trials out"));
            }
            ("grid", None) | (_, Some(1..=100_000)) => {}
            _ => return Err(Problem::refused("trials", "this method needs trials, 1 to 100000")),
        }
        if self.walk_forward.is_some_and(|n| !(1..=100).contains(&n)) {
            return Err(Problem::refused("walk_forward", "walk_forward is 1 to 100"));
        }
        let objective = one_of("objective", self.objective, &["sharpe", "return", "return-over-drawdown"])?;
        let pick = one_of("pick", self.pick, &["plateau", "peak"])?;
        let on = ConditionsBody {
            symbols: vec![self.symbol],
            interval: self.interval,
            from: self.from,
            to: self.to,
            source: self.source,
            params: self.params,
            cash: self.cash,
            bracket: self.bracket,
            venue: self.venue,
        };
        Ok(SweepSpec {
            name: self.name.as_deref().map(name_of).transpose()?.unwrap_or_default(),
            strategy: self.strategy,
            on: on.conditions(app)?,
            grid: self.grid,
            method,
            trials: self.trials,
            walk_forward: self.walk_forward,
            objective: objective.unwrap_or_else(|| "sharpe".to_owned()),
            pick,
        })
    }
}

/// A sweep.
#[derive(Serialize, ToSchema)]
#[schema(as = Sweep)]
pub(crate) struct SweepBody {
    /// Its id.
    id: String,
    /// The strategy.
    strategy: String,
    /// The instrument.
    symbol: String,
    /// The bars it decides on.
    interval: String,
    /// Values of each parameter that varies.
    grid: BTreeMap<String, String>,
    /// What is looked for.
    objective: String,
    /// `queued`, `running`, `done`, `failed`, `cancelled` or `crashed`.
    status: String,
    /// How far it is, 0 to 100 percent.
    progress: f64,
    /// Why it failed.
    error: Option<String>,
    /// The job that carries it out.
    job: Option<String>,
    /// Trials that are planned.
    trials_planned: i64,
    /// What was found, once it is done: the kept document, version 1 (trials, choice, folds, what all trials ever made say).
    #[schema(value_type = Option<Object>)]
    result: Option<serde_json::Value>,
    /// The kept search, as `tradewind sweep show` names it.
    kept: Option<String>,
    /// When it was asked for.
    created_at: Moment,
    /// When it ended.
    finished_at: Option<Moment>,
}

impl SweepBody {
    fn of(row: Sweep, job: Option<Job>) -> Self {
        let mut body = Self {
            id: row.id.to_string(),
            strategy: row.strategy,
            symbol: format!("{}:{}", row.exchange, row.symbol),
            interval: row.bar_interval,
            grid: serde_json::from_str(&row.space).unwrap_or_default(),
            objective: row.objective,
            status: row.status.word().to_owned(),
            progress: if row.status == JobStatus::Done { 100.0 } else { 0.0 },
            error: row.error,
            job: row.job_id.map(|id| id.to_string()),
            trials_planned: row.trials_planned,
            result: row.result.and_then(|text| serde_json::from_str(&text).ok()),
            kept: row.kept,
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

async fn body(app: &App, owner: Owner, row: Sweep) -> Result<SweepBody, Problem> {
    let job = if is_over(row.status) { None } else { behind(app, owner, row.job_id).await? };
    Ok(SweepBody::of(row, job))
}

/// One's own sweeps, newest first, without their results.
#[utoipa::path(get, path = "/api/sweeps", tag = "research", operation_id = "listSweeps", params(Paged),
    responses((status = 200, body = Vec<SweepBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(page): Query<Paged>,
) -> Result<Json<Vec<SweepBody>>, Problem> {
    let (before, limit) = page.read()?;
    let found = research::sweeps(&mut app.store.read(), who.owner(), before, limit).await;
    let mut bodies = Vec::new();
    for mut row in found.map_err(|e| from_store(&e))? {
        row.result = None;
        bodies.push(body(&app, who.owner(), row).await?);
    }
    Ok(Json(bodies))
}

/// Runs a sweep as a job. Every trial is recorded, and all trials ever made over the same days count when it is judged.
#[utoipa::path(post, path = "/api/sweeps", tag = "research", operation_id = "runSweep", request_body = NewSweepBody,
    responses((status = 202, body = SweepBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn run(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(new): Json<NewSweepBody>,
) -> Result<(StatusCode, Json<SweepBody>), Problem> {
    let owner = who.owner();
    let spec = new.spec(&app)?;
    room_for_one(&app, owner).await?;
    let checked = app.research.check_sweep(spec.clone()).await.map_err(|e| from_port(&e))?;
    let (id, now) = (SweepId::new(), Ts::now());
    let job = job_for(owner, SWEEP_JOB, id.to_string(), now)?;
    let row = Sweep {
        id,
        user_id: who.user,
        strategy: spec.strategy.clone(),
        exchange: checked.exchange,
        symbol: checked.symbol,
        bar_interval: checked.interval,
        space: serde_json::to_string(&spec.grid).map_err(|e| Problem::internal(&e))?,
        objective: spec.objective.clone(),
        status: JobStatus::Queued,
        error: None,
        job_id: Some(job.id),
        trials_planned: i64::try_from(checked.trials).unwrap_or(i64::MAX),
        created_at: now,
        finished_at: None,
        request: serde_json::to_string(&spec).map_err(|e| Problem::internal(&e))?,
        kept: None,
        result: None,
    };
    let detail =
        serde_json::json!({ "strategy": row.strategy, "symbols": spec.on.symbols, "grid": spec.grid });
    let (note, kept, work) = (who.note("sweep.run", id, &detail), row.clone(), job.clone());
    let queued = app.store.write(move |tx| {
        Box::pin(async move {
            research::put_sweep(tx, &kept).await?;
            queue::enqueue(tx, &work).await?;
            audit::append(tx, note, now).await
        })
    });
    queued.await.map_err(|e: StoreError| from_store(&e))?;
    app.queue.notify();
    Ok((StatusCode::ACCEPTED, Json(SweepBody::of(row, Some(job)))))
}

/// One of one's own sweeps with what it found.
#[utoipa::path(get, path = "/api/sweeps/{sweep_id}", tag = "research", operation_id = "getSweep",
    params(("sweep_id" = String, Path, description = "the sweep's id")),
    responses((status = 200, body = SweepBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<SweepBody>, Problem> {
    let id: SweepId = id_of(&id, "sweep")?;
    let row = research::sweep(&mut app.store.read(), who.owner(), id).await.map_err(|e| from_store(&e))?;
    body(&app, who.owner(), row).await.map(Json)
}
