//! The ordinary life of a journal on real files: append, commit, reopen, roll, snapshot, prune, read beside the writer.

use std::path::Path;

use journal::{Config, Durability, Failure, From, Journal, Preparation, Reader, Records, Tail};

fn config() -> Config {
    Config { segment_len: 8192, ..Config::default() }
}

fn payload(seq: u64) -> Vec<u8> {
    (0..seq % 97).map(|i| u8::try_from((seq * 7 + i) % 251).unwrap()).collect()
}

fn drain(records: &mut Records) -> Vec<u64> {
    let mut seqs = Vec::new();
    while let Some(record) = records.next().unwrap() {
        assert_eq!(record.payload, payload(record.seq));
        seqs.push(record.seq);
    }
    seqs
}

fn fill(journal: &mut Journal, to: u64, per_commit: u64) {
    for seq in journal.last_seq() + 1..=to {
        journal.append(seq, &payload(seq)).unwrap();
        if seq % per_commit == 0 || seq == to {
            assert_eq!(journal.commit().unwrap(), seq);
        }
    }
}

fn segments(dir: &Path) -> usize {
    std::fs::read_dir(dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_str().unwrap().starts_with("segment-"))
        .count()
}

#[test]
fn what_was_committed_is_there_again_and_appending_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = &dir.path().join("made/by/open");
    for (round, durability) in [Durability::Fsync, Durability::Buffered, Durability::Fsync].iter().enumerate()
    {
        let config = Config { durability: *durability, ..config() };
        let (mut journal, mut found) = Journal::open(dir, &config).unwrap();
        let done = 500 * round as u64;
        assert_eq!(drain(&mut found.records), (1..=done).collect::<Vec<_>>());
        assert_eq!((journal.last_seq(), journal.durable_seq(), found.notes.len()), (done, done, 0));
        fill(&mut journal, done + 500, 3);
    }
    assert!(segments(dir) > 10);
}

#[test]
fn uncommitted_records_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), &config()).unwrap();
    fill(&mut journal, 10, 5);
    journal.append(11, b"never committed").unwrap();
    drop(journal);
    let (journal, mut found) = Journal::open(dir.path(), &config()).unwrap();
    assert_eq!(drain(&mut found.records).len(), 10);
    assert_eq!(journal.last_seq(), 10);
}

#[test]
fn recovery_starts_at_the_newest_snapshot_and_old_files_are_pruned() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), &config()).unwrap();
    let snapshots = journal.snapshots();
    for to in [300, 600, 900] {
        fill(&mut journal, to, 2);
        snapshots.write(to, format!("state {to}").as_bytes()).unwrap();
    }
    fill(&mut journal, 1000, 2);
    let before = segments(dir.path());
    snapshots.prune(4).unwrap();
    assert_eq!(segments(dir.path()), before, "fewer snapshots than asked for: nothing may go");
    snapshots.prune(2).unwrap();
    assert!(segments(dir.path()) < before);
    drop(journal);

    let (_, mut found) = Journal::open(dir.path(), &config()).unwrap();
    assert_eq!(found.snapshot.as_ref().map(|s| (s.seq, &*s.bytes)), Some((900, &b"state 900"[..])));
    assert_eq!(drain(&mut found.records), (901..=1000).collect::<Vec<_>>());

    // The newest snapshot is damaged: the older one and a longer tail.
    flip(&dir.path().join("snapshot-00000000000000000900.bin"), 40);
    let (_, mut found) = Journal::open(dir.path(), &config()).unwrap();
    assert_eq!((found.snapshot.as_ref().map(|s| s.seq), found.notes.len()), (Some(600), 1));
    assert_eq!(drain(&mut found.records), (601..=1000).collect::<Vec<_>>());

    // Both are damaged, and the segments of the beginning are gone.
    flip(&dir.path().join("snapshot-00000000000000000600.bin"), 40);
    let failure = Journal::open(dir.path(), &config()).unwrap_err();
    assert!(matches!(failure, Failure::Missing { from: 1, .. }), "{failure}");
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_snapshot_of_the_future_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), &config()).unwrap();
    fill(&mut journal, 5, 1);
    journal.append(6, b"").unwrap();
    assert!(matches!(journal.snapshots().write(6, b""), Err(Failure::Misuse(_))));
    journal.snapshots().write(5, b"").unwrap();
}

#[test]
fn misuse_is_told_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), &config()).unwrap();
    for seq in [0, 2, u64::MAX] {
        assert!(matches!(journal.append(seq, b"x"), Err(Failure::Misuse(_))));
    }
    let long = vec![0; journal::limits::RECORD_LEN_MAX + 1];
    assert!(matches!(journal.append(1, &long), Err(Failure::Misuse(_))));
    fill(&mut journal, 3, 1);
}

#[test]
fn a_commit_larger_than_a_segment_gets_a_larger_segment() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), &config()).unwrap();
    let large: Vec<u8> = vec![0; 100_000];
    journal.append(1, b"small").unwrap();
    journal.commit().unwrap();
    journal.append(2, &large).unwrap();
    journal.commit().unwrap();
    journal.append(3, b"small").unwrap();
    journal.commit().unwrap();
    drop(journal);
    let (_, mut found) = Journal::open(dir.path(), &config()).unwrap();
    let mut lens = Vec::new();
    while let Some(record) = found.records.next().unwrap() {
        lens.push(record.payload.len());
    }
    assert_eq!(lens, [5, 100_000, 5]);
}

#[test]
fn a_missing_segment_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), &config()).unwrap();
    fill(&mut journal, 600, 3);
    drop(journal);
    let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|path| path.to_str().unwrap().contains("segment-"));
    names.sort();
    std::fs::rename(&names[1], dir.path().join("elsewhere")).unwrap();
    let failure = Journal::open(dir.path(), &config()).unwrap_err();
    assert!(matches!(failure, Failure::Missing { .. }), "{failure}");
    std::fs::rename(dir.path().join("elsewhere"), &names[1]).unwrap();
    std::fs::rename(&names[0], dir.path().join("elsewhere")).unwrap();
    let failure = Journal::open(dir.path(), &config()).unwrap_err();
    assert!(matches!(failure, Failure::Missing { from: 1, .. }), "{failure}");
}

#[test]
fn a_reader_sees_the_durable_prefix_while_the_writer_writes() {
    for durability in [Durability::Fsync, Durability::Buffered] {
        read_beside_a_writer(&Config { durability, ..config() });
    }
}

fn read_beside_a_writer(config: &Config) {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), config).unwrap();
    fill(&mut journal, 10, 1);
    let path = dir.path().to_owned();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let reading = std::thread::spawn(move || {
        let (mut walks, mut last) = (0, 0);
        while !stopped.load(std::sync::atomic::Ordering::Acquire) || walks == 0 {
            let mut reader = Reader::open(&path, From::Oldest, Tail::Growing).unwrap();
            let seqs = drain(&mut reader.records);
            assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
            assert!(seqs.len() >= last, "a later walk sees no less");
            (walks, last) = (walks + 1, seqs.len());
        }
    });
    fill(&mut journal, 3000, 3);
    stop.store(true, std::sync::atomic::Ordering::Release);
    reading.join().unwrap();
    let mut reader = Reader::open(dir.path(), From::Oldest, Tail::Growing).unwrap();
    assert_eq!(drain(&mut reader.records).len(), 3000);
    drop(journal);
    let (_, mut found) = Journal::open(dir.path(), config).unwrap();
    assert_eq!(drain(&mut found.records).len(), 3000);
}

#[test]
fn a_buffered_segment_changes_beside_the_commits_and_its_surplus_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config { durability: Durability::Buffered, preparation: Preparation::Stepwise, ..config() };
    let (mut journal, _) = Journal::open(dir.path(), &config).unwrap();
    let mut changes = 0;
    // Killed after every single commit, the change to the next segment at any step.
    while changes < 6 {
        let before = segments(dir.path());
        let (last, durable) = (journal.last_seq(), journal.durable_seq());
        fill(&mut journal, last + 1, 1);
        if segments(dir.path()) > before {
            changes += 1;
            assert!(journal.durable_seq() >= durable, "what the disk confirmed");
        }
        let mut reader = Reader::open(dir.path(), From::Oldest, Tail::Growing).unwrap();
        assert_eq!(drain(&mut reader.records), (1..=last + 1).collect::<Vec<_>>());
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        let (killed, mut found) = Journal::open(copy.path(), &config).unwrap();
        assert_eq!(drain(&mut found.records), (1..=last + 1).collect::<Vec<_>>());
        assert_eq!((killed.last_seq(), found.notes.len()), (last + 1, 0));
    }
}
