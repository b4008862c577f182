//! Logins and their refresh tokens.

use store::sessions::{self, Origin, Rotation, Session};
use store::{Owner, SessionId, Store};

use super::{T0, absent, add_owner, at};
use crate::engines::{Fresh, on_both};

on_both!(
    a_token_is_rotated_and_the_next_one_works,
    a_token_used_twice_ends_the_login,
    of_two_uses_at_once_one_wins,
    a_login_belongs_to_its_owner,
    an_ended_or_expired_login_is_refused,
    logins_of_long_ago_are_removed,
);

async fn begin(store: &Store, owner: Owner, token: &'static [u8]) -> Session {
    let origin = Origin { ip: "127.0.0.1".to_owned(), user_agent: "test".to_owned() };
    store
        .write(move |tx| {
            Box::pin(async move { sessions::begin(tx, owner, token, &origin, T0, at(1_000)).await })
        })
        .await
        .unwrap()
}

async fn rotate(store: &Store, token: &'static [u8], next: &'static [u8], second: i64) -> Rotation {
    store
        .write(move |tx| {
            Box::pin(async move { sessions::rotate(tx, token, next, at(second), at(second + 1_000)).await })
        })
        .await
        .unwrap()
}

async fn live(store: &Store, owner: Owner) -> Vec<Session> {
    sessions::live(&mut store.read(), owner, at(8)).await.unwrap()
}

async fn a_token_is_rotated_and_the_next_one_works(fresh: Fresh) -> Fresh {
    let owner = add_owner(&fresh.store, "alice").await;
    let session = begin(&fresh.store, owner, b"one").await;
    let Rotation::Rotated(rotated) = rotate(&fresh.store, b"one", b"two", 10).await else { panic!() };
    assert_eq!((rotated.id, rotated.last_used_at, rotated.expires_at), (session.id, at(10), at(1_010)));
    assert!(matches!(rotate(&fresh.store, b"two", b"three", 20).await, Rotation::Rotated(_)));
    assert_eq!(rotate(&fresh.store, b"never seen", b"x", 20).await, Rotation::Refused);
    fresh
}

async fn a_token_used_twice_ends_the_login(fresh: Fresh) -> Fresh {
    let owner = add_owner(&fresh.store, "alice").await;
    begin(&fresh.store, owner, b"one").await;
    rotate(&fresh.store, b"one", b"two", 10).await;
    let Rotation::Reused(session) = rotate(&fresh.store, b"one", b"thief", 11).await else { panic!() };
    assert_eq!(session.revoked_at, Some(at(11)));
    assert_eq!(
        rotate(&fresh.store, b"two", b"three", 12).await,
        Rotation::Refused,
        "the newest is void as well"
    );
    assert_eq!(rotate(&fresh.store, b"thief", b"x", 12).await, Rotation::Refused);
    assert_eq!(sessions::revoked_since(&mut fresh.store.read(), at(11)).await.unwrap(), [session.id]);
    assert_eq!(sessions::revoked_since(&mut fresh.store.read(), at(12)).await.unwrap(), []);
    fresh
}

async fn of_two_uses_at_once_one_wins(fresh: Fresh) -> Fresh {
    let owner = add_owner(&fresh.store, "alice").await;
    begin(&fresh.store, owner, b"one").await;
    let (a, b) = tokio::join!(rotate(&fresh.store, b"one", b"a", 10), rotate(&fresh.store, b"one", b"b", 10));
    let won = [&a, &b].into_iter().filter(|r| matches!(r, Rotation::Rotated(_))).count();
    let reused = [&a, &b].into_iter().filter(|r| matches!(r, Rotation::Reused(_))).count();
    assert_eq!((won, reused), (1, 1), "{a:?} {b:?}");
    fresh
}

async fn a_login_belongs_to_its_owner(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let of_alice = begin(&fresh.store, alice, b"one").await;
    let second = begin(&fresh.store, alice, b"two").await;
    let of_bob = begin(&fresh.store, bob, b"three").await;
    let revoke = |owner, id: SessionId| {
        fresh
            .store
            .write(move |tx| Box::pin(async move { sessions::revoke(tx, owner, id, "logout", at(5)).await }))
    };
    assert!(absent(&revoke(bob, of_alice.id).await));
    assert_eq!(live(&fresh.store, alice).await.len(), 2);
    revoke(alice, of_alice.id).await.unwrap();
    assert_eq!(live(&fresh.store, alice).await.iter().map(|s| s.id).collect::<Vec<_>>(), [second.id]);
    let third = begin(&fresh.store, alice, b"four").await;
    let all = fresh.store.write(move |tx| {
        Box::pin(
            async move { sessions::revoke_all(tx, alice, Some(third.id), "password changed", at(7)).await },
        )
    });
    assert_eq!(all.await.unwrap(), [second.id]);
    assert_eq!(live(&fresh.store, alice).await.iter().map(|s| s.id).collect::<Vec<_>>(), [third.id]);
    assert_eq!(live(&fresh.store, bob).await.iter().map(|s| s.id).collect::<Vec<_>>(), [of_bob.id]);
    fresh
}

async fn an_ended_or_expired_login_is_refused(fresh: Fresh) -> Fresh {
    let owner = add_owner(&fresh.store, "alice").await;
    let session = begin(&fresh.store, owner, b"one").await;
    begin(&fresh.store, owner, b"two").await;
    let revoke = fresh.store.write(move |tx| {
        Box::pin(async move { sessions::revoke(tx, owner, session.id, "logout", at(5)).await })
    });
    revoke.await.unwrap();
    assert_eq!(rotate(&fresh.store, b"one", b"x", 6).await, Rotation::Refused);
    assert_eq!(
        rotate(&fresh.store, b"two", b"y", 1_000).await,
        Rotation::Refused,
        "expired at that very moment"
    );
    fresh
}

async fn logins_of_long_ago_are_removed(fresh: Fresh) -> Fresh {
    let owner = add_owner(&fresh.store, "alice").await;
    for token in [b"one", b"two"] {
        begin(&fresh.store, owner, token).await;
    }
    rotate(&fresh.store, b"two", b"next", 500).await;
    let prune = || fresh.store.write(|tx| Box::pin(async move { sessions::prune(tx, at(1_200), 100).await }));
    assert_eq!(prune().await.unwrap(), 1);
    assert_eq!(prune().await.unwrap(), 0);
    assert_eq!(sessions::live(&mut fresh.store.read(), owner, at(600)).await.unwrap().len(), 1);
    fresh
}
