//! The queue with real workers, on both engines.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jobs::{Ending, Outcome, Queue, Task, Timing, Work, Workers};
use store::jobs::{Job, JobStatus};
use store::users::{self, NewUser, Role};
use store::{JobId, Owner, Store, Ts};
use testkit::Postgres;
use tokio::sync::mpsc;

/// Everything is quicker than in life; nothing below depends on how quick.
const TIMING: Timing = Timing {
    lease: Duration::from_secs(10),
    renew: Duration::from_millis(10),
    look: Duration::from_millis(20),
};

/// What a test tells its work to do, by the job's payload.
struct Scripted {
    /// Told when a job begins.
    begun: mpsc::UnboundedSender<Task>,
}

impl Work for Scripted {
    fn kind(&self) -> &'static str {
        "test"
    }

    fn run(&self, mut task: Task) -> BoxFuture<'static, Outcome> {
        let _ = self.begun.send(task.clone());
        Box::pin(async move {
            match task.job.payload.as_str() {
                "done" => Outcome::Done("{\"answer\":42}".to_owned()),
                "fail" => Outcome::Failed("no such market".to_owned()),
                "panic" => panic!("on purpose"),
                _ => {
                    task.progress(1, 3, "waiting");
                    match task.end().await {
                        Ending::Cancelled => Outcome::Cancelled,
                        Ending::Stopping | Ending::Lost => Outcome::Stopped,
                    }
                }
            }
        })
    }
}

async fn add_user(store: &Store, name: &str) -> Owner {
    let new =
        NewUser { username: name.to_owned(), email: None, password_hash: "x".to_owned(), role: Role::Trader };
    let user: Result<users::User, store::StoreError> =
        store.write(move |tx| Box::pin(async move { users::insert(tx, &new, Ts::now()).await })).await;
    Owner::of(user.unwrap().id)
}

struct Stand {
    store: Store,
    queue: Queue,
    owner: Owner,
    begun: mpsc::UnboundedReceiver<Task>,
    sender: mpsc::UnboundedSender<Task>,
}

impl Stand {
    async fn new(url: &str) -> Self {
        let store = Store::at(url).await.unwrap();
        let (sender, begun) = mpsc::unbounded_channel();
        let owner = add_user(&store, "alice").await;
        Self { queue: Queue::new(store.clone()), store, owner, begun, sender }
    }

    fn workers(&self, slots: usize, timing: Timing) -> Workers {
        let work: Arc<dyn Work> = Arc::new(Scripted { begun: self.sender.clone() });
        Workers::start(&self.queue, vec![work], slots, timing)
    }

    async fn submit(&self, payload: &str) -> JobId {
        self.submit_for(payload, 1).await
    }

    async fn submit_for(&self, payload: &str, attempts: i64) -> JobId {
        let mut job = Job::new(Some(self.owner.user()), "test", payload.to_owned(), Ts::now());
        job.attempts_max = attempts;
        self.queue.submit(job).await.unwrap()
    }

    /// Looks until a job is as wanted.
    async fn until(&self, id: JobId, wanted: impl Fn(&Job) -> bool) -> Job {
        let looking = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(5));
            loop {
                ticks.tick().await;
                let job = self.queue.job(self.owner, id).await.unwrap();
                if wanted(&job) {
                    return job;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), looking).await.expect("the job never got there")
    }
}

fn on_both<F: Future<Output = ()>>(test: impl Fn(Stand) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        test(Stand::new(&format!("sqlite:{}", dir.path().join("jobs.db").display())).await).await;
        let database = Postgres::shared().database();
        test(Stand::new(&database.url()).await).await;
    });
}

#[test]
fn jobs_are_done_fail_and_survive_a_panic() {
    on_both(|stand| async move {
        let workers = stand.workers(2, TIMING);
        let done = stand.submit("done").await;
        let failed = stand.submit("fail").await;
        let panicked = stand.submit("panic").await;
        let last = stand.submit("done").await;
        let job = stand.until(done, |job| job.status == JobStatus::Done).await;
        assert_eq!((job.result.as_deref(), job.progress), (Some("{\"answer\":42}"), 10_000));
        let job = stand.until(failed, |job| job.status == JobStatus::Failed).await;
        assert_eq!(job.error.as_deref(), Some("no such market"));
        let job = stand.until(panicked, |job| job.status == JobStatus::Failed).await;
        assert!(job.error.unwrap().contains("bug"));
        stand.until(last, |job| job.status == JobStatus::Done).await;
        workers.stop().await;
        stand.store.close().await;
    });
}

#[test]
fn a_running_job_shows_its_progress_and_is_cancelled() {
    on_both(|stand| async move {
        let workers = stand.workers(1, TIMING);
        let id = stand.submit("wait").await;
        let job = stand.until(id, |job| job.progress > 0).await;
        assert_eq!((job.progress, job.progress_note.as_str()), (3_333, "waiting"));
        assert_eq!(stand.queue.cancel(stand.owner, id).await.unwrap(), JobStatus::Running);
        stand.until(id, |job| job.status == JobStatus::Cancelled).await;
        workers.stop().await;
        stand.store.close().await;
    });
}

#[test]
fn a_user_with_much_work_leaves_a_worker_to_others() {
    on_both(|mut stand| async move {
        let bob = add_user(&stand.store, "bob").await;
        for _ in 0..3 {
            stand.submit("wait").await;
        }
        let workers = stand.workers(2, TIMING);
        let first = stand.begun.recv().await.unwrap();
        assert_eq!(first.job.user_id, Some(stand.owner.user()));
        // One of the two workers is busy, more of alice's work waits, and bob's is begun all the same.
        let job = Job::new(Some(bob.user()), "test", "wait".to_owned(), Ts::now());
        let id = stand.queue.submit(job).await.unwrap();
        let second = stand.begun.recv().await.unwrap();
        assert_eq!((second.job.id, second.job.user_id), (id, Some(bob.user())));
        workers.stop().await;
        stand.store.close().await;
    });
}

#[test]
fn stopping_gives_jobs_back() {
    on_both(|mut stand| async move {
        let workers = stand.workers(1, TIMING);
        let id = stand.submit("wait").await;
        stand.begun.recv().await.unwrap();
        workers.stop().await;
        let job = stand.queue.job(stand.owner, id).await.unwrap();
        assert_eq!((job.status, job.attempts), (JobStatus::Queued, 0));
        let others = stand.workers(1, TIMING);
        assert_eq!(stand.begun.recv().await.unwrap().job.id, id);
        others.stop().await;
        stand.store.close().await;
    });
}

#[test]
fn the_job_of_a_dead_worker_is_taken_again_and_then_marked() {
    on_both(|mut stand| async move {
        // Never renewed within its short lease: as good as dead.
        let dying = Timing { lease: Duration::from_millis(50), renew: Duration::from_secs(3_600), ..TIMING };
        let id = stand.submit_for("wait", 2).await;
        let workers = stand.workers(1, dying);
        let first = stand.begun.recv().await.unwrap();
        assert_eq!(first.job.attempts, 1);
        // The one worker is busy; its own reaper frees the job, and a second set takes it.
        let others = stand.workers(1, dying);
        let second = stand.begun.recv().await.unwrap();
        assert_eq!((second.job.id, second.job.attempts), (id, 2));
        let job = stand.until(id, |job| job.status == JobStatus::Crashed).await;
        assert!(job.error.unwrap().contains("without a word"));
        // What they answer now does not count.
        workers.stop().await;
        others.stop().await;
        assert_eq!(stand.queue.job(stand.owner, id).await.unwrap().status, JobStatus::Crashed);
        stand.store.close().await;
    });
}

#[test]
fn many_jobs_and_workers_do_each_job_once() {
    on_both(|mut stand| async move {
        let sets = [stand.workers(3, TIMING), stand.workers(3, TIMING)];
        let mut ids = Vec::new();
        for _ in 0..40 {
            ids.push(stand.submit("done").await);
        }
        let seen = Mutex::new(Vec::new());
        for id in &ids {
            stand.until(*id, |job| job.status == JobStatus::Done).await;
        }
        for set in sets {
            set.stop().await;
        }
        while let Ok(task) = stand.begun.try_recv() {
            seen.lock().unwrap().push(task.job.id);
        }
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        ids.sort_unstable();
        assert_eq!(seen, ids);
        stand.store.close().await;
    });
}
