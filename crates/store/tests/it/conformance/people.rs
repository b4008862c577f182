//! Users.

use store::StoreError;
use store::users::{self, NewUser, Role};

use super::{T0, absent, add_user, at};
use crate::engines::{Fresh, on_both};

on_both!(
    a_user_is_found_by_name_and_by_address_whatever_the_case,
    a_name_and_an_address_are_taken_once,
    an_inactive_user_cannot_log_in,
    failures_are_counted_and_forgotten_by_a_login,
    a_code_is_good_once,
    pages_go_through_all_users,
);

async fn a_user_is_found_by_name_and_by_address_whatever_the_case(fresh: Fresh) -> Fresh {
    let alice = add_user(&fresh.store, "Alice").await;
    assert_eq!(alice.username, "alice");
    let mut reader = fresh.store.read();
    for name in ["alice", "ALICE", "Alice@Example.org"] {
        assert_eq!(users::for_login(&mut reader, name).await.unwrap().unwrap(), alice, "{name}");
    }
    assert_eq!(users::for_login(&mut reader, "bob").await.unwrap(), None);
    assert_eq!(users::by_id(&mut reader, alice.id).await.unwrap(), alice);
    assert!(!format!("{alice:?}").contains("argon2"), "the hash is not shown");
    fresh
}

async fn a_name_and_an_address_are_taken_once(fresh: Fresh) -> Fresh {
    add_user(&fresh.store, "alice").await;
    let add = |username: &str, email: &str| {
        let new = NewUser {
            username: username.to_owned(),
            email: Some(email.to_owned()),
            password_hash: "x".to_owned(),
            role: Role::Viewer,
        };
        fresh.store.write(move |tx| Box::pin(async move { users::insert(tx, &new, T0).await }))
    };
    assert!(add("ALICE", "other@example.org").await.unwrap_err().is_taken("users.username"));
    assert!(add("bob", "ALICE@example.org").await.unwrap_err().is_taken("users.email"));
    assert_eq!(users::count(&mut fresh.store.read()).await.unwrap(), 1);
    fresh
}

async fn an_inactive_user_cannot_log_in(fresh: Fresh) -> Fresh {
    let alice = add_user(&fresh.store, "alice").await;
    let id = alice.id;
    let set = |role, active| {
        fresh
            .store
            .write(move |tx| Box::pin(async move { users::set_role(tx, id, role, active, at(1)).await }))
    };
    set(Role::Admin, true).await.unwrap();
    assert_eq!(users::count_admins(&mut fresh.store.read()).await.unwrap(), 1);
    set(Role::Admin, false).await.unwrap();
    assert_eq!(users::count_admins(&mut fresh.store.read()).await.unwrap(), 0);
    assert_eq!(users::for_login(&mut fresh.store.read(), "alice").await.unwrap(), None);
    assert_eq!(users::for_login(&mut fresh.store.read(), "alice@example.org").await.unwrap(), None);
    let nobody = store::UserId::new();
    let result = fresh.store.write(move |tx| {
        Box::pin(async move { users::set_role(tx, nobody, Role::Viewer, true, at(1)).await })
    });
    assert!(absent(&result.await));
    fresh
}

async fn failures_are_counted_and_forgotten_by_a_login(fresh: Fresh) -> Fresh {
    let id = add_user(&fresh.store, "alice").await.id;
    for expected in 1..=3 {
        let failures =
            fresh.store.write(move |tx| Box::pin(async move { users::login_failed(tx, id).await }));
        assert_eq!(failures.await.unwrap(), expected);
    }
    let block =
        fresh.store.write(move |tx| Box::pin(async move { users::block_until(tx, id, at(60)).await }));
    block.await.unwrap();
    assert_eq!(users::by_id(&mut fresh.store.read(), id).await.unwrap().blocked_until, Some(at(60)));
    let login =
        fresh.store.write(move |tx| Box::pin(async move { users::login_succeeded(tx, id, at(61)).await }));
    login.await.unwrap();
    let alice = users::by_id(&mut fresh.store.read(), id).await.unwrap();
    assert_eq!((alice.failed_logins, alice.blocked_until, alice.last_login), (0, None, Some(at(61))));
    fresh
}

async fn a_code_is_good_once(fresh: Fresh) -> Fresh {
    let id = add_user(&fresh.store, "alice").await.id;
    let step =
        |step| fresh.store.write(move |tx| Box::pin(async move { users::use_totp_step(tx, id, step).await }));
    step(10).await.unwrap();
    assert!(matches!(step(10).await, Err(StoreError::Stale(_))));
    assert!(matches!(step(9).await, Err(StoreError::Stale(_))));
    step(11).await.unwrap();
    // A new secret begins anew.
    let enrol = fresh
        .store
        .write(move |tx| Box::pin(async move { users::set_totp(tx, id, Some(vec![1, 2, 3]), at(1)).await }));
    enrol.await.unwrap();
    assert_eq!(users::by_id(&mut fresh.store.read(), id).await.unwrap().totp_sealed, Some(vec![1, 2, 3]));
    step(5).await.unwrap();
    fresh
}

async fn pages_go_through_all_users(fresh: Fresh) -> Fresh {
    for name in ["carol", "alice", "bob"] {
        add_user(&fresh.store, name).await;
    }
    let mut reader = fresh.store.read();
    let page = users::page_of_all(&mut reader, "", 2).await.unwrap();
    assert_eq!(page.iter().map(|u| u.username.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    let page = users::page_of_all(&mut reader, "bob", 2).await.unwrap();
    assert_eq!(page.iter().map(|u| u.username.as_str()).collect::<Vec<_>>(), ["carol"]);
    fresh
}
