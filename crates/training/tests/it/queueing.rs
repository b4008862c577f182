//! The queue: two at once, the urgent first, cancelled, timed out, and told after a crash what was interrupted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use training::{Choice, Job, JobError, JobState, Queue, QueueLimits, Registry, Request};

use crate::market::{Made, request};

/// Long enough for a busy machine; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(120);

fn queue(dir: &Path, source: Made, running: usize) -> Queue {
    let registry = Registry::open(&dir.join("models"));
    let limits = QueueLimits { running, queued: 4 };
    Queue::open(&dir.join("jobs"), registry, Arc::new(source), limits).unwrap()
}

fn ended(queue: &Queue, id: u64) -> Job {
    queue.wait(id, PATIENCE, |job| job.state.is_final()).unwrap()
}

fn started(queue: &Queue, id: u64) {
    assert_eq!(
        queue.wait(id, PATIENCE, |job| job.state != JobState::Queued).unwrap().state,
        JobState::Running
    );
}

#[test]
fn a_training_ends_in_the_registry() {
    let dir = tempfile::tempdir().unwrap();
    let queue = queue(dir.path(), Made::default(), 2);
    let ids = [Choice::Ets, Choice::Arima, Choice::Lstm].map(|c| queue.submit(request(c)).unwrap());
    for id in ids {
        let job = ended(&queue, id);
        assert_eq!(job.state, JobState::Done, "{job:?}");
        let record = Registry::open(&dir.path().join("models")).get(&job.model.unwrap()).unwrap();
        assert!(record.model().is_some() && record.metrics.count > 0 && !record.hash.is_empty());
    }
    let failed = queue.submit(Request { symbols: vec!["NONE".into()], ..request(Choice::Ets) }).unwrap();
    let job = ended(&queue, failed);
    assert!(job.state == JobState::Failed && job.error.unwrap().contains("import some"));
    assert!(matches!(queue.submit(Request { days: 0, ..request(Choice::Ets) }), Err(JobError::Request(_))));
}

#[test]
fn two_run_the_urgent_goes_first_and_a_full_queue_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::default();
    let closed = Arc::clone(&made.closed);
    closed.store(true, Ordering::Release);
    let queue = queue(dir.path(), made, 2);
    let first = [queue.submit(request(Choice::Ets)).unwrap(), queue.submit(request(Choice::Ets)).unwrap()];
    first.iter().for_each(|id| started(&queue, *id));
    let waiting: Vec<u64> = [0, 5, 0, -1]
        .map(|priority| queue.submit(Request { priority, ..request(Choice::Ets) }).unwrap())
        .to_vec();
    assert!(waiting.iter().all(|id| queue.job(*id).unwrap().state == JobState::Queued));
    assert_eq!(queue.submit(request(Choice::Ets)), Err(JobError::Full(4)));
    // One that waits is cancelled at once, and makes room.
    queue.cancel(waiting[3]).unwrap();
    assert_eq!(queue.job(waiting[3]).unwrap().state, JobState::Cancelled);
    assert!(matches!(queue.cancel(waiting[3]), Err(JobError::Finished(_, JobState::Cancelled))));
    closed.store(false, Ordering::Release);
    let jobs: Vec<Job> = waiting[..3].iter().map(|id| ended(&queue, *id)).collect();
    assert!(jobs.iter().all(|j| j.state == JobState::Done), "{jobs:?}");
    assert!(jobs[1].started_ms <= jobs[0].started_ms && jobs[1].started_ms <= jobs[2].started_ms, "{jobs:?}");
}

#[test]
fn a_running_training_is_cancelled_and_can_be_restarted() {
    let dir = tempfile::tempdir().unwrap();
    let queue = queue(dir.path(), Made::default(), 1);
    let id = queue.submit(Request { epochs: 1_000, days: 30, ..request(Choice::Lstm) }).unwrap();
    queue.wait(id, PATIENCE, |job| job.loss.is_some()).unwrap();
    queue.cancel(id).unwrap();
    assert_eq!(ended(&queue, id).state, JobState::Cancelled);
    assert!(Registry::open(&dir.path().join("models")).ids().unwrap().is_empty());
    queue.restart(id).unwrap();
    started(&queue, id);
    queue.cancel(id).unwrap();
    assert_eq!(ended(&queue, id).state, JobState::Cancelled);
    assert_eq!(queue.cancel(99), Err(JobError::Unknown(99)));
}

#[test]
fn a_training_over_its_time_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let queue = queue(dir.path(), Made::default(), 1);
    let id = queue
        .submit(Request { epochs: 1_000, hidden: 64, days: 60, limit_s: 1, ..request(Choice::Lstm) })
        .unwrap();
    let job = ended(&queue, id);
    assert_eq!(job.state, JobState::TimedOut, "{job:?}");
    assert!(job.error.unwrap().contains("allow more time"));
}

#[test]
fn what_ran_when_the_program_ended_is_interrupted_and_what_waited_still_waits() {
    let dir = tempfile::tempdir().unwrap();
    let long = Request { epochs: 1_000, days: 30, ..request(Choice::Lstm) };
    let (ran, waited) = {
        let queue = queue(dir.path(), Made::default(), 1);
        let ran = queue.submit(long).unwrap();
        started(&queue, ran);
        (ran, queue.submit(request(Choice::Ets)).unwrap())
    };
    // A crash leaves the file that says "running".
    let path = dir.path().join("jobs").join(format!("{ran}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"interrupted\""), "{text}");
    std::fs::write(&path, text.replace("\"interrupted\"", "\"running\"")).unwrap();
    let queue = queue(dir.path(), Made::default(), 1);
    assert_eq!(queue.job(ran).unwrap().state, JobState::Interrupted);
    assert_eq!(ended(&queue, waited).state, JobState::Done);
    assert_eq!(queue.submit(request(Choice::Ets)).unwrap(), waited + 1);
}
