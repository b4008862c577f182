//! What recovery makes of snapshots, buffered durability, and a history that knows more than the journal.

use std::path::Path;

use exchange_host::view::Range;
use exchange_host::{Durability, HostConfig, Progress, verify};
use types::{AccountId, Command, OrderId, Side};

use crate::fixture::{BTCUSDT, cancel, create, id, limit, open_with};

fn config(dir: &Path) -> HostConfig {
    let mut config = HostConfig::new(dir);
    config.journal.segment_len = 16 * 1024;
    config.snapshot_every = 100;
    config
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Places and cancels an order so many times.
fn churn(handle: &exchange_host::Handle, account: AccountId, times: usize) {
    for n in 0..times {
        let receipt =
            handle.submit(limit(account, Side::Buy, 20_000, 1, &format!("o-{n}")), None).wait().unwrap();
        let found = receipt.events.iter().find_map(|event| match event {
            types::Event::Order { order, .. } => Some(order.id),
            _ => None,
        });
        handle.submit(cancel(account, found.unwrap()), None).wait().unwrap();
    }
}

#[test]
fn snapshots_bound_the_disk_and_the_replay() {
    let dir = tempfile::tempdir().unwrap();
    let host = open_with(&config(dir.path()));
    let (alice, _) = create(&host.handle(), "alice");
    churn(&host.handle(), alice, 1_000);
    // Answered when it is on disk, after every one ordered before.
    let seq = snapshot_of(&host.handle());
    assert_eq!(host.handle().status().snapshot_seq, seq);
    drop(host);
    let names = std::fs::read_dir(dir.path().join("journal")).unwrap();
    let bytes: u64 = names.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < 500_000, "{bytes} bytes for 2,000 commands");
    let mut seen = Vec::new();
    let host = exchange_host::open(&config(dir.path()), &mut |progress| seen.push(progress)).unwrap();
    assert_eq!(seen, [Progress::Snapshot { seq }, Progress::Ready { seq, replayed: 0 }]);
    assert_eq!(host.handle().view().orders(alice, BTCUSDT, &Range::latest(1_000)).unwrap().len(), 1_000);
    drop(host);
    let verified = verify(dir.path(), &mut |_| {}).unwrap();
    assert!(verified.from_seq > 0 && verified.findings.is_empty());
}

/// A batch of the participants is one command and two kilobytes: the size of the tail bounds a restart, not its count alone.
#[test]
fn large_records_bring_a_snapshot_by_their_size() {
    let dir = tempfile::tempdir().unwrap();
    let config = HostConfig { durability: Durability::Buffered, ..HostConfig::new(dir.path()) };
    let host = open_with(&config);
    let memo = |bytes: &[u8]| {
        let command = Command::Memo { slot: 9, bytes: bytes.into() };
        host.handle().submit(command, None).wait().unwrap().seq
    };
    // The snapshot is written beside the commands, however long that takes: its number tells when it was ordered.
    let large = vec![7_u8; 60 * 1024];
    let records = exchange_host::limits::SNAPSHOT_BYTES.div_ceil(large.len());
    let before = (1..records).fold(0, |_, _| memo(&large));
    assert_eq!(host.handle().status().snapshot_seq, 0, "a snapshot below {} bytes", records * large.len());
    let after = (0..records).fold(0, |_, _| memo(&large));
    while host.handle().status().snapshot_seq == 0 {
        memo(&[7]);
    }
    let ordered = host.handle().status().snapshot_seq;
    assert!((before..=after).contains(&ordered), "ordered at {ordered}, not within {before} to {after}");
}

/// Takes a snapshot; another one may be being written.
fn snapshot_of(handle: &exchange_host::Handle) -> u64 {
    use exchange_host::admin::{Admin, Reply, Request};
    loop {
        match Admin::new(handle.clone()).perform(Request::Snapshot {}) {
            Reply::Snapshot { seq } => return seq,
            Reply::Error { message, .. } => assert!(message.contains("another snapshot"), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_snapshot_made_from_the_journal_is_the_state_itself() {
    for durability in [Durability::Fsync, Durability::Buffered] {
        let dir = tempfile::tempdir().unwrap();
        let mut config = HostConfig { durability, ..config(dir.path()) };
        config.snapshots_kept = 100;
        let host = open_with(&config);
        let (alice, _) = create(&host.handle(), "alice");
        churn(&host.handle(), alice, 150);
        let asked = snapshot_of(&host.handle());
        drop(host);
        // Verification replays from the beginning and compares the newest snapshot with what it finds there.
        let verified = verify(dir.path(), &mut |_| {}).unwrap();
        assert_eq!((verified.from_seq, verified.findings), (0, Vec::new()));
        let name = format!("snapshot-{asked:020}.bin");
        assert!(dir.path().join("journal").join(name).exists());
    }
}

#[test]
fn when_the_journal_cannot_give_a_state_the_writer_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.snapshot_every = u64::MAX;
    let host = open_with(&config);
    let (alice, _) = create(&host.handle(), "alice");
    churn(&host.handle(), alice, 100);
    // The first segment is gone: nothing can be replayed.
    std::fs::remove_file(dir.path().join("journal").join(format!("segment-{:020}.log", 1))).unwrap();
    let ask = || {
        exchange_host::admin::Admin::new(host.handle()).perform(exchange_host::admin::Request::Snapshot {})
    };
    assert!(matches!(ask(), exchange_host::admin::Reply::Error { .. }));
    let seq = snapshot_of(&host.handle());
    drop(host);
    let mut seen = Vec::new();
    let host = exchange_host::open(&config, &mut |progress| seen.push(progress)).unwrap();
    assert_eq!(seen.first(), Some(&Progress::Snapshot { seq }));
    assert_eq!(host.handle().view().orders(alice, BTCUSDT, &Range::latest(1_000)).unwrap().len(), 100);
}

#[test]
fn buffered_durability_survives_the_end_of_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let buffered = HostConfig { durability: Durability::Buffered, ..config(dir.path()) };
    let host = open_with(&buffered);
    let (alice, _) = create(&host.handle(), "alice");
    churn(&host.handle(), alice, 400);
    let seq = host.handle().status().seq;
    drop(host);
    let host = open_with(&buffered);
    assert_eq!(host.handle().status().seq, seq);
    assert_eq!(host.handle().view().orders(alice, BTCUSDT, &Range::latest(1_000)).unwrap().len(), 400);
}

#[test]
fn a_history_of_commands_that_never_happened_is_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let host = open_with(&config(dir.path()));
    let (alice, _) = create(&host.handle(), "alice");
    churn(&host.handle(), alice, 10);
    host.shutdown();
    // A power cut takes the last moments of a buffered journal, but not those of history.
    let (journal, old) = (dir.path().join("journal"), dir.path().join("old"));
    copy(&journal, &old);
    let host = open_with(&config(dir.path()));
    churn(&host.handle(), alice, 20);
    host.shutdown();
    std::fs::remove_dir_all(&journal).unwrap();
    std::fs::rename(&old, &journal).unwrap();

    let host = open_with(&config(dir.path()));
    let handle = host.handle();
    assert_eq!(id(&handle, "alice"), alice);
    let range = Range::latest(1_000);
    assert!(
        handle
            .view()
            .orders(alice, BTCUSDT, &range)
            .unwrap()
            .iter()
            .all(|record| record.order.id <= OrderId(10))
    );
    churn(&handle, alice, 1);
    assert_eq!(handle.view().orders(alice, BTCUSDT, &range).unwrap().last().unwrap().order.id, OrderId(11));
}

/// Runs an exchange with three snapshots, then `spoil`s its history while it is closed.
fn spoiled(dir: &Path, kept: usize, spoil: impl Fn(&Path, &Path)) -> HostConfig {
    let config = HostConfig { snapshots_kept: kept, ..config(dir) };
    let (history, early) = (dir.join("history.redb"), dir.join("early"));
    let host = open_with(&config);
    let (alice, _) = create(&host.handle(), "alice");
    churn(&host.handle(), alice, 5);
    host.shutdown();
    std::fs::copy(&history, &early).unwrap();
    for _ in 0..3 {
        let host = open_with(&config);
        churn(&host.handle(), alice, 100);
        host.shutdown();
    }
    spoil(&history, &early);
    config
}

fn orders_after_reopening(config: &HostConfig) -> Vec<OrderId> {
    let host = open_with(config);
    let handle = host.handle();
    let alice = id(&handle, "alice");
    churn(&handle, alice, 1);
    let orders = handle.view().orders(alice, BTCUSDT, &Range::latest(1_000)).unwrap();
    orders.iter().map(|record| record.order.id).collect()
}

#[test]
fn a_deleted_history_is_made_again_from_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    // Few commands: the first segment is still there, and with it everything.
    let mut config = spoiled(dir.path(), 100, |history, _| std::fs::remove_file(history).unwrap());
    assert_eq!(orders_after_reopening(&config), (1..=306).map(OrderId).collect::<Vec<_>>());
    config.snapshots_kept = 2;
    assert_eq!(orders_after_reopening(&config).len(), 307);
}

#[test]
fn an_old_copy_of_history_is_brought_up_to_date_or_put_aside() {
    let old = |history: &Path, early: &Path| {
        std::fs::copy(early, history).unwrap();
    };
    let dir = tempfile::tempdir().unwrap();
    let config = spoiled(dir.path(), 100, old);
    assert_eq!(orders_after_reopening(&config).len(), 306);
    // The commands in between are pruned: what is left is fed to a new file.
    let dir = tempfile::tempdir().unwrap();
    let config = spoiled(dir.path(), 1, old);
    let orders = orders_after_reopening(&config);
    assert!(orders.len() < 306 && orders.last() == Some(&OrderId(306)), "{}", orders.len());
    assert!(
        std::fs::read_dir(dir.path()).unwrap().any(|e| e
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("behind"))
    );
}
