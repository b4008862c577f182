//! Runs on disk.

use std::fs;

use backtest::stored::{Runs, StoredError};
use backtest::{Latency, PricePath, Slippage, VenueConfig};
use types::Time;

use crate::bench::{on_waves, ten_bps};

#[test]
fn what_is_read_back_equals_what_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let runs = Runs::new(folder.path());
    assert!(runs.list().unwrap().is_empty());
    let slow = VenueConfig {
        latency: Latency::Drawn { least_ns: 5_000_000, mean_ns: 900_000_000 },
        slippage: Slippage::Range(3_000_000),
        ..ten_bps(PricePath::Open)
    };
    for (n, venue) in [ten_bps(PricePath::Close), slow].into_iter().enumerate() {
        let outcome = on_waves(2_000, "ema-cross", &[("fast", "5"), ("slow", "20")], venue);
        assert!(!outcome.trades.is_empty() && outcome.equity.largest_fall().is_some());
        let id = runs.save(&outcome, Time(7)).unwrap();
        assert_eq!(id, format!("{:04}-ema-cross", n + 1));
        let mut read = runs.load(&id).unwrap();
        // Where the peak of the unfinished curve stood matters to a curve that goes on only.
        assert!(read.equity.points().eq(outcome.equity.points()));
        assert_eq!(read.equity.largest_fall(), outcome.equity.largest_fall());
        read.equity = outcome.equity.clone();
        read.run.params.sort();
        let mut outcome = outcome;
        outcome.run.params.sort();
        assert_eq!(read, outcome);
    }
    assert_eq!(runs.find("2").unwrap(), "0002-ema-cross");
    assert_eq!(runs.find("last").unwrap(), "0002-ema-cross");
    assert!(matches!(runs.find("3"), Err(StoredError::Unknown(_))));
    assert_eq!(runs.list().unwrap().len(), 2);
}

#[test]
fn a_damaged_file_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let runs = Runs::new(folder.path());
    let outcome = on_waves(500, "ema-cross", &[("fast", "5"), ("slow", "20")], ten_bps(PricePath::Open));
    let id = runs.save(&outcome, Time(7)).unwrap();
    let path = runs.folder(&id).join("fills.csv");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = "what";
    fs::write(&path, lines.join("\n")).unwrap();
    let error = runs.load(&id).unwrap_err().to_string();
    assert!(error.ends_with("fills.csv: line 3"), "{error}");
}
