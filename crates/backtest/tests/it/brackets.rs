//! Brackets around every strategy: what a venue keeps itself and what the engine watches lead to the same decisions, up to what watching
//! costs: a bar is seen when it closes, so what is watched leaves at the next bar's open instead of inside the bar.

use std::collections::BTreeMap;

use backtest::{Outcome, PricePath, VenueConfig};
use orders::{Bracket, Native};
use types::{Interval, Side};

use crate::bench::{go, plan, ten_bps, waves};

fn guarded(
    strategy: &str,
    params: &[(&str, &str)],
    bracket: Option<Bracket>,
    venue: VenueConfig,
    bars: i64,
) -> Outcome {
    let mut plan = plan(strategy, params, Interval::M1, venue);
    plan.guard(bracket);
    go(&plan, &waves(bars))
}

fn bips(stop: Option<u32>, target: Option<u32>, trailing: Option<u32>) -> Option<Bracket> {
    Bracket::of_bips(stop, target, trailing).unwrap()
}

/// How many fills each reason led to.
fn reasons(outcome: &Outcome) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for fill in &outcome.fills {
        let code = outcome.reasons.get(usize::from(fill.reason)).map_or("", String::as_str);
        *counted.entry(code).or_default() += 1;
    }
    counted
}

const CROSS: [(&str, &str); 4] = [("fast", "5"), ("slow", "20"), ("qty", "1"), ("short", "yes")];
const NATIVES: [Native; 4] = [
    Native::ALL,
    Native { oco: false, ..Native::ALL },
    Native { stop: false, trailing: false, oco: true },
    Native::NONE,
];

#[test]
fn b7_a_venue_that_keeps_no_stops_or_pairs_leads_to_the_same_decisions() {
    let brackets = [
        bips(Some(5), None, None),
        bips(None, Some(10), None),
        bips(Some(5), Some(10), None),
        bips(None, None, Some(8)),
        bips(None, Some(15), Some(8)),
    ];
    for bracket in brackets {
        let with = |native| {
            let venue = VenueConfig { native, ..ten_bps(PricePath::Open) };
            guarded("ema-cross", &CROSS, bracket, venue, 3_000)
        };
        let kept = with(NATIVES[0]);
        let ends = |outcome: &Outcome| outcome.trades.len();
        assert!(ends(&kept) > 40, "{bracket:?}: {} trades", ends(&kept));
        let expected = |w: &String| w.contains("at the end") || w.contains("held back");
        assert!(kept.warnings.iter().all(expected), "{:?}", kept.warnings);
        for native in &NATIVES[1..] {
            let watched = with(*native);
            // Each way in is the strategy's, and the same up to those that a way out one bar later has moved.
            let (a, b) = (ends(&kept), ends(&watched));
            assert!(a.abs_diff(b) * 20 <= a, "{bracket:?} {native:?}: {a} and {b} trades");
            let apart = (kept.final_equity().0 - watched.final_equity().0).abs();
            // Each exit one bar later at the open: less than the largest step of the waves (5.20 a unit) each.
            let most = i128::try_from(a.max(b)).unwrap() * 520 * 1_000_000;
            assert!(apart <= most, "{bracket:?} {native:?}: {apart} apart, at most {most}");
        }
    }
}

#[test]
fn b7_a_pair_ends_positions_at_its_prices_and_nothing_is_left_over() {
    let bracket = bips(Some(5), Some(10), None);
    let against = [("enter", "EMA(5) < EMA(20)"), ("leave", "never"), ("qty", "1")];
    for (strategy, params, often) in
        [("ema-cross", &CROSS[..], "bracket_target"), ("rules", &against[..], "bracket_stop")]
    {
        let outcome = guarded(strategy, params, bracket, ten_bps(PricePath::Open), 3_000);
        let found = reasons(&outcome);
        assert!(found.get(often).is_some_and(|n| *n > 10), "{found:?}");
        assert_eq!(found.get("bracket_leave"), None, "{found:?}");
        ends_at_its_prices(&outcome);
    }
}

fn ends_at_its_prices(outcome: &Outcome) {
    // A stop fills at its price or, after a gap, behind it; a target at its price.
    let (mut entry, mut held) = (0, 0_i64);
    for fill in &outcome.fills {
        let code = outcome.reasons[usize::from(fill.reason)].as_str();
        let sign = if fill.side == Side::Buy { 1 } else { -1 };
        let made = (fill.price.0 - entry) * held.signum();
        let bps = entry / 10_000;
        match code {
            "bracket_stop" => assert!((-6 * bps..=-4 * bps).contains(&made), "{made} of {entry}"),
            "bracket_target" => assert!((9 * bps..=11 * bps).contains(&made), "{made} of {entry}"),
            _ if held == 0 || held.signum() != sign => entry = fill.price.0,
            _ => {}
        }
        held += sign * fill.qty.0;
        assert!(held.abs() <= 100_000_000, "never more than one");
        if code.starts_with("bracket") {
            assert_eq!(held, 0, "the whole position goes");
        }
    }
}

#[test]
fn b7_every_strategy_can_have_a_bracket() {
    let strategies: [(&str, &[(&str, &str)]); 8] = [
        ("ema-cross", &CROSS),
        ("macd", &[("qty", "1")]),
        ("rsi-reversion", &[("qty", "1")]),
        ("bollinger", &[("qty", "1")]),
        ("donchian", &[("qty", "1")]),
        ("atr-trail", &[("qty", "1")]),
        ("grid", &[("lower", "19500"), ("upper", "20500"), ("cells", "10"), ("qty", "0.2")]),
        ("dca", &[]),
    ];
    for (strategy, params) in strategies {
        let free = guarded(strategy, params, None, ten_bps(PricePath::Open), 3_000);
        for native in NATIVES {
            let venue = VenueConfig { native, ..ten_bps(PricePath::Open) };
            let held = guarded(strategy, params, bips(Some(5), Some(8), None), venue, 3_000);
            let found = reasons(&held);
            assert!(found.keys().any(|code| code.starts_with("bracket")), "{strategy} {native:?}: {found:?}");
            assert_ne!(held.final_equity().0, free.final_equity().0, "{strategy}");
            let odd = held.warnings.iter().find(|w| w.contains("guarded a position"));
            assert_eq!(odd, None, "{strategy} {native:?}");
        }
    }
}

#[test]
fn b7_faults_between_us_and_the_venue_leave_no_position_unguarded_and_nothing_closed_twice() {
    let faults = backtest::Faults {
        rejected: 20_000,
        never_arrive: 20_000,
        timed_out: 20_000,
        lost: 20_000,
        repeated: 20_000,
        ..backtest::Faults::default()
    };
    for (seed, native) in (1..=20).zip(NATIVES.into_iter().cycle()) {
        let venue = VenueConfig { faults, native, seed, ..ten_bps(PricePath::Open) };
        let outcome = guarded("ema-cross", &CROSS, bips(Some(5), Some(10), None), venue, 1_500);
        let mut held = 0_i64;
        for fill in &outcome.fills {
            held += if fill.side == Side::Buy { fill.qty.0 } else { -fill.qty.0 };
            assert!(held.abs() <= 100_000_000, "seed {seed}: {held}");
        }
        assert!(outcome.trades.len() > 10, "seed {seed}");
    }
}
