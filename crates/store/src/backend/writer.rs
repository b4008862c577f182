//! SQLite's one writer: a task that owns the writing connection and lets waiting transactions share a commit.
//!
//! Each transaction runs in a savepoint of its own: one that fails leaves no trace, and the others of its group go on.
//! All of a group are answered after the commit, so what was answered is on the disk. Cost: one sync per group instead of
//! one per transaction.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::StoreError;
use crate::limits::{GROUP_MAX, GROUP_TIME_MAX, WRITES_WAITING_MAX};
use crate::observe::{self, Observe};
use crate::tx::Tx;

/// One waiting transaction, without its types.
trait Job: Send {
    /// Carries it out; true if it is to be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Answers it. `lost` is why the commit failed.
    fn answer(self: Box<Self>, lost: Option<&str>);
}

struct Pending<W, T, E> {
    work: Option<W>,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
    counter: Option<Arc<AtomicU64>>,
}

impl<W, T, E> Job for Pending<W, T, E>
where
    W: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            // Nobody waits any more: the request was given up before its turn.
            if self.answer.is_closed() {
                return false;
            }
            if let Some(work) = self.work.take() {
                self.result = Some(observe::under(self.counter.clone(), work(tx)).await);
            }
            matches!(self.result, Some(Ok(_)))
        })
    }

    fn answer(self: Box<Self>, lost: Option<&str>) {
        let result = match (self.result, lost) {
            (Some(Ok(_)), Some(why)) => Err(StoreError::Database(format!("the commit failed: {why}")).into()),
            (Some(result), _) => result,
            (None, Some(why)) => Err(StoreError::Database(why.to_owned()).into()),
            // Panicked, or nobody waits.
            (None, None) => return,
        };
        let _ = self.answer.send(result);
    }
}

/// The queue in front of the writer.
pub(crate) struct Writer {
    /// Locked for a clone only; empty once closed.
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task.
    pub(crate) fn start(connection: SqliteConnection, observe: Arc<Observe>) -> Self {
        let (queue, jobs) = mpsc::channel(WRITES_WAITING_MAX);
        let task = tokio::spawn(run(Tx::of_sqlite(connection, observe), jobs));
        Self { queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)) }
    }

    /// Carries out `work` as one transaction, durable when this returns.
    pub(crate) async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        W: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let gone = || StoreError::Unreachable("the store is closed".into());
        let queue = queue.ok_or_else(gone)?;
        let (answer, answered) = oneshot::channel();
        let job = Pending { work: Some(work), result: None, answer, counter: observe::counter() };
        queue.try_send(Box::new(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy("too many writes are waiting"),
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        drop(queue);
        answered.await.map_err(|_| StoreError::Database("the transaction was abandoned by a bug".into()))?
    }

    /// How many transactions wait.
    pub(crate) fn waiting(&self) -> usize {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Takes no more, finishes what waits, closes the connection.
    pub(crate) async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

async fn run(mut tx: Tx, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = jobs.recv().await {
        let mut group = Vec::new();
        let lost = match group_of(&mut tx, first, &mut jobs, &mut group).await {
            Ok(()) => None,
            Err(error) => {
                // Also after a failed commit: whatever is left of the transaction must not reach the next group.
                let _ = tx.control("ROLLBACK").await;
                tracing::error!(%error, transactions = group.len(), "a group of writes was lost");
                Some(error.to_string())
            }
        };
        for job in group {
            job.answer(lost.as_deref());
        }
    }
    tx.close().await;
}

/// One group: begin, each job in its savepoint, commit.
async fn group_of(
    tx: &mut Tx,
    first: Box<dyn Job>,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    group: &mut Vec<Box<dyn Job>>,
) -> Result<(), StoreError> {
    let started = Instant::now();
    group.push(first);
    tx.control("BEGIN IMMEDIATE").await?;
    let mut done = 0;
    while let Some(job) = group.get_mut(done) {
        tx.control("SAVEPOINT one").await?;
        let kept = AssertUnwindSafe(job.run(tx)).catch_unwind().await;
        if !matches!(kept, Ok(true)) {
            tx.control("ROLLBACK TO one").await?;
        }
        tx.control("RELEASE one").await?;
        done += 1;
        if group.len() < GROUP_MAX && started.elapsed() < GROUP_TIME_MAX {
            group.extend(jobs.try_recv().ok());
        }
    }
    tx.control("COMMIT").await?;
    tx.observe().transactions.fetch_add(group.len() as u64, Ordering::Relaxed);
    tx.observe().commits.fetch_add(1, Ordering::Relaxed);
    metrics::histogram!("db_group_commit_transactions").record(group.len() as f64);
    Ok(())
}
