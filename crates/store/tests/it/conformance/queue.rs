//! The queue of jobs: one worker per job, leases, cancelling, crashes.

use std::collections::BTreeSet;

use store::jobs::{self, Claim, End, Job, JobStatus};
use store::{JobId, Owner, Store, StoreError};

use super::{absent, add_owner, at, write};
use crate::engines::{Fresh, on_both};

on_both!(
    a_job_is_taken_once_worked_on_and_done,
    urgent_jobs_go_first_and_later_ones_wait_for_their_time,
    two_workers_never_get_the_same_job,
    nobody_waits_behind_all_work_of_another,
    a_lost_lease_is_told_and_the_job_crashes_or_goes_on,
    a_waiting_job_is_cancelled_at_once_and_a_running_one_is_told,
    a_released_job_goes_back_and_costs_no_attempt,
    a_new_start_takes_up_whatever_was_in_hand,
    a_job_is_its_owners,
);

async fn enqueue(store: &Store, owner: Owner, change: impl FnOnce(&mut Job)) -> JobId {
    let mut job = Job::new(Some(owner.user()), "backtest", "{\"n\":1}".to_owned(), at(0));
    change(&mut job);
    let id = job.id;
    write(store, move |tx| Box::pin(async move { jobs::enqueue(tx, &job).await })).await;
    id
}

fn asked(worker: &'static str, of_user_max: i64) -> Claim<'static> {
    Claim { worker, beside: "w", of_user_max, kinds: &["backtest", "sweep"] }
}

async fn claim(store: &Store, worker: &'static str, second: i64) -> Option<Job> {
    write(store, move |tx| {
        Box::pin(async move { jobs::claim(tx, &asked(worker, i64::MAX), at(second), at(second + 30)).await })
    })
    .await
}

async fn finish(
    store: &Store,
    id: JobId,
    worker: &'static str,
    end: End,
    second: i64,
) -> Result<(), StoreError> {
    store.write(move |tx| Box::pin(async move { jobs::finish(tx, id, worker, end, at(second)).await })).await
}

async fn job(store: &Store, id: JobId) -> Job {
    jobs::by_id_of_all(&mut store.read(), id).await.unwrap()
}

async fn a_job_is_taken_once_worked_on_and_done(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let id = enqueue(&fresh.store, alice, |_| ()).await;
    assert_eq!(jobs::waiting_and_running(&mut fresh.store.read()).await.unwrap(), (1, 0));
    let taken = claim(&fresh.store, "w1", 1).await.unwrap();
    assert_eq!((taken.id, taken.status, taken.attempts), (id, JobStatus::Running, 1));
    assert_eq!(claim(&fresh.store, "w2", 1).await, None);
    let renewed = write(&fresh.store, move |tx| {
        Box::pin(async move { jobs::renew(tx, id, "w1", 4_200, "bar 42", at(50)).await })
    });
    assert!(!renewed.await);
    let half = job(&fresh.store, id).await;
    assert_eq!(
        (half.progress, half.progress_note.as_str(), half.lease_until),
        (4_200, "bar 42", Some(at(50)))
    );
    finish(&fresh.store, id, "w1", End::Done("{\"sharpe\":1}".to_owned()), 9).await.unwrap();
    let done = job(&fresh.store, id).await;
    assert_eq!((done.status, done.progress, done.finished_at), (JobStatus::Done, 10_000, Some(at(9))));
    assert_eq!(done.result.as_deref(), Some("{\"sharpe\":1}"));
    assert!(matches!(finish(&fresh.store, id, "w1", End::Cancelled, 10).await, Err(StoreError::Stale(_))));
    fresh
}

async fn urgent_jobs_go_first_and_later_ones_wait_for_their_time(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let plain = enqueue(&fresh.store, alice, |_| ()).await;
    let urgent = enqueue(&fresh.store, alice, |job| job.priority = 5).await;
    let later = enqueue(&fresh.store, alice, |job| (job.priority, job.run_after) = (9, at(100))).await;
    enqueue(&fresh.store, alice, |job| "training".clone_into(&mut job.kind)).await;
    assert_eq!(claim(&fresh.store, "w", 1).await.unwrap().id, urgent);
    assert_eq!(claim(&fresh.store, "w", 1).await.unwrap().id, plain);
    assert_eq!(claim(&fresh.store, "w", 99).await, None, "the other kind is not ours");
    assert_eq!(claim(&fresh.store, "w", 100).await.unwrap().id, later);
    fresh
}

async fn two_workers_never_get_the_same_job(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    for _ in 0..30 {
        enqueue(&fresh.store, alice, |_| ()).await;
    }
    let workers: Vec<_> = ["a", "b", "c", "d"]
        .into_iter()
        .map(|worker| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while let Some(job) = claim(&store, worker, 1).await {
                    taken.push(job.id);
                }
                taken
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 30);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 30);
    fresh
}

async fn nobody_waits_behind_all_work_of_another(fresh: Fresh) -> Fresh {
    let [alice, bob, carol] = [
        add_owner(&fresh.store, "alice").await,
        add_owner(&fresh.store, "bob").await,
        add_owner(&fresh.store, "carol").await,
    ];
    for _ in 0..6 {
        enqueue(&fresh.store, alice, |_| ()).await;
    }
    let take = |second, max| {
        write(&fresh.store, move |tx| {
            Box::pin(async move { jobs::claim(tx, &asked("w1", max), at(second), at(second + 30)).await })
        })
    };
    let first = take(1, i64::MAX).await.unwrap();
    assert_eq!(first.user_id, Some(alice.user()));
    // One worker that works one job after the other: whoever came later has the next turn all the same.
    finish(&fresh.store, first.id, "w1", End::Done("{}".to_owned()), 2).await.unwrap();
    for owner in [bob, bob, carol] {
        enqueue(&fresh.store, owner, |job| job.run_after = at(2)).await;
    }
    let mut turns = Vec::new();
    for second in 3..9 {
        let job = take(second, i64::MAX).await.unwrap();
        turns.push(job.user_id);
        finish(&fresh.store, job.id, "w1", End::Done("{}".to_owned()), second).await.unwrap();
    }
    let [a, b, c] = [alice, bob, carol].map(|owner| Some(owner.user()));
    let first_two: BTreeSet<_> = turns[..2].iter().copied().collect();
    assert_eq!(first_two, BTreeSet::from([b, c]), "those who were never served");
    assert_eq!(turns[2..], [a, b, a, a]);
    // Several workers: a user has at most so many of them.
    assert!(take(10, 1).await.is_some());
    assert_eq!(take(11, 1).await, None, "the other worker is kept for others");
    enqueue(&fresh.store, bob, |_| ()).await;
    assert_eq!(take(12, 1).await.unwrap().user_id, b);
    assert!(take(13, 2).await.is_some());
    fresh
}

async fn a_lost_lease_is_told_and_the_job_crashes_or_goes_on(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let once = enqueue(&fresh.store, alice, |_| ()).await;
    let twice = enqueue(&fresh.store, alice, |job| job.attempts_max = 2).await;
    for _ in 0..2 {
        claim(&fresh.store, "w1", 1).await.unwrap();
    }
    let reap =
        |second| write(&fresh.store, move |tx| Box::pin(async move { jobs::reap(tx, at(second)).await }));
    assert_eq!(reap(31).await, 0, "the lease lasts until then");
    assert_eq!(reap(32).await, 2);
    let crashed = job(&fresh.store, once).await;
    assert_eq!((crashed.status, crashed.finished_at), (JobStatus::Crashed, Some(at(32))));
    assert!(crashed.error.unwrap().contains("without a word"));
    let renew = fresh
        .store
        .write(move |tx| Box::pin(async move { jobs::renew(tx, twice, "w1", 1, "", at(60)).await }));
    assert!(matches!(renew.await, Err(StoreError::Stale(_))));
    assert_eq!(claim(&fresh.store, "w2", 33).await.unwrap().id, twice);
    let stolen = finish(&fresh.store, twice, "w1", End::Done("{}".to_owned()), 34).await;
    assert!(matches!(stolen, Err(StoreError::Stale(_))), "what the first worker did does not count");
    assert_eq!(reap(64).await, 1);
    assert_eq!(job(&fresh.store, twice).await.status, JobStatus::Crashed);
    fresh
}

async fn a_waiting_job_is_cancelled_at_once_and_a_running_one_is_told(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let cancel = |owner, id| {
        fresh.store.write(move |tx| Box::pin(async move { jobs::cancel(tx, owner, id, at(5)).await }))
    };
    let waiting = enqueue(&fresh.store, alice, |_| ()).await;
    assert_eq!(cancel(alice, waiting).await.unwrap(), JobStatus::Cancelled);
    assert_eq!(claim(&fresh.store, "w", 6).await, None);
    let running = enqueue(&fresh.store, alice, |_| ()).await;
    claim(&fresh.store, "w", 6).await.unwrap();
    assert_eq!(cancel(alice, running).await.unwrap(), JobStatus::Running);
    let told = write(&fresh.store, move |tx| {
        Box::pin(async move { jobs::renew(tx, running, "w", 1, "", at(60)).await })
    });
    assert!(told.await);
    finish(&fresh.store, running, "w", End::Cancelled, 7).await.unwrap();
    assert_eq!(
        cancel(alice, running).await.unwrap(),
        JobStatus::Cancelled,
        "one that has ended is left alone"
    );
    // A worker that dies before it hears of it: cancelled, not crashed.
    let deaf = enqueue(&fresh.store, alice, |_| ()).await;
    claim(&fresh.store, "w", 8).await.unwrap();
    cancel(alice, deaf).await.unwrap();
    write(&fresh.store, |tx| Box::pin(async move { jobs::reap(tx, at(99)).await })).await;
    assert_eq!(job(&fresh.store, deaf).await.status, JobStatus::Cancelled);
    fresh
}

async fn a_released_job_goes_back_and_costs_no_attempt(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let id = enqueue(&fresh.store, alice, |_| ()).await;
    claim(&fresh.store, "w1", 1).await.unwrap();
    finish(&fresh.store, id, "w1", End::Released, 2).await.unwrap();
    let again = claim(&fresh.store, "w2", 3).await.unwrap();
    assert_eq!((again.id, again.attempts), (id, 1));
    finish(&fresh.store, id, "w2", End::Failed("no such market".to_owned()), 4).await.unwrap();
    let failed = job(&fresh.store, id).await;
    assert_eq!((failed.status, failed.error.as_deref()), (JobStatus::Failed, Some("no such market")));
    fresh
}

async fn a_new_start_takes_up_whatever_was_in_hand(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let again = enqueue(&fresh.store, alice, |job| job.attempts_max = 2).await;
    let once = enqueue(&fresh.store, alice, |_| ()).await;
    for _ in 0..2 {
        claim(&fresh.store, "w1", 1).await.unwrap();
    }
    // Long before the leases end.
    let reaped = write(&fresh.store, |tx| Box::pin(async move { jobs::reap_all(tx, at(2)).await })).await;
    assert_eq!(reaped, 2);
    assert_eq!(job(&fresh.store, once).await.status, JobStatus::Crashed);
    assert_eq!(claim(&fresh.store, "w2", 3).await.unwrap().id, again);
    fresh
}

async fn a_job_is_its_owners(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let id = enqueue(&fresh.store, alice, |_| ()).await;
    let other = enqueue(&fresh.store, bob, |_| ()).await;
    let seen = jobs::by_ids(&mut fresh.store.read(), alice, &[other, id]).await.unwrap();
    assert_eq!(seen.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
    assert_eq!(jobs::by_ids(&mut fresh.store.read(), alice, &[]).await.unwrap(), []);
    assert!(absent(&jobs::by_id(&mut fresh.store.read(), bob, id).await));
    let cancel = fresh.store.write(move |tx| Box::pin(async move { jobs::cancel(tx, bob, id, at(1)).await }));
    assert!(absent(&cancel.await));
    assert_eq!(job(&fresh.store, id).await.status, JobStatus::Queued);
    let theirs = jobs::page(&mut fresh.store.read(), bob, None, 10).await.unwrap();
    assert_eq!(theirs.iter().map(|job| job.id).collect::<Vec<_>>(), [other]);
    assert_eq!(jobs::page(&mut fresh.store.read(), alice, None, 10).await.unwrap().len(), 1);
    fresh
}
