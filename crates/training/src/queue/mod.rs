//! The training queue: a few threads, the most urgent request first, and a file for every job.
//!
//! `<folder>/<job>.json` is replaced whole at every change of state, so a crash leaves either the old state or the new one. At
//! the next start what ran is marked interrupted (its bars may have changed; `restart` runs it again from the beginning, with
//! the same seed and so, on the same bars, to the same model) and what waited goes on waiting.

mod job;
mod worker;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use job::{Job, JobError, JobState};

use crate::limits::{FINISHED_MAX, QUEUED_MAX, RUNNING_DEFAULT};
use crate::registry::Registry;
use crate::request::{BarSource, Request};

/// How much the queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Trainings at once, one thread each.
    pub running: usize,
    /// Jobs that may wait.
    pub queued: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { running: RUNNING_DEFAULT, queued: QUEUED_MAX }
    }
}

/// The queue. Dropping it cancels what runs and waits for its threads.
pub struct Queue {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads share. The lock guards the table of jobs and is held for its look-ups only, never while anything trains.
struct Shared {
    table: Mutex<Table>,
    changed: Condvar,
    folder: PathBuf,
    registry: Registry,
    source: Arc<dyn BarSource>,
    limits: QueueLimits,
}

#[derive(Default)]
struct Table {
    jobs: BTreeMap<u64, Entry>,
    closed: bool,
}

struct Entry {
    job: Job,
    cancel: Arc<AtomicBool>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // A panic while the table was held leaves it whole: every change of it is one assignment.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a job's file. A disk that refuses is logged; the job goes on, and a crash would then forget it.
    fn save(&self, job: &Job) {
        let (path, part) =
            (self.folder.join(format!("{}.json", job.id)), self.folder.join(format!("{}.part", job.id)));
        let text = serde_json::to_vec(job).unwrap_or_default();
        if let Err(error) =
            crate::registry::write_synced(&part, &text).and_then(|()| fs::rename(&part, &path))
        {
            tracing::warn!(job = job.id, %error, "a job's state could not be written");
        }
    }
}

impl Queue {
    /// Opens the queue in `folder`, marks what a crash interrupted, and starts its threads.
    ///
    /// # Errors
    /// A folder that cannot be made or read.
    pub fn open(
        folder: &Path,
        registry: Registry,
        source: Arc<dyn BarSource>,
        limits: QueueLimits,
    ) -> Result<Self, JobError> {
        fs::create_dir_all(folder).map_err(|e| JobError::Disk(e.to_string()))?;
        let shared = Arc::new(Shared {
            table: Mutex::new(Table { jobs: read_all(folder)?, closed: false }),
            changed: Condvar::new(),
            folder: folder.to_path_buf(),
            registry,
            source,
            limits,
        });
        let interrupted: Vec<Job> = {
            let mut table = shared.lock();
            let running = table.jobs.values_mut().filter(|e| e.job.state == JobState::Running);
            running
                .map(|entry| {
                    entry
                        .job
                        .finish(JobState::Interrupted, Some("the program ended while it trained".into()));
                    entry.job.clone()
                })
                .collect()
        };
        interrupted.iter().for_each(|job| shared.save(job));
        let threads = (0..limits.running.max(1))
            .map(|n| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new().name(format!("training-{n}")).spawn(move || worker::run(&shared))
            })
            .collect::<Result<_, _>>()
            .map_err(|e| JobError::Disk(e.to_string()))?;
        Ok(Self { shared, threads })
    }

    /// Lets a request wait for its turn.
    ///
    /// # Errors
    /// A request that makes no sense, a full queue.
    pub fn submit(&self, request: Request) -> Result<u64, JobError> {
        request.check()?;
        let job = {
            let mut table = self.shared.lock();
            let waiting = table.jobs.values().filter(|e| e.job.state == JobState::Queued).count();
            if waiting >= self.shared.limits.queued {
                return Err(JobError::Full(waiting));
            }
            let id = table.jobs.last_key_value().map_or(1, |(id, _)| id + 1);
            let job = Job::new(id, request);
            table.jobs.insert(id, Entry { job: job.clone(), cancel: Arc::default() });
            self.forget_old(&mut table);
            job
        };
        self.shared.save(&job);
        self.shared.changed.notify_all();
        Ok(job.id)
    }

    fn forget_old(&self, table: &mut Table) {
        let finished: Vec<u64> =
            table.jobs.values().filter(|e| e.job.state.is_final()).map(|e| e.job.id).collect();
        for id in finished.iter().take(finished.len().saturating_sub(FINISHED_MAX)) {
            table.jobs.remove(id);
            let _ = fs::remove_file(self.shared.folder.join(format!("{id}.json")));
        }
    }

    /// A job as it stands.
    #[must_use]
    pub fn job(&self, id: u64) -> Option<Job> {
        self.shared.lock().jobs.get(&id).map(|e| e.job.clone())
    }

    /// The last job that trains, or trained, the model of this name.
    #[must_use]
    pub fn job_of(&self, name: &str) -> Option<Job> {
        let table = self.shared.lock();
        let of = |job: &&Entry| job.job.request.name.as_deref() == Some(name);
        table.jobs.values().rev().find(of).map(|entry| entry.job.clone())
    }

    /// All jobs, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        self.shared.lock().jobs.values().map(|e| e.job.clone()).collect()
    }

    /// Cancels a job: at once when it waits, at its next batch or evaluation when it runs.
    ///
    /// # Errors
    /// Unknown or finished jobs.
    pub fn cancel(&self, id: u64) -> Result<(), JobError> {
        let cancelled = {
            let mut table = self.shared.lock();
            let entry = table.jobs.get_mut(&id).ok_or(JobError::Unknown(id))?;
            match entry.job.state {
                JobState::Queued => {
                    entry.job.finish(JobState::Cancelled, None);
                    Some(entry.job.clone())
                }
                JobState::Running => {
                    entry.cancel.store(true, Ordering::Release);
                    None
                }
                state => return Err(JobError::Finished(id, state)),
            }
        };
        if let Some(job) = cancelled {
            self.shared.save(&job);
        }
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Runs a finished (interrupted, failed, cancelled, timed-out) job again under its number.
    ///
    /// # Errors
    /// Unknown jobs, jobs that wait, run or are done.
    pub fn restart(&self, id: u64) -> Result<(), JobError> {
        let job = {
            let mut table = self.shared.lock();
            let entry = table.jobs.get_mut(&id).ok_or(JobError::Unknown(id))?;
            if !entry.job.state.is_final() || entry.job.state == JobState::Done {
                return Err(JobError::Finished(id, entry.job.state));
            }
            entry.cancel = Arc::default();
            entry.job = Job::new(id, entry.job.request.clone());
            entry.job.clone()
        };
        self.shared.save(&job);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Waits until `until` holds for a job, or `limit` has passed; the job as it stands then.
    #[must_use]
    pub fn wait(&self, id: u64, limit: Duration, until: impl Fn(&Job) -> bool) -> Option<Job> {
        let table = self.shared.lock();
        let going = |table: &mut Table| table.jobs.get(&id).is_some_and(|e| !until(&e.job));
        let waited = self.shared.changed.wait_timeout_while(table, limit, going);
        let (table, _) = waited.unwrap_or_else(PoisonError::into_inner);
        table.jobs.get(&id).map(|e| e.job.clone())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        {
            let mut table = self.shared.lock();
            table.closed = true;
            for entry in table.jobs.values().filter(|e| e.job.state == JobState::Running) {
                entry.cancel.store(true, Ordering::Release);
            }
        }
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Jobs on disk; a file that cannot be read is left alone and logged.
fn read_all(folder: &Path) -> Result<BTreeMap<u64, Entry>, JobError> {
    let mut jobs = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|e| JobError::Disk(e.to_string()))?.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let read = fs::read_to_string(&path).map_err(|e| e.to_string());
        match read.and_then(|text| serde_json::from_str::<Job>(&text).map_err(|e| e.to_string())) {
            Ok(job) => {
                jobs.insert(job.id, Entry { job, cancel: Arc::default() });
            }
            Err(error) => tracing::warn!(file = %path.display(), error, "a job's file cannot be read"),
        }
    }
    Ok(jobs)
}
