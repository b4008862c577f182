//! Forecasts of bars: no look-ahead anywhere, scores beside the naive forecast, and refusals that say what is wrong.

use forecast::arima::{Bounds, Spec};
use forecast::evaluate::{Walk, WalkError, compare, scores, walk};
use forecast::lstm::{Flow, Options};
use forecast::market::{
    ArimaRecipe, Bars, FEATURES, ForecastError, Neural, Recipe, WARM_UP, features, train,
};
use proptest::prelude::*;

/// Bars of a walk with momentum: each return carries `carry` of the one before.
fn market(count: usize, carry: f64, seed: u64) -> Bars {
    let mut state = seed;
    let mut noise = || {
        (0..12)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1_u64 << 53) as f64
            })
            .sum::<f64>()
            - 6.0
    };
    let (mut price, mut change) = (100.0_f64, 0.0_f64);
    let mut columns: [Vec<f64>; 5] = Default::default();
    for _ in 0..count {
        let open = price;
        change = carry * change + 0.002 * noise();
        price *= change.exp();
        let wick = 0.001 * noise().abs();
        let row = [
            open,
            open.max(price) * (1.0 + wick),
            open.min(price) * (1.0 - wick),
            price,
            10.0 + noise().abs(),
        ];
        columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
    }
    let times: Vec<f64> = (0..count).map(|k| k as f64 * 900.0).collect();
    let [o, h, l, c, v] = &columns;
    Bars::new(900.0, &times, [o, h, l, c, v]).unwrap()
}

fn small_neural() -> Neural {
    let options = Options { hidden: 8, window: 12, epochs: 3, ..Options::default() };
    Neural { options, horizon: 6, validation: 0.2, embargo: 6 }
}

fn recipes() -> Vec<Recipe> {
    vec![
        Recipe::Naive,
        Recipe::SeasonalNaive { period: 96 },
        Recipe::Drift,
        Recipe::Ets { period: None },
        Recipe::Arima(ArimaRecipe::Order(Spec::new(1, 1, 1))),
        Recipe::Prophet(Box::default()),
        Recipe::Lstm(Box::new(small_neural())),
    ]
}

#[test]
fn features_of_a_cut_history_are_the_front_of_the_whole() {
    let bars = market(300, 0.3, 1);
    let whole = features(bars.view());
    assert_eq!(whole.len(), (300 - WARM_UP) * FEATURES.len());
    for cut in 0..300 {
        let part = features(bars.view().slice(0..cut));
        assert_eq!(part.len(), cut.saturating_sub(WARM_UP) * FEATURES.len());
        let same = part.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "a row changed when bar {cut} was taken away");
    }
}

#[test]
fn forecasts_know_nothing_of_the_future() {
    // The same past with two futures: every recipe must say the same at the last common bar.
    let (one, other) = (market(700, 0.3, 1), market(700, 0.3, 1));
    let mut columns: [Vec<f64>; 5] = [
        other.view().open.to_vec(),
        other.view().high.to_vec(),
        other.view().low.to_vec(),
        other.view().close.to_vec(),
        other.view().volume.to_vec(),
    ];
    for column in &mut columns {
        column[640..].iter_mut().for_each(|v| *v *= 3.0);
    }
    let [o, h, l, c, v] = &columns;
    let other = Bars::new(900.0, other.view().times, [o, h, l, c, v]).unwrap();
    let plan = Walk { first: 600, step: 20, horizon: 6, refit_every: 1, embargo: 6, window: None };
    for recipe in recipes() {
        let said = |bars: &Bars| walk(&recipe, bars.view(), &plan, &mut |_| Flow::Continue).unwrap();
        let (a, b) = (said(&one), said(&other));
        assert_eq!(a[..3], b[..3], "{:?}", recipe.algorithm());
        assert_ne!(a[3..], b[3..], "{:?} does not read the bars at all", recipe.algorithm());
    }
}

#[test]
fn momentum_is_found_and_a_walk_is_not_beaten() {
    let plan = Walk { first: 1_000, step: 3, horizon: 3, refit_every: 100, embargo: 0, window: None };
    let report = |bars: &Bars, recipe: &Recipe| {
        let run = |r: &Recipe| {
            let origins = walk(r, bars.view(), &plan, &mut |_| Flow::Continue).unwrap();
            scores(&origins, bars.view()).unwrap()
        };
        compare(&run(recipe), &run(&Recipe::Naive))
    };
    let arima = Recipe::Arima(ArimaRecipe::Order(Spec::new(1, 1, 0)));
    let with = report(&market(1_600, 0.6, 2), &arima);
    assert!(with.mae_ratio < 0.95 && with.model.direction.unwrap() > 0.6, "{with:?}");
    assert!((0.7..0.9).contains(&with.model.coverage), "{with:?}");
    let without = report(&market(1_600, 0.0, 3), &arima);
    assert!((0.98..1.02).contains(&without.mae_ratio), "{without:?}");
    assert!(without.naive.direction.is_none(), "the naive forecast has no direction");
}

#[test]
fn markets_are_pooled_where_that_means_something() {
    let (one, two) = (market(500, 0.6, 4), market(400, 0.6, 5));
    let both = [one.view(), two.view()];
    let tell = &mut |_| Flow::Continue;
    for recipe in recipes() {
        match train(&recipe, &both, tell) {
            Ok(model) => {
                let steps = model.forecast(two.view(), 6).unwrap();
                assert!(
                    steps.iter().all(|s| s.low <= s.mean && s.mean <= s.high && s.low > 0.0),
                    "{recipe:?}"
                );
            }
            Err(e) => assert!(matches!(e, ForecastError::Several(_)), "{recipe:?}: {e}"),
        }
    }
    let bounds = Bounds { p_max: 2, q_max: 1, constant: false, ..Bounds::default() };
    let pooled = train(&Recipe::Arima(ArimaRecipe::Select(bounds)), &both, tell).unwrap();
    let forecast::market::Trained::Arima(model) = pooled else { panic!("an ARIMA") };
    assert!(model.spec.d == 1 && (model.given.ar[0] - 0.6).abs() < 0.2, "{model:?}");
}

#[test]
fn refusals_say_what_is_wrong() {
    let bars = market(60, 0.0, 6);
    let tell = &mut |_| Flow::Continue;
    let lstm = Recipe::Lstm(Box::new(small_neural()));
    assert!(matches!(train(&lstm, &[bars.view()], tell), Err(ForecastError::Lstm(_))));
    assert!(matches!(train(&Recipe::Naive, &[], tell), Err(ForecastError::Bars(_))));
    let bars = market(400, 0.0, 6);
    let model = train(&lstm, &[bars.view()], tell).unwrap();
    assert_eq!(model.forecast(bars.view(), 7), Err(ForecastError::Horizon { asked: 7, trained: 6 }));
    assert!(model.forecast(bars.view().slice(0..20), 6).is_err());
    let mut calls = 0;
    let stop = &mut |_| {
        calls += 1;
        if calls > 5 { Flow::Cancel } else { Flow::Continue }
    };
    assert_eq!(train(&lstm, &[bars.view()], stop).err(), Some(ForecastError::Cancelled));
    let plan = Walk { first: 398, step: 1, horizon: 6, refit_every: 1, embargo: 0, window: None };
    assert!(matches!(walk(&Recipe::Naive, bars.view(), &plan, tell), Err(WalkError::NoRoom { .. })));
    let plan = Walk { step: 0, ..plan };
    assert_eq!(walk(&Recipe::Naive, bars.view(), &plan, tell), Err(WalkError::Zero("step")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bars_are_forecast_or_refused(
        prices in prop::collection::vec(prop_oneof![8 => 1.0..1e5_f64, 1 => Just(f64::NAN), 1 => Just(0.0), 1 => Just(1e300)], 0..120),
        gap in 0..90_usize,
    ) {
        let times: Vec<f64> = (0..prices.len()).map(|k| (k + usize::from(k > gap)) as f64 * 60.0).collect();
        let Ok(bars) = Bars::new(60.0, &times, [&prices, &prices, &prices, &prices, &prices]) else { return Ok(()) };
        for recipe in recipes() {
            if let Ok(model) = train(&recipe, &[bars.view()], &mut |_| Flow::Continue)
                && let Ok(steps) = model.forecast(bars.view(), 6) {
                    prop_assert!(steps.iter().all(|s| !s.mean.is_nan()), "{:?}", recipe.algorithm());
                }
        }
    }
}
