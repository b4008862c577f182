//! Walk-forward: choose on a stretch of the past, judge on the stretch after it, move on. Only what was judged unseen counts.
//!
//! k folds of equal test stretches; each is preceded by three times as many bars to choose on, so the first test begins at
//! 3 / (k + 3) of the data. Source: Pardo, "The Evaluation and Optimization of Trading Strategies", 2008.

use std::collections::BTreeMap;

use super::plateau::{Choice, choose};
use super::{Plan, Point, Progress, Score, Trial, Unjudged, Window};

/// Bars to choose on for each bar to be judged on.
pub const TRAIN_PER_TEST: usize = 3;
/// Fewest bars of a test: fewer say nothing.
pub const TEST_MIN: usize = 20;
/// Most folds.
pub const FOLDS_MAX: usize = 100;

/// One step of the walk.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// Where it was chosen.
    pub train: Window,
    /// Where it was judged, unseen.
    pub test: Window,
    /// What was chosen.
    pub chosen: Point,
    /// How that did where it was chosen.
    pub in_sample: Score,
    /// How it did afterwards.
    pub out_of_sample: Result<Score, Unjudged>,
    /// Equity over starting equity during the test, at the ends of periods.
    pub course: Vec<(i64, f64)>,
    /// Trials looked at to choose.
    pub tried: usize,
}

/// Which point a search chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The middle of the best neighbourhood.
    Plateau,
    /// The best single point.
    Peak,
}

/// The windows of `count` folds over `whole`; `None` when a test would be shorter than [`TEST_MIN`].
#[must_use]
pub fn windows(whole: Window, count: usize) -> Option<Vec<(Window, Window)>> {
    let test = whole.len() / (count + TRAIN_PER_TEST).max(1);
    if count == 0 || count > FOLDS_MAX || test < TEST_MIN {
        return None;
    }
    // What the division leaves is given to the first stretch of training.
    let first = whole.to - test * count;
    let fold = |i: usize| {
        let from = first + i * test;
        let train = Window { from: from.saturating_sub(test * TRAIN_PER_TEST).max(whole.from), to: from };
        (train, Window { from, to: from + test })
    };
    Some((0..count).map(fold).collect())
}

/// The chosen point of trials over the same window, and the better of plateau and peak beside it.
#[must_use]
pub fn choice(plan: &Plan<'_>, trials: &[Trial], window: Window) -> Option<Choice> {
    let whole = trials.iter().filter(|t| t.window == window);
    let values: BTreeMap<Point, f64> =
        whole.filter_map(|t| Some((t.point.clone(), plan.value(t)?))).collect();
    choose(plan.space, &values)
}

/// Walks over `folds`. A fold in which nothing gave a score is left out. Ends early when stopped.
///
/// # Errors
/// What `record` says.
pub fn walk<E>(
    plan: &Plan<'_>,
    folds: &[(Window, Window)],
    pick: Pick,
    progress: &Progress,
    record: &mut dyn FnMut(&[Trial]) -> Result<(), E>,
) -> Result<Vec<Fold>, E> {
    let mut out = Vec::new();
    for (train, test) in folds {
        let trials = plan.search(*train, progress, record)?;
        if progress.is_stopped() {
            break;
        }
        let Some(choice) = choice(plan, &trials, *train) else { continue };
        let chosen = match pick {
            Pick::Plateau => choice.plateau.point,
            Pick::Peak => choice.peak.point,
        };
        let found = trials.iter().find(|t| t.point == chosen && t.window == *train);
        let Some(Ok(in_sample)) = found.map(|t| t.result.clone()) else { continue };
        let params = plan.params(&chosen);
        out.push(Fold {
            train: *train,
            test: *test,
            out_of_sample: plan.judge.judge(&params, *test),
            course: plan.judge.course(&params, *test).unwrap_or_default(),
            chosen,
            in_sample,
            tried: trials.len(),
        });
    }
    Ok(out)
}

/// The courses of all folds one after the other, as if the account had been handed on: `(time, equity over start)`.
#[must_use]
pub fn stitched(folds: &[Fold]) -> Vec<(i64, f64)> {
    let mut worth = 1.0;
    let mut out = Vec::new();
    for fold in folds {
        out.extend(fold.course.iter().map(|(at, share)| (*at, worth * share)));
        worth *= fold.course.last().map_or(1.0, |(_, share)| *share);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_follow_their_training_and_cover_the_end() {
        let whole = Window { from: 10, to: 1_010 };
        let folds = windows(whole, 6).unwrap();
        assert_eq!(folds.len(), 6);
        for (train, test) in &folds {
            assert_eq!((train.to, test.len(), train.len()), (test.from, 111, 333));
        }
        assert!(folds.windows(2).all(|w| w[0].1.to == w[1].1.from));
        assert_eq!(folds[5].1.to, 1_010);
        assert!(folds[0].0.from >= 10);
        assert_eq!(windows(whole, 0), None);
        assert_eq!(windows(Window { from: 0, to: 100 }, 6), None);
    }

    #[test]
    fn the_account_is_handed_on() {
        let fold = |course: &[(i64, f64)]| Fold {
            train: Window { from: 0, to: 1 },
            test: Window { from: 1, to: 2 },
            chosen: Point(vec![0]),
            in_sample: super::super::tests::score(0.0),
            out_of_sample: Ok(super::super::tests::score(0.0)),
            course: course.to_vec(),
            tried: 1,
        };
        let all = stitched(&[fold(&[(1, 1.1), (2, 1.2)]), fold(&[(3, 0.5)]), fold(&[(4, 2.0)])]);
        let want = [(1, 1.1), (2, 1.2), (3, 0.6), (4, 1.2)];
        assert!(all.iter().zip(want).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-12) && all.len() == 4);
    }
}
