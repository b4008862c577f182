//! Nothing is told before it is durable, one sync serves everything that waits, and a failing disk ends acceptance for good.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use exchange_host::limits::RELAXED_MAX;
use exchange_host::{HostConfig, OpenError, Pending, SubmitError, verify};
use journal::Preparation;
use journal::disk::{Fault, FaultyDisk, RealDisk};
use types::command::Target;
use types::{ClientOrderId, Command, OrderId, Side};

use crate::fixture::{BTCUSDT, cancel, create, id, limit, open_with};
use crate::gate::{Gate, GatedDisk};

/// A host whose next segment is made on demand, so that every disk operation has one cause.
fn config(dir: &std::path::Path, disk: Arc<dyn journal::disk::Disk>) -> HostConfig {
    let mut config = HostConfig::new(dir);
    config.journal.disk = disk;
    config.journal.preparation = Preparation::OnDemand;
    config.journal.segment_len = 64 * 1024;
    config
}

fn is_answered(pending: &mut Pending) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    matches!(std::pin::pin!(pending).poll(&mut context), Poll::Ready(_))
}

#[test]
fn everything_that_waits_shares_one_sync_and_nothing_is_told_before() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let host = open_with(&config(dir.path(), Arc::new(GatedDisk(gate.clone()))));
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let (before, seq) = (gate.syncs(), handle.status().seq);
    gate.close();
    let mut first = handle.submit(limit(alice, Side::Buy, 20_000, 1, "first"), None);
    gate.wait_for_more_than(before);
    // The first is written and waits for the disk. It will be order 1; the refusal of its double depends on it.
    let mut others: Vec<Pending> = vec![handle.submit(limit(alice, Side::Buy, 20_000, 1, "first"), None)];
    others
        .extend((0..150).map(|n| handle.submit(limit(alice, Side::Buy, 20_000, 1, &format!("n-{n}")), None)));
    others.push(handle.submit(cancel(alice, OrderId(1)), None));
    assert!(!is_answered(&mut first) && !others.iter_mut().any(is_answered));
    assert_eq!(handle.status().seq, seq);
    assert!(handle.view().open_orders(alice, None).is_empty());
    assert!(handle.batches().try_recv().is_err());
    gate.open();
    first.wait().unwrap();
    let answers: Vec<_> = others.into_iter().map(Pending::wait).collect();
    assert_eq!(answers[0].as_ref().unwrap_err(), &SubmitError::Refused(types::Refusal::DuplicateClientId));
    assert!(answers[1..].iter().all(Result::is_ok));
    assert_eq!(gate.syncs() - before, 2, "one sync for the first, one for all others");
    assert_eq!(handle.view().open_orders(alice, None).len(), 150);
}

#[test]
fn what_nobody_waits_for_rides_with_the_next_commit() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let host = open_with(&config(dir.path(), Arc::new(GatedDisk(gate.clone()))));
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let (before, begun) = (gate.syncs(), handle.now());
    let relaxed: Vec<_> = (0..50)
        .map(|n| handle.submit_relaxed(limit(alice, Side::Buy, 20_000, 1, &format!("relaxed-{n}"))))
        .collect();
    let waiting = handle.submit(limit(alice, Side::Buy, 20_000, 1, "waiting"), None).wait().unwrap();
    for (n, answer) in (0..).zip(relaxed) {
        assert_eq!(answer.wait().unwrap().seq, waiting.seq - 50 + n);
    }
    // One that waited for long enough went alone: on a busy machine fifty may take longer than that.
    let alone = handle.now().since(begun) / i64::try_from(RELAXED_MAX.as_nanos()).unwrap();
    let syncs = i64::try_from(gate.syncs() - before).unwrap();
    assert!(syncs <= 2 + alone, "{syncs} syncs, {alone} of them in time");
    // And alone when nothing else comes.
    handle.submit_relaxed(limit(alice, Side::Buy, 20_000, 1, "alone")).wait().unwrap();
}

#[test]
fn a_command_whose_deadline_passes_in_the_queue_is_late() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let host = open_with(&config(dir.path(), Arc::new(GatedDisk(gate.clone()))));
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let before = gate.syncs();
    gate.close();
    let first = handle.submit(limit(alice, Side::Buy, 20_000, 1, "first"), None);
    gate.wait_for_more_than(before);
    let deadline = handle.now().plus_nanos(1_000_000);
    let second = handle.submit(limit(alice, Side::Buy, 20_000, 1, "second"), Some(deadline));
    while handle.now() <= deadline {
        std::thread::yield_now();
    }
    gate.open();
    first.wait().unwrap();
    assert_eq!(second.wait().unwrap_err(), SubmitError::Late);
    assert_eq!(handle.view().open_orders(alice, None).len(), 1);
}

#[test]
fn a_full_queue_turns_commands_away_and_forgets_none() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let host = open_with(&config(dir.path(), Arc::new(GatedDisk(gate.clone()))));
    let handle = host.handle();
    let (alice, _) = create(&handle, "alice");
    let before = gate.syncs();
    gate.close();
    let pay = || Command::Deposit { account: alice, asset: types::AssetId(2), amount: types::Money(1) };
    let mut pending = vec![handle.submit(pay(), None)];
    gate.wait_for_more_than(before);
    pending.extend((0..exchange_host::limits::QUEUE_MAX).map(|_| handle.submit(pay(), None)));
    assert_eq!(handle.submit(pay(), None).wait().unwrap_err(), SubmitError::Busy);
    gate.open();
    let count = i128::try_from(pending.len()).unwrap();
    pending.into_iter().for_each(|answer| assert!(answer.wait().is_ok()));
    let held =
        handle.view().balances(alice).balances.into_iter().find(|b| b.asset == types::AssetId(2)).unwrap();
    assert_eq!(held.available.0, count);
}

/// The orders of the script below whose answer was a success, and whether the host stopped.
fn script(dir: &std::path::Path, disk: &FaultyDisk) -> Result<(Vec<String>, bool), OpenError> {
    let host = exchange_host::open(&config(dir, Arc::new(disk.clone())), &mut |_| {})?;
    let handle = host.handle();
    let mut done = Vec::new();
    let fund = [crate::fixture::amount("USDT", "1000000")];
    if exchange_host::admin::Admin::new(handle.clone()).create_account("alice", &fund).is_ok() {
        let alice = id(&handle, "alice");
        for n in 0..6 {
            let pending: Vec<_> = (0..3)
                .map(|leg| format!("{n}-{leg}"))
                .map(|name| (handle.submit(limit(alice, Side::Buy, 20_000, 1, &name), None), name))
                .collect();
            for (answer, name) in pending {
                match answer.wait() {
                    Ok(_) => done.push(name),
                    Err(error) => assert_eq!(error, SubmitError::Stopped),
                }
            }
            if n == 3 {
                // May fail without harm to the exchange.
                let _ = exchange_host::admin::Admin::new(handle.clone())
                    .perform(exchange_host::admin::Request::Snapshot {});
            }
        }
    }
    let status = handle.status();
    if !status.ready {
        assert!(status.stopped.is_some());
        let refused = handle.submit(Command::Batch(Vec::new()), None).wait().unwrap_err();
        assert_eq!(refused, SubmitError::Stopped, "nothing is accepted after a failure");
    }
    drop(handle);
    host.shutdown();
    Ok((done, !status.ready))
}

#[test]
fn an_input_output_error_at_any_operation_loses_nothing_that_was_answered() {
    let total = {
        let dir = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::new(Arc::new(RealDisk));
        let (done, stopped) = script(dir.path(), &disk).unwrap();
        assert_eq!((done.len(), stopped), (18, false));
        disk.operations()
    };
    let mut stopped_count = 0;
    for (operation, fault) in (1..=total).flat_map(|n| [(n, Fault::Error(5)), (n, Fault::ShortThenError(28))])
    {
        let dir = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::new(Arc::new(RealDisk));
        disk.fail_at(operation, fault, false);
        let Ok((done, stopped)) = script(dir.path(), &disk) else { continue };
        stopped_count += u32::from(stopped);
        let host = open_with(&config(dir.path(), Arc::new(RealDisk)));
        let handle = host.handle();
        for name in &done {
            let target = Target::Client(ClientOrderId::new(name).unwrap());
            let found = handle.view().order(id(&handle, "alice"), BTCUSDT, &target).unwrap();
            assert!(found.is_some(), "{name} is lost after {fault:?} at operation {operation}");
        }
        assert!(stopped || done.len() == 18, "{fault:?} at operation {operation}: {} of 18", done.len());
        drop((handle, host));
        assert_eq!(verify(dir.path(), &mut |_| {}).unwrap().findings, []);
    }
    assert!(stopped_count > 5, "{stopped_count} of {total} failures stopped the host");
}
