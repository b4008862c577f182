//! The run that five other engines agree on (`../shared/reference/backtest` beside the checkout; skipped visibly without it).

use std::path::PathBuf;

use risk::Limits;
use types::{Time, decimal};

use crate::desk::{BOT, Desk, bar};

#[test]
fn ema_cross_ends_with_the_equity_that_others_found_to_the_last_digit() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/backtest/synthetic-1m-20k.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: the reference run is not beside this checkout ({})", path.display());
        return;
    };
    let params = [("fast", "20"), ("slow", "100"), ("qty", "1"), ("ema-seed", "first")];
    let mut desk = Desk::new("ema-cross", &params, Limits::default(), 1_000_000);
    for line in text.lines().skip(1) {
        let mut fields = line.split(',');
        let at = Time::from_millis(fields.next().unwrap().parse().unwrap());
        let close = decimal::parse_unsigned(fields.nth(3).unwrap(), 8).unwrap();
        desk.bar(bar(at, close));
    }
    let equity = desk.engine.equity(BOT).unwrap();
    assert_eq!(decimal::format(equity.0, 8), "994428.17551000");
    assert_eq!(desk.submitted.len(), 280);
}
