//! The run that five other engines agree on (`../shared/reference/backtest` beside the checkout; skipped visibly without it),
//! and the same workload on a file of our own.

use std::path::PathBuf;

use backtest::PricePath;
use types::decimal;

use crate::bench::{on_file, ten_bps};

const PARAMS: [(&str, &str); 4] = [("fast", "20"), ("slow", "100"), ("qty", "1"), ("ema-seed", "first")];

#[test]
fn ema_cross_ends_with_the_equity_that_others_found_to_the_last_digit() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/backtest/synthetic-1m-20k.csv");
    if !path.exists() {
        println!("SKIPPED: the reference run is not beside this checkout ({})", path.display());
        return;
    }
    let outcome = on_file(&path, "ema-cross", &PARAMS, ten_bps(PricePath::Close));
    assert_eq!(decimal::format_short(outcome.final_equity().0, 8), "994428.17551");
    assert_eq!((outcome.orders.sent, outcome.orders.filled, outcome.fills.len()), (280, 280, 280));
    let fall = outcome.equity.largest_fall().unwrap();
    let percent = (fall.trough.0 - fall.peak.0) as f64 / fall.peak.0 as f64 * 100.0;
    assert_eq!(format!("{percent:.6}"), "-0.558416");
    assert_eq!((outcome.equity.bars(), outcome.trades.len()), (20_000, 140));
}
