//! All metrics at once against values that numpy 2.4, pandas 3.1 and scipy 1.17 computed for the same numbers.

use types::Side;

use super::basis::tests::daily;
use super::*;

/// The top 31 bits of Knuth's 64-bit generator as a number in [0, 1); the Python side uses the same.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / 2.0_f64.powi(31)
    }
}

/// 150 days: a market of steps 0.06 (u − 0.48) and an account that follows it by 0.4 with noise 0.03 (u − 0.5); then 60 trades
/// with profits round(200 (u − 0.45)).
fn track() -> Track {
    let mut draw = Draw(20_251_125);
    let (mut e, mut p) = (10_000.0, 100.0);
    let (mut equity, mut price) = (Vec::new(), Vec::new());
    for _ in 0..150 {
        let m = (draw.next() - 0.48) * 0.06;
        let x = 0.4 * m + (draw.next() - 0.5) * 0.03;
        (p, e) = (p * (1.0 + m), e * (1.0 + x));
        equity.push(e);
        price.push(p);
    }
    let mut track = daily(10_000.0, &equity, &price);
    for i in 0..60_i64 {
        let profit = ((draw.next() - 0.45) * 200.0).round();
        track.trades.push(Trade {
            side: if i % 3 == 0 { Side::Sell } else { Side::Buy },
            entered: i * calendar::DAY_MS,
            exited: i * calendar::DAY_MS + calendar::HOUR_MS,
            qty: 2.0,
            entry: 100.0,
            exit: 100.0,
            profit,
            fees: 0.4,
            mae: -0.01,
            mfe: 0.02,
            reason: "x".into(),
        });
    }
    track
}

fn value(all: &[Measurement], name: &str) -> f64 {
    let found = all.iter().find(|m| m.metric.name == name);
    found.and_then(|m| m.measured.value).unwrap_or_else(|| panic!("{name} has no value"))
}

#[test]
fn every_metric_equals_the_reference() {
    let track = track();
    let trials = Trials { count: 240, sharpe_variance: 0.004 };
    let all = measure(&Basis::of(&track, Some(trials)));
    for (name, want) in [
        ("total_return", 0.068_463_150_615_582_61),
        ("cagr", 0.174_847_693_358_035_63),
        ("volatility", 0.213_397_855_588_517_18),
        ("sharpe", 0.861_256_196_770_422_4),
        ("sortino", 1.261_312_375_939_336),
        ("max_drawdown", -0.075_311_321_209_592_72),
        ("calmar", 2.321_665_462_108_033_5),
        ("ulcer", 0.035_356_691_081_793_05),
        ("value_at_risk", -0.019_490_276_816_748_076),
        ("conditional_value_at_risk", -0.021_241_281_226_607_928),
        ("alpha", 0.073_584_352_737_964_11),
        ("beta", 0.414_399_725_816_949_4),
        ("probabilistic_sharpe", 0.708_681_325_625_501_6),
        ("deflated_sharpe", 0.051_745_924_198_454_57),
        ("profit_factor", 2.047_342_995_169_082_2),
        ("payoff", 1.462_387_853_692_201_7),
        ("expectancy", 18.066_666_666_666_666),
        ("win_rate", 35.0 / 60.0),
        ("consecutive_wins", 7.0),
        ("consecutive_losses", 4.0),
        ("best_day", 0.024_180_660_277_157_928),
        ("worst_day", -0.024_507_639_287_486_67),
        ("best_month", 0.095_312_418_450_833_82),
        ("worst_month", -0.028_991_906_744_315_177),
        ("trades", 60.0),
        ("trades_per_day", 0.4),
    ] {
        let got = value(&all, name);
        assert!((got - want).abs() < 1e-9 * want.abs().max(1.0), "{name}: {got} is not {want}");
    }
    let sharpe = all.iter().find(|m| m.metric.name == "sharpe").unwrap();
    let (low, high) = sharpe.measured.interval.unwrap();
    assert!((low + 2.200_223_908_870_167_4).abs() < 1e-9 && (high - 3.922_736_302_411_012).abs() < 1e-9);
}

#[test]
fn the_months_are_those_of_the_calendar() {
    let track = track();
    let table = monthly::table(&Basis::of(&track, None));
    let want =
        [-0.028_991_906_744, 0.002_206_983_803, 0.095_312_418_451, -0.014_902_465_960, 0.017_564_695_463];
    assert_eq!(table.len(), 1);
    for (got, want) in table[0].months.iter().zip(want) {
        assert!((got.unwrap() - want).abs() < 1e-10);
    }
    assert!(table[0].months[5].is_none());
    assert!((table[0].total - 0.068_463_150_615_582_61).abs() < 1e-9);
}

#[test]
fn an_empty_track_has_no_values_and_breaks_nothing() {
    let empty = Track { start: 1_000.0, ..Track::default() };
    for measurement in measure(&Basis::of(&empty, None)) {
        let value = measurement.measured.value;
        assert!(value.is_none_or(f64::is_finite), "{}: {value:?}", measurement.metric.name);
        assert!(!measurement.text().is_empty());
    }
}

#[test]
fn names_are_unique_and_every_metric_explains_itself() {
    let mut names: Vec<&str> = CATALOGUE.iter().map(|m| m.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CATALOGUE.len());
    assert!(CATALOGUE.iter().all(|m| m.doc.ends_with('.') && !m.label.is_empty()));
}
