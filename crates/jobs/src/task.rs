//! [`Task`]: a job in the hands of its worker.

use std::sync::{Arc, Mutex, PoisonError};

use store::jobs::Job;
use tokio::sync::watch;

/// Why a task must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Somebody wants it to: answer with [`Outcome::Cancelled`].
    Cancelled,
    /// The workers stop: answer with [`Outcome::Stopped`], and the job goes back to the queue.
    Stopping,
    /// The lease is lost: whatever it answers does not count.
    Lost,
}

/// How work on a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well, with a result (JSON).
    Done(String),
    /// With an error, for people.
    Failed(String),
    /// Because somebody wanted it to.
    Cancelled,
    /// Because the workers stop; the job goes back to the queue.
    Stopped,
}

/// How far a task is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Hundredths of a percent.
    pub(crate) done: i64,
    pub(crate) note: String,
}

/// A job in the hands of its worker. A clone speaks of the same job, also on another thread.
#[derive(Clone)]
pub struct Task {
    /// The job as it was taken.
    pub job: Job,
    /// Written by the work, read at each renewal; never held across an await.
    progress: Arc<Mutex<Progress>>,
    ending: watch::Receiver<Option<Ending>>,
}

impl Task {
    pub(crate) fn new(job: Job, ending: watch::Receiver<Option<Ending>>) -> Self {
        let progress = Progress { done: job.progress, note: job.progress_note.clone() };
        Self { job, progress: Arc::new(Mutex::new(progress)), ending }
    }

    /// Tells how far it is: `done` of `all` steps, and what it is doing. Cheap: written with the next renewal.
    pub fn progress(&self, done: u64, all: u64, note: &str) {
        let share = u128::from(done.min(all)) * 10_000 / u128::from(all.max(1));
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.done = i64::try_from(share).unwrap_or(10_000);
        note.clone_into(&mut progress.note);
    }

    /// Why it must end now; `None` while it may go on.
    #[must_use]
    pub fn must_end(&self) -> Option<Ending> {
        *self.ending.borrow()
    }

    /// Resolves when it must end.
    pub async fn end(&mut self) -> Ending {
        match self.ending.wait_for(Option::is_some).await {
            Ok(ending) => ending.unwrap_or(Ending::Stopping),
            // The worker is gone.
            Err(_) => Ending::Lost,
        }
    }

    pub(crate) fn current(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
