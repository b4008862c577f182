//! A thousand seeds hold; each planted defect is found. `TRADEWIND_SIMULATOR_SEEDS` sets the number of seeds,
//! `TRADEWIND_SIMULATOR_FROM` the first of them (a failure names its seed).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at what it did not expect and says where"
)]

use simulator::{Counts, Finding, Plant, run, run_and_replay};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn b1_b2_b3_b4_b6_b7_o1_d2_h6_hold_over_a_thousand_seeds() {
    let (from, seeds) = (number("TRADEWIND_SIMULATOR_FROM", 1), number("TRADEWIND_SIMULATOR_SEEDS", 1_000));
    let (mut sum, started) = (Counts::default(), std::time::Instant::now());
    for seed in from..from + seeds {
        match run(seed, Plant::None) {
            Ok(Counts { orders, fills, faults, crashes, unknown, pairs, left }) => {
                sum.orders += orders;
                sum.fills += fills;
                sum.faults += faults;
                sum.crashes += crashes;
                sum.unknown += unknown;
                sum.pairs += pairs;
                sum.left += left;
            }
            Err(finding) => panic!("TRADEWIND_SIMULATOR_FROM={seed}: {finding:?}"),
        }
    }
    let rate = seeds as f64 / started.elapsed().as_secs_f64();
    println!("simulator: {seeds} seeds of 40 simulated minutes, {rate:.0} a second, {sum:?}");
    // A simulator in which nothing happens finds nothing.
    assert!(sum.orders > 10 * seeds && sum.fills > 2 * seeds, "{sum:?}");
    assert!(sum.pairs > seeds && sum.left > seeds / 2, "{sum:?}");
    assert!(sum.crashes > seeds && sum.unknown > seeds && sum.faults > 10 * seeds, "{sum:?}");
}

#[test]
fn equal_seeds_are_equal_runs() {
    assert_eq!(run(7, Plant::None), run(7, Plant::None));
}

#[test]
fn h6_an_hour_of_a_session_replays_the_same_twenty_times_of_twenty() {
    let counts = run_and_replay(11, Plant::None, 60, 20).unwrap();
    assert!(counts.orders > 10, "{counts:?}");
}

#[test]
fn planted_defects_are_found() {
    let found = |plant, fits: fn(&Finding) -> bool| {
        let mut others = Vec::new();
        let seed = (1..=400).find(|seed| match run(*seed, plant) {
            Ok(_) => false,
            Err(finding) if fits(&finding) => true,
            Err(other) => {
                others.push(other);
                false
            }
        });
        println!("simulator: {plant:?} was found by seed {seed:?}");
        assert!(seed.is_some(), "{plant:?} was not found, but {others:?}");
    };
    found(Plant::ResendOnTimeout, |f| matches!(f, Finding::Twice(_)));
    found(Plant::DoubleFill, |f| {
        matches!(f, Finding::Ledger { .. } | Finding::Limit { .. })
            || *f == Finding::External("holdings".to_owned())
    });
    found(Plant::SendBeforeCommit, |f| matches!(f, Finding::Unrecorded(_)));
    found(Plant::BelieveNotFound, |f| matches!(f, Finding::External(_)));
    found(Plant::NeverAsk, |f| matches!(f, Finding::NotSettled { .. }));
    found(Plant::SilentLoss, |f| matches!(f, Finding::Ghost(_)));
    found(Plant::HalfPair, |f| matches!(f, Finding::Unguarded | Finding::NotSettled { .. }));
    found(Plant::DeafToStop, |f| matches!(f, Finding::AfterStop(_)));
}
