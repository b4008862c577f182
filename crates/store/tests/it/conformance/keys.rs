//! Keys, accounts and settings: each belongs to its owner.

use std::collections::BTreeMap;

use store::keys::{self, ApiKey, VenueKey};
use store::settings::{self, Scope};
use store::{AccountId, StoreError, VenueKeyId, accounts};

use super::{T0, absent, add_account, add_owner, at, write};
use crate::engines::{Fresh, on_both};

on_both!(
    an_api_key_is_found_by_its_public_part_and_voided_by_its_owner,
    a_venue_key_is_its_owners_and_resealed_from_the_version_that_was_read,
    a_venue_key_in_use_stays,
    the_first_account_is_the_default_until_another_is,
    an_account_is_its_owners_and_can_be_halted,
    settings_have_a_scope,
);

fn api_key(owner: store::Owner, id: &str) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        user_id: owner.user(),
        label: "bot".to_owned(),
        secret_sealed: vec![0, 255, 1],
        scopes: "read trade".to_owned(),
        ip_list: String::new(),
        created_at: T0,
        last_used_at: None,
        expires_at: Some(at(100)),
        revoked_at: None,
    }
}

async fn an_api_key_is_found_by_its_public_part_and_voided_by_its_owner(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let key = api_key(alice, "k1");
    let same = key.clone();
    write(&fresh.store, move |tx| Box::pin(async move { keys::add_api_key(tx, &same).await })).await;
    let found = keys::api_key(&mut fresh.store.read(), "k1").await.unwrap().unwrap();
    assert_eq!(found, key);
    assert!(found.is_live(at(99)) && !found.is_live(at(100)));
    assert_eq!(keys::api_key(&mut fresh.store.read(), "k2").await.unwrap(), None);
    assert_eq!(keys::api_keys(&mut fresh.store.read(), bob).await.unwrap(), []);
    let revoke = |owner, second| {
        fresh
            .store
            .write(move |tx| Box::pin(async move { keys::revoke_api_key(tx, owner, "k1", at(second)).await }))
    };
    assert!(absent(&revoke(bob, 5).await));
    revoke(alice, 6).await.unwrap();
    revoke(alice, 7).await.unwrap();
    write(&fresh.store, |tx| Box::pin(async move { keys::api_key_used(tx, "k1", at(8)).await })).await;
    let found = keys::api_keys(&mut fresh.store.read(), alice).await.unwrap();
    assert_eq!((found[0].revoked_at, found[0].last_used_at), (Some(at(6)), Some(at(8))));
    assert!(!found[0].is_live(at(7)));
    fresh
}

fn venue_key(owner: store::Owner) -> VenueKey {
    VenueKey {
        id: VenueKeyId::new(),
        user_id: owner.user(),
        venue: "binance".to_owned(),
        label: "main".to_owned(),
        tail: "x9Zq".to_owned(),
        sealed: vec![7; 64],
        version: 1,
        created_at: T0,
        last_used_at: None,
    }
}

async fn a_venue_key_is_its_owners_and_resealed_from_the_version_that_was_read(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let key = venue_key(alice);
    let (id, same) = (key.id, key.clone());
    write(&fresh.store, move |tx| Box::pin(async move { keys::add_venue_key(tx, &same).await })).await;
    assert!(absent(&keys::venue_key(&mut fresh.store.read(), bob, id).await));
    assert_eq!(keys::venue_key(&mut fresh.store.read(), alice, id).await.unwrap(), key);
    let again = VenueKey { id: VenueKeyId::new(), ..key };
    let taken = fresh.store.write(move |tx| Box::pin(async move { keys::add_venue_key(tx, &again).await }));
    assert!(taken.await.unwrap_err().is_taken("venue_keys.user_id,venue,label"));
    let reseal = |version| {
        fresh.store.write(move |tx| {
            Box::pin(async move { keys::reseal_venue_key(tx, alice, id, version, vec![8; 64]).await })
        })
    };
    reseal(1).await.unwrap();
    assert!(matches!(reseal(1).await, Err(StoreError::Stale(_))));
    assert_eq!(keys::venue_keys(&mut fresh.store.read(), alice).await.unwrap()[0].version, 2);
    let remove = |owner| {
        fresh.store.write(move |tx| Box::pin(async move { keys::remove_venue_key(tx, owner, id).await }))
    };
    assert!(absent(&remove(bob).await));
    remove(alice).await.unwrap();
    fresh
}

async fn a_venue_key_in_use_stays(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let key = venue_key(alice);
    let id = key.id;
    write(&fresh.store, move |tx| Box::pin(async move { keys::add_venue_key(tx, &key).await })).await;
    let account = accounts::Account {
        id: AccountId::new(),
        user_id: alice.user(),
        name: "live".to_owned(),
        venue: "binance".to_owned(),
        mode: accounts::Mode::Live,
        venue_account: None,
        venue_key_id: Some(id),
        is_default: false,
        halted_at: None,
        halt_reason: None,
        created_at: T0,
        bot_id: None,
    };
    write(&fresh.store, move |tx| Box::pin(async move { accounts::open(tx, &account).await })).await;
    let remove =
        fresh.store.write(move |tx| Box::pin(async move { keys::remove_venue_key(tx, alice, id).await }));
    assert!(matches!(remove.await, Err(StoreError::Reference { .. })));
    assert_eq!(keys::venue_keys(&mut fresh.store.read(), alice).await.unwrap().len(), 1);
    fresh
}

async fn the_first_account_is_the_default_until_another_is(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    assert!(absent(&accounts::default(&mut fresh.store.read(), alice).await));
    let first = add_account(&fresh.store, alice, "main").await;
    let second = add_account(&fresh.store, alice, "other").await;
    let of_bob = add_account(&fresh.store, bob, "main").await;
    assert_eq!(accounts::default(&mut fresh.store.read(), alice).await.unwrap().id, first);
    let set = |owner, id| {
        fresh.store.write(move |tx| Box::pin(async move { accounts::set_default(tx, owner, id).await }))
    };
    set(alice, second).await.unwrap();
    assert!(absent(&set(alice, of_bob).await));
    assert_eq!(accounts::default(&mut fresh.store.read(), alice).await.unwrap().id, second);
    assert_eq!(accounts::default(&mut fresh.store.read(), bob).await.unwrap().id, of_bob);
    let all = accounts::page_of_all(&mut fresh.store.read(), None, 2).await.unwrap();
    let rest = accounts::page_of_all(&mut fresh.store.read(), Some(all[1].id), 2).await.unwrap();
    assert_eq!((all.len(), rest.len()), (2, 1));
    fresh
}

async fn an_account_is_its_owners_and_can_be_halted(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let id = add_account(&fresh.store, alice, "main").await;
    assert!(absent(&accounts::by_id(&mut fresh.store.read(), bob, id).await));
    let halt = |owner, reason: Option<&'static str>| {
        fresh
            .store
            .write(move |tx| Box::pin(async move { accounts::set_halt(tx, owner, id, reason, at(3)).await }))
    };
    assert!(absent(&halt(bob, Some("mine")).await));
    halt(alice, Some("drawdown")).await.unwrap();
    let account = accounts::by_id(&mut fresh.store.read(), alice, id).await.unwrap();
    assert_eq!((account.halted_at, account.halt_reason.as_deref()), (Some(at(3)), Some("drawdown")));
    halt(alice, None).await.unwrap();
    assert_eq!(accounts::list(&mut fresh.store.read(), alice).await.unwrap()[0].halted_at, None);
    fresh
}

async fn settings_have_a_scope(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    write(&fresh.store, move |tx| {
        Box::pin(async move {
            settings::set(tx, Scope::System, "theme", "\"light\"", None, T0).await?;
            settings::set(tx, Scope::Of(alice), "theme", "\"dark\"", Some(alice.user()), T0).await?;
            settings::set(tx, Scope::Of(alice), "theme", "\"safe\"", Some(alice.user()), at(1)).await
        })
    })
    .await;
    let all = |scope| {
        let store = fresh.store.clone();
        async move { settings::all(&mut store.read(), scope).await.unwrap() }
    };
    let one = |value: &str| BTreeMap::from([("theme".to_owned(), value.to_owned())]);
    assert_eq!(all(Scope::System).await, one("\"light\""));
    assert_eq!(all(Scope::Of(alice)).await, one("\"safe\""));
    assert_eq!(all(Scope::Of(bob)).await, BTreeMap::new());
    let remove = || {
        write(&fresh.store, move |tx| {
            Box::pin(async move { settings::remove(tx, Scope::Of(alice), "theme").await })
        })
    };
    assert!(remove().await);
    assert!(!remove().await);
    fresh
}
