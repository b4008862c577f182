//! The simulated market at its highest speed: memory stays flat, snapshots and pruning keep the disk bounded, and the journal
//! verifies at the end.
//!
//! `TRADEWIND_SOAK_SECONDS` sets how long it lives (default: two snapshots, some seconds), `TRADEWIND_SOAK_DIR` where, and
//! the series is printed: `cargo xtask soak participants`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use exchange_host::{Durability, Handle, HostConfig, Participants, SPEED_PERCENT_MAX, verify};

/// Samples of a run; the second half of them must not grow.
const SAMPLES: u32 = 20;

/// What a process and its data take.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    seq: u64,
    snapshot_seq: u64,
    rss: u64,
    journal: u64,
    history: u64,
}

/// One number of a sample.
type Measure = fn(&Sample) -> u64;

/// Resident memory of this process in bytes; 0 where the system does not tell.
fn rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Bytes of all files in a directory, or of a file.
fn size(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return std::fs::metadata(path).map_or(0, |m| m.len()) };
    // A file may go while it is counted.
    entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
}

fn sample(dir: &Path, handle: &Handle, start: Instant) -> Sample {
    let status = handle.status();
    Sample {
        at: start.elapsed(),
        seq: status.seq,
        snapshot_seq: status.snapshot_seq,
        rss: rss(),
        journal: size(&dir.join("journal")),
        history: size(&dir.join("history.redb")),
    }
}

fn series(samples: &[Sample]) -> String {
    let mut text = String::from(
        "| s | command | snapshot | RSS MB | journal MB | history MB |\n|---|---|---|---|---|---|\n",
    );
    for s in samples {
        let mb = |bytes: u64| bytes / 1_000_000;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            s.at.as_secs(),
            s.seq,
            s.snapshot_seq,
            mb(s.rss),
            mb(s.journal),
            mb(s.history)
        );
    }
    text
}

#[test]
fn a_fast_market_keeps_memory_flat_and_the_disk_bounded() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = std::env::var_os("TRADEWIND_SOAK_DIR").map_or_else(|| temporary.path().to_owned(), Into::into);
    let seconds = std::env::var("TRADEWIND_SOAK_SECONDS").ok().map(|n| n.parse::<u64>().unwrap());
    let mut config = HostConfig::new(&dir);
    config.durability = Durability::Buffered;
    config.participants = Some(Participants { seed: 7, speed_percent: SPEED_PERCENT_MAX });
    // Small bounds are reached soon.
    config.journal.segment_len = 4 << 20;
    config.snapshot_every = if seconds.is_some() { 300 } else { 20 };
    config.retention.trades = 5_000;
    config.retention.bars = 2_000;
    let host = exchange_host::open(&config, &mut |_| {}).unwrap();
    let handle = host.handle();
    let (mut batches, start) = (handle.batches(), Instant::now());
    let mut samples = Vec::new();
    loop {
        // Wakes with every tick of the market; some may have been missed.
        let _ = batches.blocking_recv();
        let status = handle.status();
        assert!(status.ready, "{status:?}");
        let done = match seconds {
            Some(seconds) => start.elapsed() >= Duration::from_secs(seconds),
            None => status.snapshot_seq > 0 && samples.len() >= 3,
        };
        let next = seconds.map_or(Duration::ZERO, |s| {
            Duration::from_secs(s) * u32::try_from(samples.len()).unwrap() / SAMPLES
        });
        if done || start.elapsed() >= next {
            samples.push(sample(&dir, &handle, start));
        }
        if done {
            break;
        }
    }
    drop(handle);
    host.shutdown();
    println!("{}", series(&samples));
    if seconds.is_some() {
        let (first, second) = samples.split_at(samples.len() / 2);
        let most = |part: &[Sample], of: Measure| part.iter().map(of).max().unwrap_or(0);
        let bounds: [(&str, Measure, u64); 3] = [
            ("memory", |s| s.rss, 32 << 20),
            ("the journal", |s| s.journal, 16 << 20),
            ("the history", |s| s.history, 32 << 20),
        ];
        for (what, of, slack) in bounds {
            let (early, late) = (most(first, of), most(second, of));
            assert!(
                late <= early + early / 8 + slack,
                "{what} grew from {early} to {late}:\n{}",
                series(&samples)
            );
        }
    }
    let verified = verify(&dir, &mut |_| {}).unwrap();
    assert_eq!(verified.findings, []);
    assert!(seconds.is_none() || verified.from_seq > 0, "nothing was pruned");
}
