//! [`Queue`]: where jobs are put, looked at and cancelled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::jobs::{self, Job, JobStatus};
use store::{JobId, Owner, Store, StoreError, Ts};
use tokio::sync::{Notify, watch};

use crate::task::{Ending, Task};

/// The queue. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Queue {
    store: Store,
    /// Wakes this process's workers at once; those of other processes look by themselves.
    wake: Arc<Notify>,
    /// What this process's workers have in hand; held for look-ups only, never across an await.
    in_hand: Arc<Mutex<BTreeMap<JobId, InHand>>>,
}

/// A job that a worker of this process has: it need not wait for the next renewal to hear or to tell something.
pub(crate) struct InHand {
    pub(crate) task: Task,
    pub(crate) ending: watch::Sender<Option<Ending>>,
}

impl Queue {
    /// The queue of a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, wake: Arc::new(Notify::new()), in_hand: Arc::default() }
    }

    /// Puts a job into the queue.
    ///
    /// # Errors
    /// Failures of the database.
    pub async fn submit(&self, job: Job) -> Result<JobId, StoreError> {
        let id = job.id;
        self.store.write(move |tx| Box::pin(async move { jobs::enqueue(tx, &job).await })).await?;
        self.notify();
        Ok(id)
    }

    /// Wakes the workers, for a job that was put into the queue in a transaction of the caller's.
    pub fn notify(&self) {
        self.wake.notify_waiters();
    }

    /// One of a user's jobs, its progress as it is this moment if a worker of this process has it.
    ///
    /// # Errors
    /// `Absent` if it is not the owner's, and failures of the database.
    pub async fn job(&self, owner: Owner, id: JobId) -> Result<Job, StoreError> {
        let job = jobs::by_id(&mut self.store.read(), owner, id).await?;
        Ok(self.as_it_is(job))
    }

    /// A job that was read, its progress as it is this moment if a worker of this process has it.
    #[must_use]
    pub fn as_it_is(&self, mut job: Job) -> Job {
        if let Some(current) = self.in_hand().get(&job.id).map(|held| held.task.current())
            && job.status == JobStatus::Running
        {
            (job.progress, job.progress_note) = (current.done, current.note);
        }
        job
    }

    /// Asks one of a user's jobs to end; gives its status afterwards. A worker of this process hears it at once, one of another
    /// process with its next renewal.
    ///
    /// # Errors
    /// `Absent` if it is not the owner's, and failures of the database.
    pub async fn cancel(&self, owner: Owner, id: JobId) -> Result<JobStatus, StoreError> {
        let status: Result<JobStatus, StoreError> =
            self.store.write(move |tx| Box::pin(jobs::cancel(tx, owner, id, Ts::now()))).await;
        let status = status?;
        if status == JobStatus::Running
            && let Some(held) = self.in_hand().get(&id)
        {
            held.ending
                .send_if_modified(|ending| ending.is_none() && ending.replace(Ending::Cancelled).is_none());
        }
        Ok(status)
    }

    pub(crate) fn in_hand(&self) -> MutexGuard<'_, BTreeMap<JobId, InHand>> {
        // A panic while it was held leaves it whole: every change is one insertion or removal.
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn wake(&self) -> &Notify {
        &self.wake
    }
}
