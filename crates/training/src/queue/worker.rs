//! One thread of the queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use forecast::lstm::Flow;

use super::Shared;
use super::job::{Job, JobState, now_ms};
use crate::limits::PAUSE;
use crate::memory::memory;
use crate::registry::{Record, model_id};
use crate::run::{Control, Progress, RunError, run as carry_out};

/// Progress reports between two looks at the memory: a look costs as much as a small batch.
const LOOK_EVERY: u32 = 32;

/// Trains until the queue is closed.
pub(super) fn run(shared: &Arc<Shared>) {
    while let Some((job, cancel)) = next(shared) {
        let control = Steering {
            shared: Arc::clone(shared),
            id: job.id,
            cancel,
            deadline: Instant::now() + job.request.limit(),
            told: AtomicU32::new(0),
            late: AtomicBool::new(false),
        };
        // A bug in a kernel must not end the queue.
        let result = catch_unwind(AssertUnwindSafe(|| train(shared, &job, &control)));
        let (state, error, model) = match result {
            Ok(Ok(model)) => (JobState::Done, None, Some(model)),
            Ok(Err(_)) if control.cancel.load(Ordering::Acquire) => (JobState::Cancelled, None, None),
            Ok(Err(_)) if control.late.load(Ordering::Acquire) => {
                let why = format!(
                    "not done within {} s; allow more time, fewer passes, or a shorter history",
                    job.request.limit_s
                );
                (JobState::TimedOut, Some(why), None)
            }
            Ok(Err(why)) => (JobState::Failed, Some(why), None),
            Err(_) => (JobState::Failed, Some("a bug: the training panicked, see the log".into()), None),
        };
        finish(shared, job.id, state, error, model);
    }
}

/// The most urgent waiting job, marked running; `None` when the queue is closed.
fn next(shared: &Shared) -> Option<(Job, Arc<AtomicBool>)> {
    let mut table = shared.lock();
    loop {
        if table.closed {
            return None;
        }
        let waiting = table.jobs.values_mut().filter(|e| e.job.state == JobState::Queued);
        // Higher priority first, then the older one.
        if let Some(entry) = waiting.max_by_key(|e| (e.job.request.priority, std::cmp::Reverse(e.job.id))) {
            entry.job.state = JobState::Running;
            entry.job.started_ms = Some(now_ms());
            let taken = (entry.job.clone(), Arc::clone(&entry.cancel));
            drop(table);
            shared.save(&taken.0);
            shared.changed.notify_all();
            return Some(taken);
        }
        table = shared.changed.wait(table).unwrap_or_else(std::sync::PoisonError::into_inner);
    }
}

fn train(shared: &Shared, job: &Job, control: &Steering) -> Result<String, String> {
    let outcome =
        carry_out(&job.request, shared.source.as_ref(), control).map_err(|e: RunError| e.to_string())?;
    let id = model_id(outcome.model.algorithm().name(), &job.request);
    let record = Record::new(id, &job.request, &outcome, now_ms())
        .ok_or_else(|| "the model cannot be written down".to_owned())?;
    let stored = shared.registry.put(record).map_err(|e| e.to_string())?;
    Ok(format!("{}@{}", stored.id, stored.version))
}

fn finish(shared: &Shared, id: u64, state: JobState, error: Option<String>, model: Option<String>) {
    let job = {
        let mut table = shared.lock();
        // A closing queue interrupts what it cancels, so that it can be restarted.
        let closing = table.closed && state == JobState::Cancelled;
        let Some(entry) = table.jobs.get_mut(&id) else { return };
        entry.job.model = model;
        if closing {
            entry.job.finish(JobState::Interrupted, Some("the program ended while it trained".into()));
        } else {
            entry.job.finish(state, error);
        }
        entry.job.clone()
    };
    shared.save(&job);
    shared.changed.notify_all();
}

/// What a training asks at every batch.
struct Steering {
    shared: Arc<Shared>,
    id: u64,
    cancel: Arc<AtomicBool>,
    deadline: Instant,
    told: AtomicU32,
    late: AtomicBool,
}

impl Steering {
    fn must_end(&self) -> bool {
        if self.cancel.load(Ordering::Acquire) {
            return true;
        }
        let late = Instant::now() > self.deadline;
        if late {
            self.late.store(true, Ordering::Release);
        }
        late
    }

    /// Waits while memory is short; cancellation wakes it.
    fn pause_while_short(&self) {
        let mut noted = false;
        while memory().is_short() && !self.must_end() {
            if !noted {
                let now = memory();
                tracing::warn!(
                    job = self.id,
                    resident = now.resident,
                    used = now.used_share,
                    "training pauses: memory is short"
                );
                noted = true;
            }
            let table = self.shared.lock();
            drop(self.shared.changed.wait_timeout(table, PAUSE));
        }
    }
}

impl Control for Steering {
    fn tell(&self, progress: Progress) -> Flow {
        if self.must_end() {
            return Flow::Cancel;
        }
        if self.told.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            self.pause_while_short();
            let mut table = self.shared.lock();
            if let Some(entry) = table.jobs.get_mut(&self.id) {
                entry.job.stage = progress.stage;
                entry.job.share = progress.share;
                entry.job.loss = progress.loss.or(entry.job.loss);
                entry.job.remaining_s = progress.remaining_s;
            }
            drop(table);
            self.shared.changed.notify_all();
        }
        if self.must_end() { Flow::Cancel } else { Flow::Continue }
    }
}
