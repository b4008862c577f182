//! Runs a search on all cores. Trials of a batch run side by side and are recorded in the order they were asked for, so the
//! result does not depend on the number of threads.
//!
//! Stopping: between two trials. What was tried until then is recorded like the rest.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Ask, Judge, Method, Objective, Point, Score, Space, Unjudged, Window};

/// A trial that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Where on the grid.
    pub point: Point,
    /// Over which bars.
    pub window: Window,
    /// How it went.
    pub result: Result<Score, Unjudged>,
}

/// Seen from other threads: how far it is, and whether it shall stop.
#[derive(Debug, Default)]
pub struct Progress {
    /// Trials done.
    pub done: AtomicUsize,
    /// Trials planned, as far as known.
    pub total: AtomicUsize,
    /// Set it to stop.
    pub stop: AtomicBool,
}

impl Progress {
    /// True once it shall stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What is searched, how, and with what.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The grid.
    pub space: &'a Space,
    /// Parameters that do not vary.
    pub fixed: &'a [(String, String)],
    /// How to search.
    pub method: Method,
    /// What to look for.
    pub objective: Objective,
    /// Who judges.
    pub judge: &'a dyn Judge,
    /// Trials at the same time, at least 1.
    pub threads: usize,
}

impl Plan<'_> {
    /// The whole parameter set at a point.
    #[must_use]
    pub fn params(&self, point: &Point) -> Vec<(String, String)> {
        let mut all = self.fixed.to_vec();
        all.extend(self.space.pairs(point));
        all
    }

    /// Searches over `window`. `record` gets every trial, batch by batch; when it fails, the search ends with its error.
    ///
    /// # Errors
    /// What `record` says.
    pub fn search<E>(
        &self,
        window: Window,
        progress: &Progress,
        record: &mut dyn FnMut(&[Trial]) -> Result<(), E>,
    ) -> Result<Vec<Trial>, E> {
        let mut search = self.method.start(self.space);
        let mut all = Vec::new();
        loop {
            let asks = search.ask();
            if asks.is_empty() || progress.is_stopped() {
                return Ok(all);
            }
            let trials = self.batch(&asks, window, progress);
            record(&trials)?;
            let stopped = trials.len() < asks.len();
            let told: Vec<(Ask, Option<f64>)> =
                asks.into_iter().zip(&trials).map(|(ask, t)| (ask, self.value(t))).collect();
            search.tell(&told);
            all.extend(trials);
            if stopped {
                return Ok(all);
            }
        }
    }

    /// The number that should be large; `None` for what gave no score.
    #[must_use]
    pub fn value(&self, trial: &Trial) -> Option<f64> {
        trial.result.as_ref().ok().map(|score| self.objective.of(score)).filter(|v| v.is_finite())
    }

    /// Judges a batch side by side; shorter than `asks` only when stopped.
    fn batch(&self, asks: &[Ask], window: Window, progress: &Progress) -> Vec<Trial> {
        let next = AtomicUsize::new(0);
        // Each worker writes each slot once; the lock is held for the move of a result only.
        let slots: Mutex<Vec<Option<Trial>>> = Mutex::new(vec![None; asks.len()]);
        let work = || {
            while !progress.is_stopped() {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(ask) = asks.get(at) else { return };
                let part = if ask.share < 1.0 { window.first(ask.share) } else { window };
                let result = self.judge.judge(&self.params(&ask.point), part);
                let trial = Trial { point: ask.point.clone(), window: part, result };
                if let Ok(mut slots) = slots.lock() {
                    slots[at] = Some(trial);
                }
                progress.done.fetch_add(1, Ordering::Relaxed);
            }
        };
        let workers = self.threads.clamp(1, asks.len().max(1));
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let slots = slots.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Cut at the first gap: what was stopped in between was told to nobody, so order and searches stay sound.
        slots.into_iter().map_while(|slot| slot).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::sweep::score::{BLOCKS, Block};
    use crate::sweep::{Axis, Space};

    struct Hill;

    impl Judge for Hill {
        fn judge(&self, params: &[(String, String)], window: Window) -> Result<Score, Unjudged> {
            let get = |name: &str| params.iter().find(|(n, _)| n == name).unwrap().1.parse::<f64>().unwrap();
            let (x, y) = (get("x"), get("y"));
            if x < y {
                return Err(Unjudged::Impossible("x below y".into()));
            }
            Ok(Score {
                final_equity: types::Money(0),
                total_return: -(x - 7.0).powi(2) - (y - 3.0).powi(2),
                sharpe: 0.0,
                max_drawdown: -0.1,
                trades: u32::try_from(window.len()).unwrap(),
                fees: 0.0,
                per_year: 365.0,
                blocks: [Block::default(); BLOCKS],
            })
        }

        fn course(&self, _: &[(String, String)], _: Window) -> Result<Vec<(i64, f64)>, Unjudged> {
            Ok(Vec::new())
        }
    }

    fn run(threads: usize, method: Method, progress: &Progress) -> (Vec<Trial>, usize) {
        let space = Space::new(["x=0..19", "y=0..19"].map(|t| Axis::parse(t).unwrap()).to_vec()).unwrap();
        let plan =
            Plan { space: &space, fixed: &[], method, objective: Objective::Return, judge: &Hill, threads };
        let mut recorded = 0;
        let window = Window { from: 0, to: 900 };
        let all = plan.search(window, progress, &mut |batch: &[Trial]| {
            recorded += batch.len();
            if recorded >= 256 && matches!(method, Method::Grid) && threads == 3 {
                progress.stop.store(true, Ordering::Relaxed);
            }
            Ok::<(), Infallible>(())
        });
        (all.unwrap(), recorded)
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        for method in
            [Method::Grid, Method::Tpe { trials: 60, seed: 4 }, Method::Halving { trials: 81, seed: 4 }]
        {
            let one = run(1, method, &Progress::default());
            assert_eq!(one, run(4, method, &Progress::default()), "{method:?}");
            assert_eq!(one.0.len(), one.1);
        }
    }

    #[test]
    fn a_stopped_search_keeps_and_records_what_was_tried() {
        let progress = Progress::default();
        let (all, recorded) = run(3, Method::Grid, &progress);
        assert_eq!((all.len(), recorded), (256, 256));
    }
}
