//! The searches on a hill whose top is known.

use std::collections::BTreeSet;

use super::*;
use crate::sweep::Axis;

fn space() -> Space {
    Space::new(["x=0..39", "y=0..39"].map(|t| Axis::parse(t).unwrap()).to_vec()).unwrap()
}

/// A hill with its top at (31, 8); lower-left of the diagonal is impossible, as fast ≥ slow would be.
fn hill(ask: &Ask) -> Option<f64> {
    let (x, y) = (ask.point.0[0] as f64, ask.point.0[1] as f64);
    if x < y { None } else { Some(-((x - 31.0).powi(2) + (y - 8.0).powi(2))) }
}

fn run(method: Method) -> Vec<(Ask, Option<f64>)> {
    let mut search = method.start(&space());
    let mut all = Vec::new();
    loop {
        let batch = search.ask();
        if batch.is_empty() {
            return all;
        }
        let results: Vec<_> = batch.into_iter().map(|ask| (ask.clone(), hill(&ask))).collect();
        search.tell(&results);
        all.extend(results);
        assert!(all.len() <= search.total(), "asks for more than it said");
    }
}

fn best(all: &[(Ask, Option<f64>)]) -> f64 {
    all.iter().filter_map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max)
}

#[test]
fn the_grid_tries_everything_once() {
    let all = run(Method::Grid);
    let points: BTreeSet<_> = all.iter().map(|(ask, _)| ask.point.clone()).collect();
    assert_eq!((all.len(), points.len()), (1_600, 1_600));
    assert!(best(&all).abs() < 1e-12);
}

#[test]
fn random_never_repeats_and_is_the_same_for_the_same_seed() {
    let all = run(Method::Random { trials: 300, seed: 5 });
    let points: BTreeSet<_> = all.iter().map(|(ask, _)| ask.point.clone()).collect();
    assert_eq!((all.len(), points.len()), (300, 300));
    assert_eq!(all, run(Method::Random { trials: 300, seed: 5 }));
    assert_ne!(all, run(Method::Random { trials: 300, seed: 6 }));
    assert_eq!(run(Method::Random { trials: 9_999, seed: 1 }).len(), 1_600);
}

#[test]
fn halving_gives_more_data_to_the_better_ones() {
    let all = run(Method::Halving { trials: 243, seed: 2 });
    let last: Vec<_> = all.iter().filter(|(ask, _)| ask.share > 0.999).collect();
    assert!(!last.is_empty() && last.len() <= 3);
    assert!(all[0].0.share < 0.02);
    let whole = all.iter().filter(|(ask, _)| ask.share < 0.02).filter_map(|(_, s)| *s);
    assert!((best(&all) - whole.fold(f64::NEG_INFINITY, f64::max)).abs() < 1e-12, "the best one went on");
}

#[test]
fn tpe_finds_the_top_with_fewer_trials_than_chance() {
    let reached =
        |method: fn(u64) -> Method| (0..12).map(|seed| best(&run(method(seed)))).sum::<f64>() / 12.0;
    let tpe = reached(|seed| Method::Tpe { trials: 100, seed });
    let random = reached(|seed| Method::Random { trials: 100, seed });
    assert!(tpe > random / 2.0, "mean best of TPE {tpe}, of random {random}");
    let all = run(Method::Tpe { trials: 100, seed: 3 });
    let points: BTreeSet<_> = all.iter().map(|(ask, _)| ask.point.clone()).collect();
    assert_eq!((all.len(), points.len()), (100, 100));
    assert_eq!(all, run(Method::Tpe { trials: 100, seed: 3 }));
}

#[test]
fn a_search_ends_when_nothing_is_possible() {
    for method in [Method::Halving { trials: 20, seed: 1 }, Method::Tpe { trials: 20, seed: 1 }] {
        let mut search = method.start(&space());
        let mut asked = 0;
        loop {
            let batch = search.ask();
            if batch.is_empty() {
                break;
            }
            asked += batch.len();
            let results: Vec<_> = batch.into_iter().map(|ask| (ask, None)).collect();
            search.tell(&results);
        }
        assert_eq!(asked, 20);
    }
}
