//! A transaction happens as a whole or not at all; what was answered is there after a reopening.

use std::sync::Arc;
use std::time::Duration;

use store::users::{self, NewUser, Role};
use store::{Store, StoreError, counted};

use super::{T0, absent, add_user, at};
use crate::engines::{Fresh, on_both};

on_both!(
    a_failed_transaction_leaves_no_trace,
    a_panic_costs_one_transaction,
    many_writers_at_once_all_succeed,
    what_was_answered_is_there_after_a_reopening,
    a_call_that_was_given_up_blocks_nobody,
    statements_of_a_request_are_counted,
    a_pool_answers_and_says_how_full_it_is,
);

fn new(name: &str) -> NewUser {
    NewUser { username: name.to_owned(), email: None, password_hash: "x".to_owned(), role: Role::Viewer }
}

async fn insert(store: &Store, name: String) -> Result<users::User, StoreError> {
    store.write(move |tx| Box::pin(async move { users::insert(tx, &new(&name), T0).await })).await
}

async fn a_failed_transaction_leaves_no_trace(fresh: Fresh) -> Fresh {
    let result: Result<(), StoreError> = fresh
        .store
        .write(|tx| {
            Box::pin(async move {
                users::insert(tx, &new("alice"), T0).await?;
                Err(StoreError::Stale("on purpose"))
            })
        })
        .await;
    assert!(matches!(result, Err(StoreError::Stale("on purpose"))));
    assert_eq!(users::count(&mut fresh.store.read()).await.unwrap(), 0);
    insert(&fresh.store, "alice".to_owned()).await.unwrap();
    fresh
}

async fn a_panic_costs_one_transaction(fresh: Fresh) -> Fresh {
    let store = fresh.store.clone();
    let task = tokio::spawn(async move {
        let result: Result<(), StoreError> = store
            .write(|tx| {
                Box::pin(async move {
                    users::insert(tx, &new("alice"), T0).await?;
                    panic!("on purpose")
                })
            })
            .await;
        result
    });
    // On SQLite the writer survives and says so, on PostgreSQL the caller's task ends.
    assert!(!matches!(task.await, Ok(Ok(()))));
    assert_eq!(users::count(&mut fresh.store.read()).await.unwrap(), 0);
    insert(&fresh.store, "alice".to_owned()).await.unwrap();
    fresh
}

async fn many_writers_at_once_all_succeed(fresh: Fresh) -> Fresh {
    let store = Arc::new(fresh.store.clone());
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let store = Arc::clone(&store);
            // Every tenth takes a name that is taken: it must not harm its neighbours.
            let name = if n % 10 == 9 { "user0".to_owned() } else { format!("user{n}") };
            tokio::spawn(async move { insert(&store, name).await.is_ok() })
        })
        .collect();
    let mut succeeded = 0;
    for task in tasks {
        succeeded += u64::from(task.await.unwrap());
    }
    assert_eq!(succeeded, 180);
    assert_eq!(users::count(&mut fresh.store.read()).await.unwrap(), 180);
    let (transactions, commits) = fresh.store.transactions_and_commits();
    assert_eq!(transactions, 200);
    if fresh.store.engine() == store::Engine::Sqlite {
        assert!(commits < transactions / 2, "{commits} commits: waiting transactions share them");
    }
    fresh
}

async fn what_was_answered_is_there_after_a_reopening(mut fresh: Fresh) -> Fresh {
    let alice = add_user(&fresh.store, "alice").await;
    fresh.reopen().await;
    assert_eq!(users::by_id(&mut fresh.store.read(), alice.id).await.unwrap(), alice);
    fresh
}

async fn a_call_that_was_given_up_blocks_nobody(fresh: Fresh) -> Fresh {
    let alice = add_user(&fresh.store, "alice").await;
    let (entered, in_it) = tokio::sync::oneshot::channel::<()>();
    let store = fresh.store.clone();
    let task = tokio::spawn(async move {
        let work = store.write(move |tx| {
            Box::pin(async move {
                users::login_failed(tx, alice.id).await?;
                let _ = entered.send(());
                tokio::task::yield_now().await;
                users::login_failed(tx, alice.id).await
            })
        });
        work.await
    });
    in_it.await.unwrap();
    task.abort();
    let _ = task.await;
    // The same row can be written at once: its lock went with the transaction that was given up, or was kept by then.
    let id = alice.id;
    let work = fresh.store.write(move |tx| Box::pin(async move { users::login_failed(tx, id).await }));
    let failures = tokio::time::timeout(Duration::from_secs(20), work).await.unwrap().unwrap();
    assert!(matches!(failures, 1 | 3), "whole or not at all: {failures}");
    fresh
}

async fn statements_of_a_request_are_counted(fresh: Fresh) -> Fresh {
    let alice = add_user(&fresh.store, "alice").await;
    let store = &fresh.store;
    let (result, statements) = counted(async {
        users::by_id(&mut store.read(), alice.id).await?;
        store
            .write(move |tx| Box::pin(async move { users::login_succeeded(tx, alice.id, at(1)).await }))
            .await
    })
    .await;
    result.unwrap();
    assert_eq!(statements, 2);
    let (result, statements) = counted(users::by_id(&mut store.read(), store::UserId::new())).await;
    assert!(absent(&result));
    assert_eq!(statements, 1);
    fresh
}

async fn a_pool_answers_and_says_how_full_it_is(fresh: Fresh) -> Fresh {
    fresh.store.ping(Duration::from_secs(10)).await.unwrap();
    let pools = fresh.store.pools();
    assert!(pools.iter().all(|pool| pool.total <= pool.max && pool.waiting == 0), "{pools:?}");
    assert!(pools[0].total >= 2, "{pools:?}");
    fresh
}
