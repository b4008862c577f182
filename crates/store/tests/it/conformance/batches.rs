//! What a projection writes at once: few statements for many rows, all of it once or nothing.

use store::orders::{self, Order};
use store::projections::{self, Position as Place};
use store::trades::{self, Trade};
use store::{AccountId, OrderId, StoreError, Ts};

use super::trading::order;
use super::{add_account, add_owner, add_pair, amount, at, trade};
use crate::engines::{Fresh, on_both};

on_both!(many_rows_take_few_statements_and_are_applied_once);

/// What a projection writes at once.
#[derive(Clone)]
struct Batch {
    fresh: Vec<Order>,
    changed: Vec<Order>,
    fills: Vec<Trade>,
    notes: Vec<(store::audit::Note, Ts)>,
}

async fn apply_batch(tx: &mut store::Tx, batch: &Batch, from: Place, to: Place) -> Result<(), StoreError> {
    projections::advance(tx, "batches", "shard-0", from, to, at(1)).await?;
    orders::put_new(tx, &batch.fresh).await?;
    orders::put_all(tx, &batch.changed).await?;
    trades::put(tx, &batch.fills).await?;
    store::audit::append_all(tx, batch.notes.clone()).await.map(|_| ())
}

async fn many_rows_take_few_statements_and_are_applied_once(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let (account, pair) = (add_account(&fresh.store, alice, "main").await, add_pair(&fresh.store).await);
    let placed: Vec<Order> = (0..301).map(|n| order(alice, account, pair, n)).collect();
    let changed = placed.iter().map(|order| Order {
        live: false,
        status: "filled".to_owned(),
        filled_quantity: amount("0.5"),
        price: None,
        ..order.clone()
    });
    let note = |n: i64| store::audit::Note { action: format!("a{n}"), ..store::audit::Note::default() };
    let batch = Batch {
        changed: changed.collect(),
        fills: (0..301).map(|n| trade(alice, account, n)).collect(),
        notes: (0..301).map(|n| (note(n), at(n))).collect(),
        fresh: placed,
    };
    let place = |seq| Place { epoch: 0, seq };
    let apply = |from: i64, to: i64, crash: bool| {
        let batch = batch.clone();
        fresh.store.write(move |tx| {
            Box::pin(async move {
                apply_batch(tx, &batch, place(from), place(to)).await?;
                if crash { Err(StoreError::Busy("a crash before the commit")) } else { Ok(()) }
            })
        })
    };
    let counts = || {
        ["orders", "trades", "audit_log", "projections"]
            .map(|table| fresh.sql(&format!("SELECT count(*) FROM {table}")))
    };
    apply(0, 301, true).await.unwrap_err();
    assert_eq!(counts(), ["0", "0", "0", "0"], "nothing without the commit");
    let (done, statements) = store::counted(apply(0, 301, false)).await;
    done.unwrap();
    // Each table's 301 rows go as 128, 128, 32, 8, 4, 1; the rest are the position, the head of the log and a partition.
    assert!(statements <= 28, "{statements} statements for 1,204 rows");
    assert_eq!(counts(), ["301", "301", "301", "1"]);
    assert!(matches!(apply(0, 301, false).await, Err(StoreError::Stale(_))), "the same once more");
    assert_eq!(counts(), ["301", "301", "301", "1"]);
    let ids: Vec<OrderId> = batch.changed.iter().rev().map(|order| order.id).collect();
    let mut reader = fresh.store.read();
    let (mut found, statements) = store::counted(orders::by_ids_of_all(&mut reader, &ids)).await;
    assert_eq!(statements, 3, "128, 128 and 45");
    let by_name = |order: &Order| order.created_at;
    found.as_mut().unwrap().sort_by_key(by_name);
    assert_eq!(found.unwrap(), batch.changed, "the last word of each");
    let names: Vec<String> = ["c7", "nobody's", "c299"].map(ToOwned::to_owned).into();
    let mut named = orders::by_client_ids_of_all(&mut reader, account, &names).await.unwrap();
    named.sort_by_key(by_name);
    assert_eq!(named, [batch.changed[7].clone(), batch.changed[299].clone()]);
    assert_eq!(orders::by_client_ids_of_all(&mut reader, AccountId::new(), &names).await.unwrap(), []);
    fresh
}
