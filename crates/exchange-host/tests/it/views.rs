//! What is read is what was done: at once, and again after a restart.

use exchange_host::view::Range;
use exchange_host::{Handle, SubmitError};
use types::command::Target;
use types::{AccountId, ClientOrderId, Event, OrderId, OrderStatus, Side};

use crate::fixture::{BTCUSDT, cancel, create, limit, open};

/// The id of the order that a receipt accepted.
fn accepted(events: &[Event]) -> OrderId {
    let found = events.iter().find_map(|event| match event {
        Event::Order { order, .. } => Some(order.id),
        _ => None,
    });
    found.unwrap()
}

fn place(
    handle: &Handle,
    account: AccountId,
    side: Side,
    price: i64,
    milli_btc: i64,
    client_id: &str,
) -> OrderId {
    let receipt = handle.submit(limit(account, side, price, milli_btc, client_id), None).wait().unwrap();
    accepted(&receipt.events)
}

/// Everything an account can be asked for.
fn everything(handle: &Handle, account: AccountId) -> String {
    let view = handle.view();
    let range = Range::latest(1_000);
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        view.account(account),
        view.balances(account).balances,
        view.open_orders(account, None),
        view.orders(account, BTCUSDT, &range).unwrap(),
        view.fills(account, BTCUSDT, None, &range).unwrap(),
        view.open_lists(account),
        view.lists(account, &range).unwrap(),
    )
}

#[test]
fn a_restart_changes_nothing_that_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = open(dir.path());
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let (bob, _) = create(&handle, "bob");
    for n in 0..30 {
        place(&handle, alice, Side::Sell, 30_000 + n, 10, &format!("ask-{n}"));
        place(&handle, bob, Side::Buy, 29_990 + n, 7, &format!("bid-{n}"));
        if n % 3 == 0 {
            let id = place(&handle, bob, Side::Buy, 20_000, 1, "short");
            handle.submit(cancel(bob, id), None).wait().unwrap();
        }
    }
    let before = [everything(&handle, alice), everything(&handle, bob)];
    assert!(before[0].contains("Filled") && before[1].contains("Canceled"));
    drop(handle);
    // Once from the journal alone, once from a snapshot.
    for clean in [false, true] {
        if clean {
            host.shutdown();
        } else {
            drop(host);
        }
        host = open(dir.path());
        let handle = host.handle();
        assert_eq!([everything(&handle, alice), everything(&handle, bob)], before, "clean: {clean}");
    }
    assert_eq!(host.handle().status().snapshot_seq, host.handle().status().seq);
}

#[test]
fn a_write_is_seen_by_the_read_that_follows_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    // All in flight together, so that they share commits.
    let pending: Vec<_> = (0..100)
        .map(|n| handle.submit(limit(alice, Side::Buy, 20_000 + n, 1, &format!("bid-{n}")), None))
        .collect();
    for (n, answer) in pending.into_iter().enumerate() {
        let id = accepted(&answer.wait().unwrap().events);
        let client_id = ClientOrderId::new(&format!("bid-{n}")).unwrap();
        let found = handle.view().order(alice, BTCUSDT, &Target::Client(client_id)).unwrap().unwrap();
        assert_eq!((found.order.id, found.order.status), (id, OrderStatus::New));
        handle.submit(cancel(alice, id), None).wait().unwrap();
        for target in [Target::Id(id), Target::Client(client_id), Target::Both(id, client_id)] {
            let found = handle.view().order(alice, BTCUSDT, &target).unwrap().unwrap();
            assert_eq!(found.order.status, OrderStatus::Canceled, "{target:?}");
        }
        let other = ClientOrderId::new("other").unwrap();
        assert_eq!(handle.view().order(alice, BTCUSDT, &Target::Both(id, other)).unwrap(), None);
    }
    assert!(handle.view().open_orders(alice, None).is_empty());
    assert_eq!(handle.view().orders(alice, BTCUSDT, &Range::latest(1_000)).unwrap().len(), 100);
}

#[test]
fn nobody_sees_what_belongs_to_another() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let (bob, _) = create(&handle, "bob");
    let live = place(&handle, alice, Side::Buy, 20_000, 1, "live");
    let closed = place(&handle, alice, Side::Buy, 20_000, 1, "closed");
    handle.submit(cancel(alice, closed), None).wait().unwrap();
    let refused = handle.submit(cancel(bob, live), None).wait().unwrap_err();
    assert_eq!(refused, SubmitError::Refused(types::Refusal::UnknownOrder));
    for id in [live, closed] {
        assert!(handle.view().order(alice, BTCUSDT, &Target::Id(id)).unwrap().is_some());
        assert_eq!(handle.view().order(bob, BTCUSDT, &Target::Id(id)).unwrap(), None);
    }
    let range = Range::latest(10);
    assert!(handle.view().orders(bob, BTCUSDT, &range).unwrap().is_empty());
    assert!(handle.view().open_orders(bob, None).is_empty());
    assert_eq!(handle.view().orders(alice, BTCUSDT, &range).unwrap().len(), 2);
}

#[test]
fn batches_are_whole_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let host = open(dir.path());
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let mut batches = handle.batches();
    let first = handle.status().seq + 1;
    let pending: Vec<_> = (0..200)
        .map(|n| handle.submit(limit(alice, Side::Buy, 20_000, 1, &format!("bid-{n}")), None))
        .collect();
    let receipts: Vec<_> = pending.into_iter().map(|answer| answer.wait().unwrap()).collect();
    let mut next = first;
    while next < first + 200 {
        // The answer to the account's creation may have overtaken its broadcast.
        for applied in batches.blocking_recv().unwrap().applied.iter().filter(|applied| applied.seq >= first)
        {
            let receipt = &receipts[usize::try_from(next - first).unwrap()];
            assert_eq!((applied.seq, applied.at, &applied.events), (next, receipt.at, &receipt.events));
            next += 1;
        }
    }
}
