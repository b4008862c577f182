//! Runs under faults: what we hear is lost, late, doubled; the books end true all the same.

use backtest::{Faults, Latency, Outcome, PricePath, VenueConfig};
use types::{Money, Side};

use crate::bench::{on_waves, ten_bps};

const PARAMS: [(&str, &str); 2] = [("fast", "3"), ("slow", "9")];

fn run(faults: Faults, seed: u64) -> Outcome {
    let latency = Latency::Drawn { least_ns: 1_000_000, mean_ns: 500_000_000 };
    on_waves(1_500, "ema-cross", &PARAMS, VenueConfig { faults, seed, latency, ..ten_bps(PricePath::Open) })
}

/// Position and money from the fills alone.
fn books(outcome: &Outcome) -> (i64, i128) {
    let (mut position, mut money) = (0, outcome.equity.start().0);
    for fill in &outcome.fills {
        let signed = if fill.side == Side::Buy { fill.qty.0 } else { -fill.qty.0 };
        position += signed;
        money -= i128::from(signed / 1_000_000) * i128::from(fill.price.0 / 100) + fill.fee.0;
    }
    (position, money)
}

#[test]
fn every_fault_is_survived_and_every_fill_is_booked_once() {
    let often = 200_000;
    let outage =
        Faults { outage_every_ns: 3_600_000_000_000, outage_ns: 400_000_000_000, ..Faults::default() };
    let all = [
        Faults { rejected: often, ..Faults::default() },
        Faults { never_arrive: often, ..Faults::default() },
        Faults { timed_out: often, ..Faults::default() },
        Faults { lost: often, ..Faults::default() },
        Faults { repeated: often, ..Faults::default() },
        outage,
        Faults {
            rejected: often,
            never_arrive: often,
            timed_out: often,
            lost: often,
            repeated: often,
            ..outage
        },
    ];
    let clean = run(Faults::default(), 5);
    for faults in all {
        let outcome = run(faults, 5);
        // Answers that never come cost nothing while the fills do, and what comes twice is heard once.
        let harmless = Faults { timed_out: faults.timed_out, repeated: faults.repeated, ..Faults::default() };
        if faults == harmless {
            assert_eq!(outcome.digest, clean.digest, "{faults:?}");
        } else {
            assert_ne!(outcome.digest, clean.digest, "{faults:?} changed nothing");
        }
        let (position, money) = books(&outcome);
        assert!(position == 0 || position == 100_000_000, "{faults:?}: {position}");
        if position == 0 && outcome.orders.open == 0 {
            assert_eq!(outcome.final_equity(), Money(money), "{faults:?}");
        }
        assert!(outcome.fills.len() > 20, "{faults:?}: it went on trading");
        assert!(outcome.orders.open <= 1);
    }
}

#[test]
fn equal_seeds_give_equal_troubles() {
    let faults = Faults { lost: 100_000, timed_out: 100_000, repeated: 100_000, ..Faults::default() };
    assert_eq!(run(faults, 9).digest, run(faults, 9).digest);
    assert_ne!(run(faults, 9).digest, run(faults, 10).digest);
}
