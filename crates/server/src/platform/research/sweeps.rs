//! The worker of sweeps.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::research::{SWEEP_JOB, SweepSpec};
use backtest::sweep::{Progress, SweepOutcome};
use futures_util::future::BoxFuture;
use jobs::{Ending, Outcome, Task, Work};
use store::jobs::JobStatus;
use store::research::{self, Sweep, Trial};
use store::{Owner, Store, StoreError, SweepId, TrialId, Ts};

use super::Laboratory;
use super::backtests::subject;
use crate::commands::sweep::describe;
use crate::commands::sweep::run::Conducted;
use crate::failure::{Exit, Failure};

/// How often the progress is told and the wish to end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Trials that are noted in the database; all of them are in the kept search.
const TRIALS_MAX: usize = 10_000;
/// Trials noted in one transaction.
const TRIALS_AT_ONCE: usize = 500;

/// Carries out sweeps.
pub(super) struct SweepWork {
    laboratory: Laboratory,
    store: Store,
}

impl SweepWork {
    pub(super) const fn new(laboratory: Laboratory, store: Store) -> Self {
        Self { laboratory, store }
    }
}

impl Work for SweepWork {
    fn kind(&self) -> &'static str {
        SWEEP_JOB
    }

    fn run(&self, task: Task) -> BoxFuture<'static, Outcome> {
        let (laboratory, store) = (self.laboratory.clone(), self.store.clone());
        Box::pin(async move {
            match carry_out(laboratory, &store, task).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::error!(%error, "a sweep cannot be read or written");
                    Outcome::Failed("the database could not be used; run it again".to_owned())
                }
            }
        })
    }
}

async fn carry_out(laboratory: Laboratory, store: &Store, task: Task) -> Result<Outcome, StoreError> {
    let Some((owner, id)) = subject::<SweepId>(&task) else {
        return Ok(Outcome::Failed("the job does not say what to run".to_owned()));
    };
    let mut row = research::sweep(&mut store.read(), owner, id).await?;
    row.status = JobStatus::Running;
    put(store, &row).await?;
    let (request, progress) = (row.request.clone(), Arc::<Progress>::default());
    let shared = Arc::clone(&progress);
    let mut work = tokio::task::spawn_blocking(move || conduct(&laboratory, &request, &shared));
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let conducted = loop {
        tokio::select! {
            ended = &mut work => break ended,
            _ = ticks.tick() => {
                let counted = |n: &std::sync::atomic::AtomicUsize| n.load(Ordering::Relaxed) as u64;
                task.progress(counted(&progress.done), counted(&progress.total).max(1), "trying");
                if task.must_end().is_some() {
                    progress.stop.store(true, Ordering::Relaxed);
                }
            }
        }
    };
    let conducted = conducted.unwrap_or_else(|error| {
        tracing::error!(%error, "a sweep panicked");
        Err(Failure::new(Exit::Failed, "a bug in this program ended the sweep"))
    });
    row.finished_at = Some(Ts::now());
    let outcome = match (conducted, task.must_end()) {
        (Ok(Conducted { sweep, interrupted: false, .. }), _) => {
            note_trials(store, owner, id, &sweep).await?;
            row.status = JobStatus::Done;
            row.kept = Some(sweep.id.clone());
            row.result = Some(describe::to_json(&sweep).to_string());
            Outcome::Done(serde_json::json!({ "kept": sweep.id }).to_string())
        }
        (_, Some(Ending::Cancelled)) => {
            row.status = JobStatus::Cancelled;
            Outcome::Cancelled
        }
        (_, Some(Ending::Stopping | Ending::Lost)) => {
            row.status = JobStatus::Queued;
            row.finished_at = None;
            Outcome::Stopped
        }
        (result, None) => {
            let why = result.err().map_or_else(|| "the sweep was interrupted".to_owned(), |e| e.in_a_line());
            row.status = JobStatus::Failed;
            row.error = Some(why.clone());
            Outcome::Failed(why)
        }
    };
    if task.must_end() != Some(Ending::Lost) {
        put(store, &row).await?;
    }
    Ok(outcome)
}

async fn put(store: &Store, row: &Sweep) -> Result<(), StoreError> {
    let row = row.clone();
    store.write(move |tx| Box::pin(async move { research::put_sweep(tx, &row).await })).await
}

fn conduct(laboratory: &Laboratory, request: &str, progress: &Progress) -> Result<Conducted, Failure> {
    let spec: SweepSpec = serde_json::from_str(request)
        .map_err(|error| Failure::new(Exit::Failed, "what was asked for cannot be read").because(error))?;
    let search = laboratory.search(&spec)?;
    search.conduct(&laboratory.config, progress, |work| {
        work();
        progress.is_stopped()
    })
}

/// The trials over the whole time, in the order in which they were made.
async fn note_trials(
    store: &Store,
    owner: Owner,
    id: SweepId,
    sweep: &SweepOutcome,
) -> Result<(), StoreError> {
    let now = Ts::now();
    let trial = |(n, row): (usize, &backtest::sweep::outcome::Row)| {
        let of = |axis: &(String, Vec<String>), at: &usize| Some((axis.0.clone(), axis.1.get(*at)?.clone()));
        let params: std::collections::BTreeMap<String, String> =
            sweep.axes.iter().zip(&row.point).filter_map(|(axis, at)| of(axis, at)).collect();
        let metrics = serde_json::json!({
            "sharpe": row.sharpe, "total_return": row.total_return, "max_drawdown": row.max_drawdown,
            "trades": row.trades, "final_equity": row.final_equity,
        });
        Trial {
            id: TrialId::new(),
            sweep_id: id,
            user_id: owner.user(),
            number: i64::try_from(n + 1).unwrap_or(i64::MAX),
            params: serde_json::to_string(&params).unwrap_or_default(),
            metrics: metrics.to_string(),
            score: row.value.is_finite().then_some(row.value),
            created_at: now,
        }
    };
    let trials: Vec<Trial> = sweep.trials.iter().take(TRIALS_MAX).enumerate().map(trial).collect();
    for part in trials.chunks(TRIALS_AT_ONCE) {
        let part = part.to_vec();
        let noted = store.write(move |tx| {
            Box::pin(async move {
                for trial in &part {
                    research::append_trial(tx, trial).await?;
                }
                Ok::<(), StoreError>(())
            })
        });
        noted.await?;
    }
    Ok(())
}
