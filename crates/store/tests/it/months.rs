//! Months go out of the database and come back, whole or not at all.

use std::io::Cursor;

use store::months::{self, Month};
use store::trades::{self, Filter, Place, Trade};
use store::{Engine, Owner, Store, StoreError, TradeId, Ts};

use crate::conformance::{add_account, add_owner, add_pair, trade, write};
use crate::engines::{Fresh, on_both};

on_both!(a_month_goes_into_a_file_and_comes_back, what_cannot_be_archived_stays);

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// A moment of a day of a month.
fn day(text: &str, day: i64) -> Ts {
    month(text).begins().plus_seconds((day - 1) * 86_400 + 3_600)
}

async fn filled(store: &Store) -> (Owner, Vec<Trade>) {
    let alice = add_owner(store, "alice").await;
    let account = add_account(store, alice, "main").await;
    add_pair(store).await;
    let mut fills = Vec::new();
    for (of, days) in [("2026-03", 31), ("2026-04", 30), ("2026-05", 10)] {
        for n in 1..=days {
            fills.push(Trade { created_at: day(of, n), id: TradeId::new(), ..trade(alice, account, 0) });
        }
    }
    let rows = fills.clone();
    assert_eq!(write(store, move |tx| Box::pin(async move { trades::import(tx, &rows).await })).await, 71);
    (alice, fills)
}

async fn count(store: &Store, owner: Owner) -> usize {
    trades::page(&mut store.read(), owner, &Filter::default(), Place::Newest, 1_000).await.unwrap().len()
}

async fn listed(store: &Store) -> Vec<(String, u64)> {
    months::list(store).await.unwrap().into_iter().map(|one| (one.month, one.fills)).collect()
}

async fn a_month_goes_into_a_file_and_comes_back(fresh: Fresh) -> Fresh {
    let (alice, fills) = filled(&fresh.store).await;
    let now = day("2026-06", 1);
    let mut file = Vec::new();
    let written = months::write(&fresh.store, month("2026-04"), &mut file, now).await.unwrap();
    assert_eq!((written.rows, count(&fresh.store, alice).await), (30, 71), "writing removes nothing");
    assert_eq!(months::remove(&fresh.store, month("2026-04"), 30, now).await.unwrap(), 30);
    let of = |text: &str, n| (text.to_owned(), n);
    assert_eq!(listed(&fresh.store).await, [of("2026-03", 31), of("2026-05", 10)]);
    if fresh.store.engine() == Engine::Postgres {
        assert_eq!(fresh.sql("SELECT to_regclass('trades_y2026m04') IS NULL"), "t");
    }
    // Once more, as after a crash: nothing is there, so nothing may be removed for thirty.
    assert!(matches!(
        months::remove(&fresh.store, month("2026-04"), 30, now).await,
        Err(StoreError::Stale(_))
    ));
    let back = months::bring_back(&fresh.store, Cursor::new(file.clone())).await.unwrap();
    assert_eq!((back.rows, count(&fresh.store, alice).await), (30, 71));
    let all =
        trades::page(&mut fresh.store.read(), alice, &Filter::default(), Place::Newest, 1_000).await.unwrap();
    let mut sorted = fills;
    sorted.sort_by_key(|fill| std::cmp::Reverse((fill.created_at, fill.id.0)));
    assert_eq!(all, sorted, "to the last column");
    let twice = months::bring_back(&fresh.store, Cursor::new(file)).await;
    assert!(matches!(twice, Err(StoreError::Taken { .. })), "{twice:?}");
    assert_eq!(count(&fresh.store, alice).await, 71);
    assert_eq!(store::statistics::faults(&fresh.store).await.unwrap(), Vec::<String>::new());
    fresh
}

async fn what_cannot_be_archived_stays(fresh: Fresh) -> Fresh {
    let (alice, _) = filled(&fresh.store).await;
    let mut file = Vec::new();
    let early = months::write(&fresh.store, month("2026-05"), &mut file, day("2026-05", 31)).await;
    assert!(matches!(early, Err(StoreError::Unfit(_))) && file.is_empty());
    let now = day("2026-06", 1);
    let other = months::remove(&fresh.store, month("2026-05"), 9, now).await;
    assert!(matches!(other, Err(StoreError::Stale(_))), "the file has fewer than there are");
    months::write(&fresh.store, month("2026-05"), &mut file, now).await.unwrap();
    let text = String::from_utf8(file).unwrap();
    let changed = text.replacen("\"buy\"", "\"sell\"", 1);
    let damaged = months::bring_back(&fresh.store, Cursor::new(changed)).await.unwrap_err();
    assert!(
        damaged.to_string().contains("checksum") || matches!(damaged, StoreError::Taken { .. }),
        "{damaged}"
    );
    let mut whole = Vec::new();
    store::backup::write(&fresh.store, &mut whole, now).await.unwrap();
    let backup = months::bring_back(&fresh.store, Cursor::new(whole)).await.unwrap_err();
    assert!(backup.to_string().contains("it is a backup"), "{backup}");
    assert_eq!(count(&fresh.store, alice).await, 71);
    fresh
}
