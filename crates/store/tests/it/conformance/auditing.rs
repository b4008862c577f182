//! The audit log's chain: every way to tamper with it is found.

use store::audit::{self, Checkpoint, Note, Search, Signer, Trust, Verdict};
use store::{Owner, Store};

use super::{add_owner, at, write};
use crate::engines::{Fresh, on_both};

on_both!(
    entries_follow_one_another_and_a_sound_chain_is_sound,
    a_changed_entry_is_found,
    a_missing_entry_is_found,
    a_cut_off_end_is_found,
    a_rewritten_chain_is_found_by_its_checkpoints,
    old_entries_are_archived_and_still_checked,
    entries_at_once_make_one_chain,
    entries_are_found_by_who_and_what_page_by_page,
);

fn note(owner: Owner, action: &str) -> Note {
    Note {
        user_id: Some(owner.user()),
        actor: "alice".to_owned(),
        action: action.to_owned(),
        object: "bot:1".to_owned(),
        detail: "{}".to_owned(),
        ip: "127.0.0.1".to_owned(),
        request_id: "r1".to_owned(),
    }
}

async fn append(store: &Store, owner: Owner, count: i64) {
    for n in 0..count {
        let note = note(owner, if n % 2 == 0 { "bot.start" } else { "bot.stop" });
        write(store, move |tx| Box::pin(async move { audit::append(tx, note, at(n)).await })).await;
    }
}

async fn verify(fresh: &Fresh) -> Verdict {
    audit::verify(&mut fresh.store.read(), &Trust::default()).await.unwrap()
}

async fn fault(fresh: &Fresh) -> (i64, String) {
    let fault = verify(fresh).await.fault.expect("a fault");
    (fault.seq, fault.why)
}

fn signer() -> Signer {
    Signer::derived(&[7; 32]).unwrap()
}

async fn entries_follow_one_another_and_a_sound_chain_is_sound(fresh: Fresh) -> Fresh {
    assert_eq!(verify(&fresh).await, Verdict { entries: 0, checkpoints: 0, fault: None });
    let alice = add_owner(&fresh.store, "alice").await;
    let bob = add_owner(&fresh.store, "bob").await;
    append(&fresh.store, alice, 5).await;
    append(&fresh.store, bob, 2).await;
    assert_eq!(verify(&fresh).await, Verdict { entries: 7, checkpoints: 0, fault: None });
    let mut reader = fresh.store.read();
    let page = audit::page(&mut reader, alice, None, 3).await.unwrap();
    assert_eq!(page.iter().map(|e| e.seq).collect::<Vec<_>>(), [5, 4, 3]);
    let page = audit::page(&mut reader, alice, Some(page[2].timestamp), 3).await.unwrap();
    assert_eq!(page.iter().map(|e| e.seq).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(audit::page_of_action(&mut reader, "bot.stop", None, 10).await.unwrap().len(), 3);
    assert_eq!(audit::page_of_all(&mut reader, Some(7), 2).await.unwrap()[0].seq, 6);
    // An entry of a transaction that fails is not there, and leaves no gap.
    let failed: Result<(), store::StoreError> = fresh
        .store
        .write(move |tx| {
            Box::pin(async move {
                audit::append(tx, note(alice, "bot.start"), at(9)).await?;
                Err(store::StoreError::Stale("on purpose"))
            })
        })
        .await;
    assert!(failed.is_err());
    append(&fresh.store, alice, 1).await;
    assert_eq!(verify(&fresh).await, Verdict { entries: 8, checkpoints: 0, fault: None });
    fresh
}

async fn a_changed_entry_is_found(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    append(&fresh.store, alice, 4).await;
    fresh.sql("UPDATE audit_log SET actor = 'mallory' WHERE seq = 2");
    assert_eq!(fault(&fresh).await, (2, "its content was changed".to_owned()));
    fresh
}

async fn a_missing_entry_is_found(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    append(&fresh.store, alice, 4).await;
    fresh.sql("DELETE FROM audit_log WHERE seq = 3");
    assert_eq!(fault(&fresh).await, (3, "entry 4 follows entry 2".to_owned()));
    fresh.sql("UPDATE audit_log SET seq = 3 WHERE seq = 4");
    assert_eq!(fault(&fresh).await, (3, "it is not bound to the entry before it".to_owned()));
    fresh
}

async fn a_cut_off_end_is_found(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    append(&fresh.store, alice, 4).await;
    fresh.sql("DELETE FROM audit_log WHERE seq = 4");
    assert_eq!(fault(&fresh).await, (4, "the head says entry 4, the last one found is 3".to_owned()));
    fresh
}

async fn a_rewritten_chain_is_found_by_its_checkpoints(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    append(&fresh.store, alice, 4).await;
    let sign =
        || write(&fresh.store, |tx| Box::pin(async move { audit::checkpoint(tx, &signer(), at(5)).await }));
    let kept = sign().await.unwrap();
    assert_eq!(kept.seq, 4);
    assert_eq!(sign().await, None, "it is signed already");
    append(&fresh.store, alice, 1).await;
    assert_eq!(verify(&fresh).await, Verdict { entries: 5, checkpoints: 1, fault: None });
    let trust = |keys, kept| Trust { keys, kept };
    let stranger = trust(vec![vec![9; 32]], vec![]);
    let verdict = audit::verify(&mut fresh.store.read(), &stranger).await.unwrap();
    assert!(verdict.fault.unwrap().why.contains("another key"));
    let own = trust(vec![vec![9; 32], signer().public_key()], vec![kept.clone()]);
    let verdict = audit::verify(&mut fresh.store.read(), &own).await.unwrap();
    assert_eq!(verdict, Verdict { entries: 5, checkpoints: 2, fault: None });
    let forged = Checkpoint { signature: vec![1; 64], ..kept.clone() };
    let verdict = audit::verify(&mut fresh.store.read(), &trust(vec![], vec![forged])).await.unwrap();
    assert!(verdict.fault.unwrap().why.contains("signature"));
    // Everything is taken away, the head too, and a new chain is begun: the checkpoint remembers.
    let zeros = match fresh.store.engine() {
        store::Engine::Sqlite => "zeroblob(32)",
        store::Engine::Postgres => "decode(repeat('00', 32), 'hex')",
    };
    fresh.sql(&format!("DELETE FROM audit_log; UPDATE audit_head SET seq = 0, hash = {zeros}"));
    append(&fresh.store, alice, 3).await;
    assert_eq!(fault(&fresh).await, (4, "a checkpoint proves entry 4, which is missing".to_owned()));
    append(&fresh.store, alice, 2).await;
    let (seq, why) = fault(&fresh).await;
    // The new fourth entry is not the one that was signed.
    assert!(seq == 4 && why.contains("does not fit"), "{seq} {why}");
    // Whoever takes the checkpoints away, too, is caught by one that is not in the database.
    fresh.sql("DELETE FROM audit_checkpoints");
    assert_eq!(verify(&fresh).await.fault, None);
    let verdict = audit::verify(&mut fresh.store.read(), &trust(vec![], vec![kept])).await.unwrap();
    assert!(verdict.fault.unwrap().why.contains("does not fit"));
    fresh
}

async fn old_entries_are_archived_and_still_checked(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    append(&fresh.store, alice, 6).await;
    let archive = |limit| {
        write(&fresh.store, move |tx| Box::pin(async move { audit::archive(tx, at(4), limit).await }))
    };
    assert_eq!(archive(3).await, 3);
    assert_eq!(archive(3).await, 1);
    assert_eq!(archive(3).await, 0);
    assert_eq!(fresh.sql("SELECT count(*) FROM audit_log"), "2");
    assert_eq!(fresh.sql("SELECT count(*) FROM audit_archive"), "4");
    assert_eq!(verify(&fresh).await, Verdict { entries: 6, checkpoints: 0, fault: None });
    fresh.sql("UPDATE audit_archive SET detail = '{\"x\":1}' WHERE seq = 1");
    assert_eq!(fault(&fresh).await.0, 1);
    fresh
}

async fn entries_at_once_make_one_chain(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                write(&store, move |tx| {
                    Box::pin(async move { audit::append(tx, note(alice, "order.place"), at(n)).await })
                })
                .await
            })
        })
        .collect();
    let mut seqs = Vec::new();
    for task in tasks {
        seqs.push(task.await.unwrap());
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=40).collect::<Vec<i64>>());
    assert_eq!(verify(&fresh).await, Verdict { entries: 40, checkpoints: 0, fault: None });
    fresh
}

async fn entries_are_found_by_who_and_what_page_by_page(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    append(&fresh.store, alice, 6).await;
    append(&fresh.store, bob, 3).await;
    let mut reader = fresh.store.read();
    let by = |user: Option<Owner>, action: Option<&str>, before| Search {
        user: user.map(Owner::user),
        action: action.map(str::to_owned),
        before,
    };
    let seqs = |entries: Vec<audit::Entry>| entries.iter().map(|entry| entry.seq).collect::<Vec<_>>();
    let all = audit::search(&mut reader, &by(None, None, None), 100).await.unwrap();
    assert_eq!(seqs(all), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    // Newest by time: Bob's entries are of the same seconds as Alice's first ones.
    let stops = audit::search(&mut reader, &by(None, Some("bot.stop"), None), 2).await.unwrap();
    assert_eq!(seqs(stops), [6, 4]);
    let next = audit::search(&mut reader, &by(None, Some("bot.stop"), Some(4)), 10).await.unwrap();
    assert_eq!(seqs(next), [8, 2], "of two at the same moment the later one comes first");
    let bobs = audit::search(&mut reader, &by(Some(bob), None, None), 10).await.unwrap();
    assert_eq!(seqs(bobs), [9, 8, 7]);
    let both = audit::search(&mut reader, &by(Some(bob), Some("bot.start"), None), 10).await.unwrap();
    assert_eq!(seqs(both), [9, 7]);
    let rest = audit::search(&mut reader, &by(Some(bob), Some("bot.start"), Some(9)), 10).await.unwrap();
    assert_eq!(seqs(rest), [7]);
    let none = audit::search(&mut reader, &by(Some(alice), Some("login"), None), 10).await.unwrap();
    assert!(none.is_empty());
    assert!(super::absent(&audit::search(&mut reader, &by(Some(bob), None, Some(99)), 10).await));
    fresh
}
