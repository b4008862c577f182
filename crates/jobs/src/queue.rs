//! [`Queue`]: where jobs are put, looked at and cancelled.

use std::sync::Arc;

use store::jobs::{self, Job, JobStatus};
use store::{JobId, Owner, Store, StoreError, Ts};
use tokio::sync::Notify;

/// The queue. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Queue {
    store: Store,
    /// Wakes this process's workers at once; those of other processes look by themselves.
    wake: Arc<Notify>,
}

impl Queue {
    /// The queue of a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, wake: Arc::new(Notify::new()) }
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

    /// One of a user's jobs.
    ///
    /// # Errors
    /// `Absent` if it is not the owner's, and failures of the database.
    pub async fn job(&self, owner: Owner, id: JobId) -> Result<Job, StoreError> {
        jobs::by_id(&mut self.store.read(), owner, id).await
    }

    /// Asks one of a user's jobs to end; gives its status afterwards.
    ///
    /// # Errors
    /// `Absent` if it is not the owner's, and failures of the database.
    pub async fn cancel(&self, owner: Owner, id: JobId) -> Result<JobStatus, StoreError> {
        self.store.write(move |tx| Box::pin(jobs::cancel(tx, owner, id, Ts::now()))).await
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn wake(&self) -> &Notify {
        &self.wake
    }
}
