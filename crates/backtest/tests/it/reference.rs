//! The run that five other engines agree on (`../shared/reference/backtest` beside the checkout; skipped visibly without it),
//! and the same workload on a file of our own.

use std::path::PathBuf;

use backtest::PricePath;
use types::decimal;

use crate::bench::{on_file, on_waves, ten_bps};

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

/// A loop that knows nothing of engines: averages in floats, money in integers of 10^-8.
fn scalar(text: &str) -> (i128, u64) {
    let closes: Vec<i64> = text
        .lines()
        .skip(1)
        .map(|line| decimal::parse_unsigned(line.split(',').nth(4).unwrap(), 8).unwrap())
        .collect();
    let (mut fast, mut slow) = (closes[0] as f64, closes[0] as f64);
    let (mut cash, mut long, mut orders) = (1_000_000 * 100_000_000_i128, false, 0);
    for (n, close) in closes.iter().enumerate() {
        fast += (*close as f64 - fast) * (2.0 / 21.0);
        slow += (*close as f64 - slow) * (2.0 / 101.0);
        if n >= 99 && long != (fast > slow) {
            long = fast > slow;
            let value = i128::from(*close);
            cash -= if long { value } else { -value };
            cash -= (value + 999) / 1_000;
            orders += 1;
        }
    }
    let open = if long { i128::from(*closes.last().unwrap()) } else { 0 };
    (cash + open, orders)
}

#[test]
fn a_scalar_loop_agrees_on_our_own_file_to_the_last_digit() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/backtest/waves-1m-3k.csv");
    let (equity, orders) = scalar(&std::fs::read_to_string(&path).unwrap());
    let outcome = on_file(&path, "ema-cross", &PARAMS, ten_bps(PricePath::Close));
    assert_eq!((outcome.final_equity().0, outcome.orders.sent), (equity, orders));
    assert!(orders > 8, "{orders}");
}

/// Parameters.
type Given = &'static [(&'static str, &'static str)];

#[test]
fn rules_that_say_what_a_built_in_strategy_does_trade_as_it_does() {
    let said: [(&str, Given, Given); 3] = [
        (
            "ema-cross",
            &[("fast", "5"), ("slow", "20"), ("short", "yes")],
            &[
                ("enter", "EMA(5) > EMA($x)"),
                ("leave", "not EMA(5) > EMA($x)"),
                ("enter-short", "not EMA(5) > EMA($x)"),
                ("leave-short", "EMA(5) > EMA($x)"),
                ("x", "20"),
            ],
        ),
        (
            "rsi-reversion",
            &[("period", "7"), ("low", "35"), ("exit", "55"), ("high", "65")],
            &[("enter", "RSI(7) < 35"), ("leave", "RSI(7) >= 55")],
        ),
        (
            "bollinger",
            &[("period", "20"), ("width", "1.5")],
            &[
                ("enter", "CLOSE < BBANDS(20,1.5,1.5).real-lower-band"),
                ("leave", "CLOSE >= BBANDS(20,1.5,1.5).real-middle-band"),
            ],
        ),
    ];
    for (strategy, params, rules) in said {
        let built_in = on_waves(2_000, strategy, params, ten_bps(PricePath::Open));
        let rules = on_waves(2_000, "rules", rules, ten_bps(PricePath::Open));
        assert_eq!(built_in.fills, rules.fills, "{strategy}");
        assert!(built_in.fills.len() > 10, "{strategy}: {}", built_in.fills.len());
        assert_eq!(built_in.final_equity(), rules.final_equity(), "{strategy}");
    }
}

/// What each round trip of one unit made, in hundredths of a percent of what was paid, before fees.
fn round_trips(rules: &[(&str, &str)]) -> Vec<i64> {
    let outcome = on_waves(3_000, "rules", rules, ten_bps(PricePath::Open));
    let pairs = outcome.fills.chunks_exact(2);
    pairs.map(|pair| (pair[1].price.0 - pair[0].price.0) * 10_000 / pair[0].price.0).collect()
}

#[test]
fn a_bracket_ends_positions_at_its_stop_and_its_target() {
    let falling: Given = &[("enter", "EMA(5) < EMA(20)"), ("leave", "EMA(5) > EMA(20)")];
    assert!(round_trips(falling).iter().any(|made| *made < -20));
    // The stop rests at the venue and fires inside a bar, at its price.
    let stopped = round_trips(&[falling[0], falling[1], ("stop-loss", "0.1")]);
    let at_stop = |made: &&i64| (-10..=-9).contains(*made);
    assert!(stopped.iter().filter(at_stop).count() >= 5, "{stopped:?}");
    assert!(stopped.iter().all(|made| *made >= -10), "{stopped:?}");
    // The target is taken after the close that reached it.
    let rising: Given = &[("enter", "EMA(5) > EMA(20)"), ("leave", "EMA(5) < EMA(20)")];
    let most = |trips: &[i64]| trips.iter().max().copied().unwrap();
    let taken = round_trips(&[rising[0], rising[1], ("take-profit", "0.15")]);
    assert!(taken.iter().filter(|made| **made >= 14).count() >= 3, "{taken:?}");
    assert!(most(&taken) < most(&round_trips(rising)), "{taken:?}");
    // It is set on the first close after the entry, and follows from there.
    let trailing = round_trips(&[rising[0], ("leave", "never"), ("trailing-stop", "0.1")]);
    let ended = trailing.len() > 5 && trailing.iter().all(|made| *made >= -25);
    assert!(ended && most(&trailing) > 5, "{trailing:?}");
}
