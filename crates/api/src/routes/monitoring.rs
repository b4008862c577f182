//! The database for those who look after it: administrators, and with `monitoring.loopback` programs on this machine.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use store::statistics::{self, Report};
use utoipa::ToSchema;

use crate::Problem;
use crate::app::App;
use crate::auth::principal::from_store;
use crate::routes::performance::Operator;
use crate::wire::{Json, Moment};

/// How much is in the database.
#[derive(Serialize, ToSchema)]
#[schema(as = DatabaseCounts)]
pub(crate) struct CountsBody {
    /// Users.
    users: u64,
    /// Models.
    models: u64,
    /// Forecasts.
    predictions: u64,
    /// Bots.
    bots: u64,
    /// Bots that run.
    active_bots: u64,
    /// Orders that can still fill.
    live_orders: u64,
    /// Open positions.
    open_positions: u64,
    /// Jobs that wait.
    jobs_waiting: u64,
}

/// A pool of connections.
#[derive(Serialize, ToSchema)]
#[schema(as = DatabasePool)]
pub(crate) struct PoolBody {
    /// Which.
    pool: String,
    /// Open connections.
    total: u32,
    /// Of them unused.
    idle: u32,
    /// Of them in use.
    active: u32,
    /// Callers that wait for one.
    waiting: usize,
    /// Most connections it may open.
    max: u32,
    /// Whether callers are let to it: `closed` (they are), `open` (the database did not answer; nobody is for a minute), `half_open`.
    breaker: String,
}

/// An index with much empty space.
#[derive(Serialize, ToSchema)]
#[schema(as = IndexBloat)]
pub(crate) struct BloatBody {
    /// Which.
    name: String,
    /// Its size in bytes.
    bytes: i64,
    /// What its content needs, estimated, in bytes.
    needed: i64,
}

/// A table.
#[derive(Serialize, ToSchema)]
#[schema(as = DatabaseTable)]
pub(crate) struct TableBody {
    /// Which.
    name: String,
    /// Rows, estimated on PostgreSQL.
    rows: i64,
    /// Rows that were removed or changed and not cleared away yet; 0 on SQLite.
    dead_rows: i64,
    /// Its size with indexes in bytes; 0 on SQLite, which keeps one file.
    bytes: i64,
    /// The last vacuum.
    last_vacuum: Option<Moment>,
    /// The last analyze.
    last_analyze: Option<Moment>,
}

/// When a piece of maintenance last ran.
#[derive(Serialize, ToSchema)]
#[schema(as = MaintenanceRun)]
pub(crate) struct MaintenanceBody {
    /// Which.
    task: String,
    /// When it began.
    started_at: Moment,
    /// When it ended; absent while it runs.
    finished_at: Option<Moment>,
    /// What was done, or why it failed.
    outcome: String,
}

/// A statement that was slow at least once.
#[derive(Serialize, ToSchema)]
#[schema(as = SlowStatement)]
pub(crate) struct SlowBody {
    /// Its text, values masked, cut.
    sql: String,
    /// How often it was slow.
    count: u64,
    /// The longest, in milliseconds.
    longest_ms: u64,
    /// All slow ones together, in milliseconds.
    total_ms: u64,
}

/// Everything about the database.
#[derive(Serialize, ToSchema)]
#[schema(as = DatabaseReport)]
pub(crate) struct ReportBody {
    /// `sqlite` or `postgres`.
    engine: String,
    /// Its size in bytes.
    bytes: i64,
    /// How much is in it.
    counts: CountsBody,
    /// The pools now.
    pools: Vec<PoolBody>,
    /// Indexes that should be there and are not, or are not valid.
    indexes_missing: Vec<String>,
    /// Indexes that were never used since the statistics began; empty on SQLite, which does not count.
    indexes_unused: Vec<String>,
    /// Indexes much larger than their content needs.
    indexes_bloated: Vec<BloatBody>,
    /// The tables.
    tables: Vec<TableBody>,
    /// When maintenance last ran.
    maintenance: Vec<MaintenanceBody>,
    /// The slow statements since the start, the costliest first.
    slow: Vec<SlowBody>,
    /// How many statements were slow since the start.
    slow_total: u64,
}

impl ReportBody {
    fn of(report: Report) -> Self {
        let counts = report.counts;
        let moment = |at: store::Ts| Moment(at.time());
        Self {
            engine: report.engine.to_owned(),
            bytes: report.bytes,
            counts: CountsBody {
                users: counts.users,
                models: counts.models,
                predictions: counts.predictions,
                bots: counts.bots,
                active_bots: counts.active_bots,
                live_orders: counts.live_orders,
                open_positions: counts.open_positions,
                jobs_waiting: counts.jobs_waiting,
            },
            pools: report.pools.iter().map(pool).collect(),
            indexes_missing: report.indexes.missing,
            indexes_unused: report.indexes.unused,
            indexes_bloated: report
                .indexes
                .bloated
                .into_iter()
                .map(|bloat| BloatBody { name: bloat.name, bytes: bloat.bytes, needed: bloat.needed })
                .collect(),
            tables: report
                .tables
                .into_iter()
                .map(|table| TableBody {
                    name: table.name,
                    rows: table.rows,
                    dead_rows: table.dead_rows,
                    bytes: table.bytes,
                    last_vacuum: table.last_vacuum.map(moment),
                    last_analyze: table.last_analyze.map(moment),
                })
                .collect(),
            maintenance: report
                .maintenance
                .into_iter()
                .map(|run| MaintenanceBody {
                    task: run.task.word().to_owned(),
                    started_at: moment(run.started_at),
                    finished_at: run.finished_at.map(moment),
                    outcome: run.outcome,
                })
                .collect(),
            slow: report
                .slow
                .into_iter()
                .map(|slow| SlowBody {
                    sql: slow.sql,
                    count: slow.count,
                    longest_ms: slow.longest_ms,
                    total_ms: slow.total_ms,
                })
                .collect(),
            slow_total: report.slow_total,
        }
    }
}

fn pool(sample: &store::PoolSample) -> PoolBody {
    PoolBody {
        pool: sample.pool.to_owned(),
        total: sample.total,
        idle: sample.idle,
        active: sample.active,
        waiting: sample.waiting,
        max: sample.max,
        breaker: sample.breaker.to_owned(),
    }
}

/// The database: size, pools, indexes, tables, maintenance, slow statements.
#[utoipa::path(get, path = "/api/monitoring/database", tag = "operations", operation_id = "getDatabaseReport",
    responses((status = 200, body = ReportBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn database(State(app): State<Arc<App>>, _: Operator) -> Result<Json<ReportBody>, Problem> {
    let report = statistics::report(&app.store).await.map_err(|e| from_store(&e))?;
    Ok(Json(ReportBody::of(report)))
}
