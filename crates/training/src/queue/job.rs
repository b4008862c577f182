//! A job and its states.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::request::{Request, RequestError};

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waits for a thread.
    Queued,
    /// Trains.
    Running,
    /// Its model is in the registry.
    Done,
    /// It could not be trained.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// It did not end within its time limit.
    TimedOut,
    /// The program ended while it trained.
    Interrupted,
}

impl JobState {
    /// True if nothing more will happen to it by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// One training in the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What is trained.
    pub request: Request,
    /// Where it is.
    pub state: JobState,
    /// When it was submitted, ms since 1970.
    pub created_ms: i64,
    /// When it started.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// What is being done.
    pub stage: String,
    /// Part of that stage, 0 to 1.
    pub share: f64,
    /// Last loss.
    pub loss: Option<f64>,
    /// Seconds until the stage ends.
    pub remaining_s: Option<f64>,
    /// Why it failed.
    pub error: Option<String>,
    /// The model it made: `id@version`.
    pub model: Option<String>,
}

/// Why the queue says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Too many wait.
    #[error("{0} trainings wait already; wait for one to start, or cancel one")]
    Full(usize),
    /// No such job.
    #[error("there is no job {0}")]
    Unknown(u64),
    /// Not possible in this state.
    #[error("job {0} is {1:?}")]
    Finished(u64, JobState),
    /// The disk or the system.
    #[error("the queue cannot be opened: {0}")]
    Disk(String),
}

/// Milliseconds since 1970, by the machine's clock.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Job {
    pub(super) fn new(id: u64, request: Request) -> Self {
        Self {
            id,
            request,
            state: JobState::Queued,
            created_ms: now_ms(),
            started_ms: None,
            ended_ms: None,
            stage: "waiting".into(),
            share: 0.0,
            loss: None,
            remaining_s: None,
            error: None,
            model: None,
        }
    }

    pub(super) fn finish(&mut self, state: JobState, error: Option<String>) {
        self.state = state;
        self.ended_ms = Some(now_ms());
        self.remaining_s = None;
        self.error = error;
    }
}
