//! The worker of back-tests.

use api::research::{BACKTEST_JOB, BacktestSpec};
use backtest::{Outcome as RunOutcome, RunError, cpu_seconds};
use futures_util::future::BoxFuture;
use jobs::{Ending, Outcome, Task, Work};
use serde_json::Value;
use store::jobs::JobStatus;
use store::research::{self, Backtest};
use store::{BacktestId, Owner, Store, StoreError, Ts};
use types::Time;

use super::Laboratory;
use crate::commands::backtest::run::{count, failed, now, unstored, warn_of_model};
use crate::commands::backtest::summary;
use crate::failure::{Exit, Failure};

/// Looks at the clock of the run between two looks at whether it must end.
const LOOK_EVERY: u32 = 256;

/// Carries out back-tests.
pub(super) struct Backtests {
    laboratory: Laboratory,
    store: Store,
}

/// How a run ended.
enum End {
    Done { run: String, summary: Value, outcome: Box<RunOutcome> },
    Failed(Failure),
    Ended(Ending),
}

impl Backtests {
    pub(super) const fn new(laboratory: Laboratory, store: Store) -> Self {
        Self { laboratory, store }
    }
}

impl Work for Backtests {
    fn kind(&self) -> &'static str {
        BACKTEST_JOB
    }

    fn run(&self, task: Task) -> BoxFuture<'static, Outcome> {
        let (laboratory, store) = (self.laboratory.clone(), self.store.clone());
        Box::pin(async move {
            match carry_out(laboratory, &store, task).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::error!(%error, "a back-test cannot be read or written");
                    Outcome::Failed("the database could not be used; run it again".to_owned())
                }
            }
        })
    }
}

/// The id of what a job carries out, and whose it is.
pub(in super::super) fn subject<T: std::str::FromStr>(task: &Task) -> Option<(Owner, T)> {
    let payload: Value = serde_json::from_str(&task.job.payload).ok()?;
    Some((Owner::of(task.job.user_id?), payload["subject"].as_str()?.parse().ok()?))
}

async fn carry_out(laboratory: Laboratory, store: &Store, task: Task) -> Result<Outcome, StoreError> {
    let Some((owner, id)) = subject::<BacktestId>(&task) else {
        return Ok(Outcome::Failed("the job does not say what to run".to_owned()));
    };
    let mut row = match research::backtest(&mut store.read(), owner, id).await {
        Ok(row) => row,
        Err(StoreError::Absent { .. }) => return Ok(Outcome::Failed("the back-test was removed".to_owned())),
        Err(error) => return Err(error),
    };
    row.status = JobStatus::Running;
    put(store, &row).await?;
    let (request, work) = (row.request.clone(), task.clone());
    let end = tokio::task::spawn_blocking(move || run(&laboratory, &request, &work)).await;
    let end = end.unwrap_or_else(|error| {
        tracing::error!(%error, "a back-test panicked");
        End::Failed(Failure::new(Exit::Failed, "a bug in this program ended the run"))
    });
    row.finished_at = Some(Ts::now());
    let outcome = match end {
        End::Done { run, summary, outcome } => {
            let mut points = outcome.equity.points();
            row.status = JobStatus::Done;
            row.starts_at = points.next().map_or(Ts(0), |point| point.at.into());
            row.ends_at = points.next_back().map_or(row.starts_at, |point| point.at.into());
            row.metrics = summary.to_string();
            row.result_hash = Some(format!("{:016x}", outcome.digest));
            row.run = Some(run);
            Outcome::Done(serde_json::json!({ "run": row.run }).to_string())
        }
        End::Failed(failure) => {
            row.status = JobStatus::Failed;
            row.error = Some(failure.in_a_line());
            Outcome::Failed(failure.in_a_line())
        }
        End::Ended(Ending::Cancelled) => {
            row.status = JobStatus::Cancelled;
            Outcome::Cancelled
        }
        // Somebody else takes it up, or has done so.
        End::Ended(Ending::Stopping | Ending::Lost) => {
            row.status = JobStatus::Queued;
            row.finished_at = None;
            Outcome::Stopped
        }
    };
    if task.must_end() != Some(Ending::Lost) {
        put(store, &row).await?;
    }
    Ok(outcome)
}

async fn put(store: &Store, row: &Backtest) -> Result<(), StoreError> {
    let row = row.clone();
    store.write(move |tx| Box::pin(async move { research::put_backtest(tx, &row).await })).await
}

/// Runs, stores, counts the trial. On a blocking thread.
fn run(laboratory: &Laboratory, request: &str, task: &Task) -> End {
    match try_run(laboratory, request, task) {
        Ok(end) => end,
        Err(failure) => End::Failed(failure),
    }
}

fn try_run(laboratory: &Laboratory, request: &str, task: &Task) -> Result<End, Failure> {
    let started = cpu_seconds();
    let spec: BacktestSpec = serde_json::from_str(request)
        .map_err(|error| Failure::new(Exit::Failed, "what was asked for cannot be read").because(error))?;
    let prepared = laboratory.prepare(&spec)?;
    let setup = prepared.plan.setup(prepared.recordings()?);
    let setup = setup.map_err(|e| Failure::new(Exit::Failed, "the run cannot be set up").because(e))?;
    let mut watch = watch(task, prepared.plan.spec().from, prepared.plan.spec().to);
    let mut outcome = match backtest::run(setup, &mut watch) {
        Ok(outcome) => outcome,
        Err(RunError::Cancelled) => return Ok(End::Ended(task.must_end().unwrap_or(Ending::Stopping))),
        Err(error) => return Err(failed(error)),
    };
    warn_of_model(&prepared, &mut outcome);
    outcome.cpu_seconds = cpu_seconds() - started;
    let run = laboratory.runs().save(&outcome, now()).map_err(unstored)?;
    let tried = count(&laboratory.config, &outcome, Some(&run))?;
    let summary = summary::to_json(&outcome, Some(&run), tried.as_ref());
    Ok(End::Done { run, summary, outcome: Box::new(outcome) })
}

/// Tells how far a run is, and ends it when it must.
fn watch(task: &Task, from: Option<Time>, to: Option<Time>) -> impl FnMut(Time) -> bool {
    let (task, mut first, mut calls) = (task.clone(), from, 0_u32);
    let last = to.unwrap_or_else(now);
    move |at| {
        calls = calls.wrapping_add(1);
        if !calls.is_multiple_of(LOOK_EVERY) {
            return true;
        }
        let first = *first.get_or_insert(at);
        let seconds = |span: i64| u64::try_from(span / 1_000_000_000).unwrap_or(0);
        task.progress(seconds(at.since(first)), seconds(last.since(first)).max(1), "playing the market");
        task.must_end().is_none()
    }
}
