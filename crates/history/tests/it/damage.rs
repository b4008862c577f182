//! Damaged files give a clear error or right answers, never a panic.

use std::path::Path;

use history::{Config, Failure, Interval, Range, open};
use types::{AccountId, MarketId};

use crate::market::{Script, Step};

fn fill(path: &Path) {
    let step = |at: usize| Step {
        market: 0,
        maker: 1,
        taker: 2,
        buys: at.is_multiple_of(3),
        trades: vec![(100, 5); at % 4],
        later_ns: 900_000_000,
        list: at.is_multiple_of(5),
    };
    let script = Script::of(&(0..400).map(step).collect::<Vec<_>>());
    let (mut feed, reader) = open(path, &Config::default()).unwrap();
    feed.apply(script.applied()).unwrap();
    reader.persist().unwrap();
    feed.close().unwrap();
}

/// Opens and reads everything; the answer does not matter, only that there is one.
fn use_it(path: &Path) -> Result<(), Failure> {
    let (feed, reader) = open(path, &Config::default())?;
    let (market, range) = (MarketId(0), Range::latest(1_000));
    reader.trades(market, &range)?;
    reader.agg_trades(market, &range)?;
    for interval in Interval::ALL {
        reader.bars(market, interval, &range)?;
    }
    for account in [1, 2].map(AccountId) {
        for closed in reader.orders(account, market, &range)? {
            reader.fills_of(account, market, closed.order.id, &range)?;
        }
        reader.lists(account, &range)?;
    }
    feed.close()
}

#[test]
fn a_file_of_something_else_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("h.redb");
    std::fs::write(&path, vec![b'x'; 10_000]).unwrap();
    let error = open(&path, &Config::default()).unwrap_err();
    assert!(matches!(error, Failure::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("h.redb"));
}

#[test]
fn a_file_cut_short_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("h.redb");
    fill(&path);
    let bytes = std::fs::read(&path).unwrap();
    for len in [1, 100, 4_096, 5_000, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..len]).unwrap();
        let result = use_it(&path);
        assert!(result.is_err(), "{len} of {} bytes", bytes.len());
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("h.redb");
    fill(&path);
    let bytes = std::fs::read(&path).unwrap();
    let (mut refused, mut state) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    for round in 0..100 {
        let mut bad = bytes.clone();
        for _ in 0..=round % 8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % bad.len();
            bad[at] ^= 1 << (state & 7);
        }
        std::fs::write(&path, &bad).unwrap();
        refused += usize::from(use_it(&path).is_err());
    }
    assert!(refused > 0, "some of the damage must be seen");
}
