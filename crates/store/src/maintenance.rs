//! What keeps a database quick and small, on a calendar and by command.
//!
//! | task | SQLite | PostgreSQL |
//! |---|---|---|
//! | checkpoint, incremental vacuum, analyze | every 6 h | analyze daily |
//! | vacuum | – | weekly |
//! | reindex (concurrently) | – | monthly |
//! | partitions of the coming months | – | daily |
//! | forecasts older than 7 days, ended logins | daily | daily |
//! | what bots were worth: 3 points an hour after 7 days, 3 a day after 400 | daily | daily |
//! | audit entries older than 30 days to the archive | daily | daily |
//!
//! Everything goes in small pieces beside the requests, each followed by a rest (`pace.rs`): no statement holds a lock that writers
//! wait long for. On SQLite the pieces go through the writer's queue like everybody's. When a task last ran is in the table
//! `maintenance`, so several instances do it once.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};

use crate::backend::{Backend, Engine};
use crate::catalog::tables;
use crate::error::StoreError;
use crate::indexes::INDEXES;
use crate::options::Class;
use crate::pace::{self, Pace};
use crate::record::words;
use crate::statement::{composed, sql};
use crate::store::Store;
use crate::tables::{audit, equity, models, sessions, trades};
use crate::tx::{Reader, Tx};
use crate::value::Ts;

words! {
    /// A piece of maintenance.
    pub enum Task {
        /// SQLite: writes the WAL back into the file.
        Checkpoint = "checkpoint",
        /// Gives unused space back.
        Vacuum = "vacuum",
        /// Renews the statistics that plans are made from.
        Analyze = "analyze",
        /// PostgreSQL: builds the indexes anew beside the old ones.
        Reindex = "reindex",
        /// PostgreSQL: makes the partitions of the coming months.
        Partitions = "partitions",
        /// Removes forecasts older than 7 days.
        Predictions = "predictions",
        /// Removes logins that ended 7 days ago.
        Sessions = "sessions",
        /// Moves audit entries older than 30 days to the archive.
        Audit = "audit",
        /// Thins out what bots were worth long ago.
        Equity = "equity",
    }
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Forecasts are kept so long (seconds).
const PREDICTIONS_KEPT: i64 = 7 * DAY;
/// Ended logins are kept so long (seconds).
const SESSIONS_KEPT: i64 = 7 * DAY;
/// Audit entries stay in the log so long (seconds).
const AUDIT_KEPT: i64 = 30 * DAY;
/// From this age on (seconds), what a bot was worth is kept as three points per span (seconds): last, lowest, highest.
const EQUITY_THINNED: [(i64, i64); 2] = [(7 * DAY, HOUR), (400 * DAY, DAY)];
/// Of a bot's points so long a time is looked at at once (seconds): about ten thousand points.
const EQUITY_WINDOW: i64 = 7 * DAY;
/// Months whose partitions are made ahead.
const MONTHS_AHEAD: i64 = 3;
/// Rows that one transaction removes or moves: at first, and at most.
const ROWS_AT_ONCE: (u32, u32) = (64, 2_000);
/// Pages that one step of the vacuum gives back: at first, and at most.
const PAGES_AT_ONCE: (u32, u32) = (16, 512);
/// Pages of one vacuum (a gigabyte); what is left waits for the next.
const PAGES_MAX: i64 = 256 * 1_024;
/// Entries of an index that ANALYZE of SQLite looks at: it holds the write lock meanwhile.
const SAMPLE_MAX: u32 = 400;
/// A task that was begun so long ago and has not ended died with its program (seconds).
const LOST_AFTER: i64 = 6 * HOUR;
/// How often the calendar is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Which.
    pub task: Task,
    /// What was done, in words.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Task {
    /// How often it is due on an engine, in seconds; `None` where there is nothing to do.
    #[must_use]
    pub const fn every(self, engine: Engine) -> Option<i64> {
        match (self, engine) {
            (Self::Checkpoint | Self::Vacuum | Self::Analyze, Engine::Sqlite) => Some(6 * HOUR),
            (Self::Checkpoint, Engine::Postgres) => None,
            (Self::Analyze, Engine::Postgres) => Some(DAY),
            (Self::Vacuum, Engine::Postgres) => Some(7 * DAY),
            (Self::Reindex, Engine::Postgres) => Some(30 * DAY),
            (Self::Partitions, Engine::Postgres) => Some(DAY),
            (Self::Reindex | Self::Partitions, Engine::Sqlite) => None,
            (Self::Predictions | Self::Sessions | Self::Audit | Self::Equity, _) => Some(DAY),
        }
    }
}

/// When a task last ran, and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastRun {
    /// Which.
    pub task: Task,
    /// When it began.
    pub started_at: Ts,
    /// When it ended; `None` while it runs.
    pub finished_at: Option<Ts>,
    /// What was done, or why it failed.
    pub outcome: String,
}

/// When each task last ran.
///
/// # Errors
/// Failures of the database.
pub async fn last_runs(reader: &mut Reader) -> Result<Vec<LastRun>, StoreError> {
    let text = "SELECT task, started_at, finished_at, outcome FROM maintenance ORDER BY task";
    let rows = reader.all(sql(text)).await?;
    rows.iter()
        .map(|row| {
            Ok(LastRun {
                task: row.parsed("task")?,
                started_at: row.get("started_at")?,
                finished_at: row.maybe("finished_at")?,
                outcome: row.get("outcome")?,
            })
        })
        .collect()
}

/// Carries out the tasks that are due by the calendar.
///
/// # Errors
/// The first failure; the tasks before it are done.
pub async fn run_due(store: &Store, now: Ts) -> Result<Vec<Done>, StoreError> {
    let mut done = Vec::new();
    for task in Task::ALL.iter().copied() {
        let Some(every) = task.every(store.engine()) else { continue };
        if claim(store, task, now, every).await? {
            done.push(carry_out(store, task, now).await?);
        }
    }
    Ok(done)
}

/// Carries out one task now, whatever the calendar says. Nothing to do on an engine that does not have it.
///
/// # Errors
/// Failures of the database; `Busy` while somebody else does it.
pub async fn run(store: &Store, task: Task, now: Ts) -> Result<Done, StoreError> {
    if task.every(store.engine()).is_none() {
        let outcome = format!("nothing to do on {}", store.engine().name());
        return Ok(Done { task, outcome, took_ms: 0 });
    }
    if !claim(store, task, now, 0).await? {
        return Err(StoreError::Busy("somebody else does it right now"));
    }
    carry_out(store, task, now).await
}

/// Looks at the calendar every ten minutes until the store is closed.
pub async fn keep(store: Store) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if store.is_closed() {
            return;
        }
        match run_due(&store, Ts::now()).await {
            Ok(done) => {
                for done in done {
                    tracing::info!(
                        task = done.task.word(),
                        ms = done.took_ms,
                        outcome = done.outcome,
                        "maintenance"
                    );
                }
            }
            Err(error) => tracing::warn!(%error, "maintenance failed; the calendar tries again"),
        }
    }
}

/// True if the task is ours to do: it did not begin within `every` seconds, and nobody is at it.
async fn claim(store: &Store, task: Task, now: Ts, every: i64) -> Result<bool, StoreError> {
    let text = "INSERT INTO maintenance (task, started_at, finished_at, outcome) VALUES ($1, $2, NULL, '') \
                ON CONFLICT (task) DO UPDATE SET started_at = excluded.started_at, finished_at = NULL \
                WHERE maintenance.started_at <= $3 \
                AND (maintenance.finished_at IS NOT NULL OR maintenance.started_at <= $4)";
    let statement = sql(text).bind(task).bind(now);
    let statement = statement.bind(now.plus_seconds(-every)).bind(now.plus_seconds(-LOST_AFTER));
    let claimed =
        store.write_as(Class::Maintenance, |tx| Box::pin(async move { tx.execute(statement).await }));
    let claimed: Result<u64, StoreError> = claimed.await;
    Ok(claimed? > 0)
}

async fn carry_out(store: &Store, task: Task, now: Ts) -> Result<Done, StoreError> {
    let started = Instant::now();
    let result = work(store, task, now).await;
    let took = started.elapsed();
    let outcome = match &result {
        Ok(outcome) => outcome.clone(),
        Err(error) => format!("failed: {error}"),
    };
    let ended = now.plus_seconds(i64::try_from(took.as_secs()).unwrap_or(0));
    let text = "UPDATE maintenance SET finished_at = $2, outcome = $3 WHERE task = $1";
    let statement = sql(text).bind(task).bind(ended).bind(outcome);
    let noted = store.write_as(Class::Maintenance, |tx| Box::pin(async move { tx.execute(statement).await }));
    let noted: Result<u64, StoreError> = noted.await;
    noted?;
    metrics::histogram!("db_maintenance_seconds", "task" => task.word()).record(took.as_secs_f64());
    Ok(Done { task, outcome: result?, took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) })
}

async fn work(store: &Store, task: Task, now: Ts) -> Result<String, StoreError> {
    match task {
        Task::Checkpoint => checkpoint(store).await,
        Task::Vacuum => vacuum(store).await,
        Task::Analyze => analyze(store).await,
        Task::Reindex => reindex(store).await,
        Task::Partitions => partitions(store, now).await,
        Task::Equity => thin_equity(store, now).await,
        Task::Predictions => removed(store, Old::Predictions, now.plus_seconds(-PREDICTIONS_KEPT)).await,
        Task::Sessions => removed(store, Old::Sessions, now.plus_seconds(-SESSIONS_KEPT)).await,
        Task::Audit => removed(store, Old::Audit, now.plus_seconds(-AUDIT_KEPT)).await,
    }
}

/// What goes when it is old.
#[derive(Clone, Copy, Debug)]
enum Old {
    Predictions,
    Sessions,
    Audit,
}

impl Old {
    /// Removes rows from before a moment, at most so many; how many.
    async fn remove(self, tx: &mut Tx, before: Ts, rows: u32) -> Result<u64, StoreError> {
        match self {
            Self::Predictions => models::prune_predictions(tx, before, rows).await,
            Self::Sessions => sessions::prune(tx, before, rows).await,
            Self::Audit => audit::archive(tx, before, rows).await,
        }
    }

    const fn outcome(self) -> &'static str {
        match self {
            Self::Predictions => "forecasts removed",
            Self::Sessions => "logins removed",
            Self::Audit => "entries archived",
        }
    }
}

/// Repeats a small step until it finds nothing more.
async fn removed(store: &Store, what: Old, before: Ts) -> Result<String, StoreError> {
    let (mut pace, mut total) = (Pace::new(ROWS_AT_ONCE), 0);
    loop {
        let size = pace.size();
        let step = step(store, move |tx| Box::pin(what.remove(tx, before, size))).await?;
        total += step.done;
        if step.done < u64::from(size) {
            return Ok(format!("{total} {}", what.outcome()));
        }
        tokio::time::sleep(pace.rest_after(step.work)).await;
    }
}

/// What a step did, and how long it held its connection without its commit.
struct Step<T> {
    done: T,
    work: Duration,
}

/// One transaction of maintenance.
async fn step<T, W>(store: &Store, work: W) -> Result<Step<T>, StoreError>
where
    W: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    store
        .write_as(Class::Maintenance, move |tx| {
            Box::pin(async move {
                let began = Instant::now();
                let done = work(tx).await?;
                Ok(Step { done, work: began.elapsed() })
            })
        })
        .await
}

/// What bots were worth long ago, span by span; what is thin already is only looked at.
async fn thin_equity(store: &Store, now: Ts) -> Result<String, StoreError> {
    let mut total = 0;
    for (age, span) in EQUITY_THINNED {
        // Whole spans only: one that is still filling keeps all its points.
        let until = Ts(now.plus_seconds(-age).0.div_euclid(span * 1_000_000) * span * 1_000_000);
        for (bot, oldest) in equity::oldest_of_all(&mut store.read_as(Class::Maintenance), until).await? {
            let mut from = Ts(oldest.0.div_euclid(span * 1_000_000) * span * 1_000_000);
            while from < until {
                let to = from.plus_seconds(EQUITY_WINDOW).min(until);
                let mut reader = store.read_as(Class::Maintenance);
                let points = equity::between_extremes(&mut reader, bot, from, to, span).await?;
                for some in points.chunks(equity::at_once()).map(<[Ts]>::to_vec) {
                    let remove =
                        step(store, move |tx| Box::pin(async move { equity::remove(tx, bot, &some).await }));
                    let step = remove.await?;
                    total += step.done;
                    tokio::time::sleep(pace::rest_after(step.work)).await;
                }
                from = to;
            }
        }
    }
    Ok(format!("{total} points of bots' worth removed"))
}

/// Passive: waits for nobody. Then the file of the WAL is cut if nobody reads it just now.
async fn checkpoint(store: &Store) -> Result<String, StoreError> {
    let Backend::Sqlite(sqlite) = store.backend() else { return Ok(String::new()) };
    let mut connection = sqlite.maintenance().await?;
    connection.execute("PRAGMA busy_timeout = 20").await?;
    let row = connection.fetch_one("PRAGMA wal_checkpoint(PASSIVE)").await?;
    let (pages, moved): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    let cut = connection.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let cut = cut.is_ok_and(|row| row.try_get::<i64, _>(0).is_ok_and(|busy| busy == 0));
    connection.close().await?;
    Ok(format!("{moved} of {pages} pages written back{}", if cut { ", WAL cut" } else { "" }))
}

async fn vacuum(store: &Store) -> Result<String, StoreError> {
    match store.backend() {
        Backend::Sqlite(_) => {
            let (mut pace, mut given) = (Pace::new(PAGES_AT_ONCE), 0);
            loop {
                let size = pace.size();
                let step = step(store, move |tx| Box::pin(give_back(tx, size))).await?;
                let (pages, left) = step.done;
                given += pages;
                if left == 0 || pages == 0 || given >= PAGES_MAX {
                    return Ok(format!("{given} pages given back"));
                }
                tokio::time::sleep(pace.rest_after(step.work)).await;
            }
        }
        Backend::Postgres(_) => each_table(store, "VACUUM (ANALYZE)").await,
    }
}

async fn analyze(store: &Store) -> Result<String, StoreError> {
    match store.backend() {
        Backend::Sqlite(_) => {
            let tables = tables();
            let count = tables.len();
            for table in tables {
                let analyze = step(store, move |tx| Box::pin(analyze_table(tx, table.name))).await?;
                tokio::time::sleep(pace::rest_after(analyze.work)).await;
            }
            Ok(format!("{count} tables: statistics renewed"))
        }
        Backend::Postgres(_) => each_table(store, "ANALYZE").await,
    }
}

/// Gives free pages at the file's end back, at most so many: how many, and how many are left.
async fn give_back(tx: &mut Tx, pages: u32) -> Result<(i64, i64), StoreError> {
    let free = "PRAGMA freelist_count";
    let before: i64 = tx.one("count", sql(free)).await?.get("freelist_count")?;
    tx.all(composed(format!("PRAGMA incremental_vacuum({pages})"))).await?;
    let left: i64 = tx.one("count", sql(free)).await?.get("freelist_count")?;
    Ok((before - left, left))
}

/// A sample of each index is enough and keeps the write lock short.
async fn analyze_table(tx: &mut Tx, table: String) -> Result<(), StoreError> {
    tx.all(composed(format!("PRAGMA analysis_limit = {SAMPLE_MAX}"))).await?;
    tx.execute(composed(format!("ANALYZE {table}"))).await?;
    Ok(())
}

/// Long work of a session leaves room: vacuum and analyze pause as autovacuum does, and no second process builds an index.
async fn gently(connection: &mut PgConnection) -> Result<(), StoreError> {
    connection.execute("SET vacuum_cost_delay = '2ms'; SET max_parallel_maintenance_workers = 0").await?;
    Ok(())
}

async fn each_table(store: &Store, command: &str) -> Result<String, StoreError> {
    let Backend::Postgres(postgres) = store.backend() else { return Ok(String::new()) };
    let mut connection = postgres.pool(Class::Maintenance).acquire().await?;
    gently(&mut connection).await?;
    let tables = tables();
    for table in &tables {
        let text = AssertSqlSafe(format!("{command} {}", table.name));
        sqlx::query(text).persistent(false).execute(&mut *connection).await?;
    }
    Ok(format!("{} tables: {}", tables.len(), command.to_lowercase()))
}

async fn reindex(store: &Store) -> Result<String, StoreError> {
    let Backend::Postgres(postgres) = store.backend() else { return Ok(String::new()) };
    let mut connection = postgres.pool(Class::Maintenance).acquire().await?;
    gently(&mut connection).await?;
    for index in INDEXES {
        let text = AssertSqlSafe(format!("REINDEX INDEX CONCURRENTLY {}", index.name));
        sqlx::query(text).persistent(false).execute(&mut *connection).await?;
    }
    Ok(format!("{} indexes built anew", INDEXES.len()))
}

async fn partitions(store: &Store, now: Ts) -> Result<String, StoreError> {
    let moments: Vec<Ts> =
        (0..=MONTHS_AHEAD).map(|months| now.plus_seconds(months * 30 * DAY + DAY)).collect();
    let made = store.write_as(Class::Maintenance, move |tx| {
        Box::pin(async move { trades::make_partitions(tx, std::iter::once(now).chain(moments)).await })
    });
    let made: Result<Vec<String>, StoreError> = made.await;
    Ok(format!("there: {}", made?.join(", ")))
}
