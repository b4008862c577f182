//! [`Workers`]: take jobs, keep their leases, end them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use store::jobs::{self, End, Job};
use store::{JobId, StoreError, Ts};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use traces::{Kind, Span};

use crate::queue::{InHand, Queue};
use crate::task::{Ending, Outcome, Task};

/// Something that can be done.
pub trait Work: Send + Sync + 'static {
    /// The kind of jobs it does.
    fn kind(&self) -> &'static str;

    /// Does one. A panic is a failed job, not a dead worker.
    fn run(&self, task: Task) -> BoxFuture<'static, Outcome>;
}

/// When things happen.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a lease lasts: a dead worker's job is free after this time.
    pub lease: Duration,
    /// How often a lease is renewed and the progress written. A third of the lease or less.
    pub renew: Duration,
    /// How often an idle worker looks for jobs that other processes queued.
    pub look: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { lease: seconds(30), renew: seconds(2), look: seconds(1) }
    }
}

/// Running workers. Without [`Workers::stop`] they end with the runtime, and their jobs' leases run out.
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Queue,
    works: Vec<Arc<dyn Work>>,
    timing: Timing,
    /// This process among all: no two are alike.
    name: String,
    /// Most jobs of one user at once.
    of_user_max: i64,
    stop: watch::Receiver<bool>,
}

impl Workers {
    /// Starts `slots` workers that do `works`, and one task that looks after leases that ran out. While there are several,
    /// one user never has all of them.
    #[must_use]
    pub fn start(queue: &Queue, works: Vec<Arc<dyn Work>>, slots: usize, timing: Timing) -> Self {
        let (stop, stopped) = watch::channel(false);
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let of_user_max = i64::try_from(slots.saturating_sub(1).max(1)).unwrap_or(i64::MAX);
        let shared =
            Arc::new(Shared { queue: queue.clone(), works, timing, name, of_user_max, stop: stopped });
        let mut tasks: Vec<JoinHandle<()>> =
            (0..slots).map(|slot| tokio::spawn(Arc::clone(&shared).serve(slot))).collect();
        tasks.push(tokio::spawn(shared.reap()));
        Self { stop, tasks }
    }

    /// Takes no more jobs, asks running ones to stop and gives them back; returns when all have ended.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// The work as part of the trace in which it was asked for.
fn span(kind: &'static str, job: &Job) -> Span {
    let asked = job.trace.as_deref().and_then(|place| place.parse().ok());
    let mut span = Span::begin(Kind::Consumer, format!("job {kind}"), asked);
    span.set("job.id", || job.id.to_string());
    span
}

impl Shared {
    /// One worker: the next job, or a wait for one.
    async fn serve(self: Arc<Self>, slot: usize) {
        let worker = format!("{}-{slot}", self.name);
        let mut stop = self.stop.clone();
        while !*stop.borrow() {
            // Listening begins before the look, so that a job queued in between is not missed.
            let woken = self.queue.wake().notified();
            match self.claim(&worker).await {
                Ok(Some(job)) => self.work_on(&worker, job).await,
                Ok(None) => {
                    tokio::select! {
                        () = woken => {}
                        () = tokio::time::sleep(self.timing.look) => {}
                        () = told(&mut stop) => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a job; trying again");
                    tokio::select! {
                        () = tokio::time::sleep(self.timing.look) => {}
                        () = told(&mut stop) => {}
                    }
                }
            }
        }
    }

    async fn claim(&self, worker: &str) -> Result<Option<Job>, StoreError> {
        let kinds: Vec<&'static str> = self.works.iter().map(|work| work.kind()).collect();
        if kinds.is_empty() {
            return Ok(None);
        }
        let (worker, beside, of_user_max) = (worker.to_owned(), self.name.clone(), self.of_user_max);
        let until = self.lease_end();
        let claimed = self.queue.store().write(move |tx| {
            Box::pin(async move {
                let claim = jobs::Claim { worker: &worker, beside: &beside, of_user_max, kinds: &kinds };
                jobs::claim(tx, &claim, Ts::now(), until).await
            })
        });
        claimed.await
    }

    fn lease_end(&self) -> Ts {
        let micros = i64::try_from(self.timing.lease.as_micros()).unwrap_or(i64::MAX);
        Ts(Ts::now().0.saturating_add(micros))
    }

    /// Does one job: the work in a task of its own, the lease renewed beside it.
    async fn work_on(&self, worker: &str, job: Job) {
        let Some(work) = self.works.iter().find(|work| work.kind() == job.kind) else { return };
        let (id, kind) = (job.id, work.kind());
        let (ending, ended) = watch::channel(None);
        let task = Task::new(job, ended);
        self.queue.in_hand().insert(id, InHand { task: task.clone(), ending: ending.clone() });
        let (mut span, begun) = (span(kind, &task.job), Instant::now());
        let mut running = tokio::spawn(traces::within(span.context(), work.run(task.clone())));
        let mut renewals = tokio::time::interval(self.timing.renew);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.stop.clone();
        let outcome = loop {
            tokio::select! {
                outcome = &mut running => break outcome,
                _ = renewals.tick() => {
                    if let Some(why) = self.renew(worker, id, &task).await {
                        ending.send_replace(Some(why));
                    }
                    if *ending.borrow() == Some(Ending::Lost) {
                        running.abort();
                    }
                }
                () = told(&mut stop), if ending.borrow().is_none() => {
                    ending.send_replace(Some(Ending::Stopping));
                }
            }
        };
        let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(bug(&error)));
        if let Outcome::Failed(why) = &outcome {
            span.fail(why.clone());
        }
        drop(span);
        self.queue.in_hand().remove(&id);
        metrics::counter!("jobs_ended_total", "kind" => kind, "outcome" => word(&outcome)).increment(1);
        if matches!(outcome, Outcome::Done(_)) {
            metrics::histogram!("job_duration_seconds", "kind" => kind).record(begun.elapsed());
        }
        self.finish(worker, id, outcome).await;
    }

    /// Renews a lease and writes the progress; why the work must end, if it must.
    async fn renew(&self, worker: &str, id: JobId, task: &Task) -> Option<Ending> {
        let (worker, until, progress) = (worker.to_owned(), self.lease_end(), task.current());
        let renewed = self.queue.store().write(move |tx| {
            Box::pin(async move { jobs::renew(tx, id, &worker, progress.done, &progress.note, until).await })
        });
        let renewed: Result<bool, StoreError> = renewed.await;
        match renewed {
            Ok(cancel) => cancel.then_some(Ending::Cancelled),
            Err(StoreError::Stale(_)) => Some(Ending::Lost),
            Err(error) => {
                // The lease outlasts several renewals; the next one may succeed.
                tracing::warn!(%error, job = %id, "cannot renew the lease of a job");
                None
            }
        }
    }

    /// Writes how a job ended. While the database does not answer, again and again until the lease is over.
    async fn finish(&self, worker: &str, id: JobId, outcome: Outcome) {
        let end = match outcome {
            Outcome::Done(result) => End::Done(result),
            Outcome::Failed(error) => End::Failed(error),
            Outcome::Cancelled => End::Cancelled,
            Outcome::Stopped => End::Released,
        };
        let give_up = self.lease_end();
        loop {
            let (worker, end) = (worker.to_owned(), end.clone());
            let finished = self.queue.store().write(move |tx| {
                Box::pin(async move { jobs::finish(tx, id, &worker, end, Ts::now()).await })
            });
            let finished: Result<(), StoreError> = finished.await;
            match finished {
                Ok(()) => return,
                Err(StoreError::Stale(why)) => return tracing::warn!(job = %id, why, "a job ended too late"),
                Err(error) if Ts::now() < give_up => {
                    tracing::warn!(%error, job = %id, "cannot write how a job ended; trying again");
                    tokio::time::sleep(self.timing.renew).await;
                }
                Err(error) => return tracing::error!(%error, job = %id, "how a job ended is lost"),
            }
        }
    }

    /// Looks for jobs whose worker is gone, once per lease.
    async fn reap(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(self.timing.lease);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = told(&mut stop) => return,
            }
            let reaped = self.queue.store().write(|tx| Box::pin(jobs::reap(tx, Ts::now())));
            let reaped: Result<u64, StoreError> = reaped.await;
            match reaped {
                Ok(0) => {}
                Ok(jobs) => {
                    tracing::warn!(jobs, "workers ended without a word");
                    self.queue.notify();
                }
                Err(error) => tracing::warn!(%error, "cannot look after leases"),
            }
        }
    }
}

/// Resolves when the workers are told to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What people see of a panic: no more than that it is ours to mend.
fn bug(error: &tokio::task::JoinError) -> String {
    if error.is_panic() {
        tracing::error!(%error, "a job panicked");
        return "a bug in this program ended the job".to_owned();
    }
    "the job was ended".to_owned()
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Failed(_) => "failed",
        Outcome::Cancelled => "cancelled",
        Outcome::Stopped => "stopped",
    }
}
