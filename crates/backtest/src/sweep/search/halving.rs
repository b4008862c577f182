//! Successive halving: n points on a share η^−k of the window, the best 1/η of them on η times as much, until the last ones
//! have seen all of it (η = 3). The first part of the window comes first, so later rungs hold days that earlier ones did not.
//!
//! Source: Jamieson & Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS 2016.

use super::{Ask, Search, draw_points};
use crate::draw::Draw;
use crate::sweep::{Point, Space};

/// η: how many compete for one place in the next rung.
const ETA: usize = 3;

pub(super) struct Halving {
    rung: Vec<Point>,
    share: f64,
    scored: Vec<(f64, Point)>,
    total: usize,
    done: bool,
}

impl Halving {
    pub(super) fn new(space: &Space, trials: usize, seed: u64) -> Self {
        let rung = draw_points(space, trials, &mut Draw::new(seed, 2));
        let (mut left, mut share, mut total) = (rung.len(), 1.0, rung.len());
        while left > ETA {
            left /= ETA;
            share /= ETA as f64;
            total += left;
        }
        Self { rung, share, scored: Vec::new(), total, done: false }
    }
}

impl Search for Halving {
    fn total(&self) -> usize {
        self.total
    }

    fn ask(&mut self) -> Vec<Ask> {
        if !self.scored.is_empty() {
            // The best first; of equals the first drawn stays first.
            self.scored.sort_by(|a, b| b.0.total_cmp(&a.0));
            self.scored.truncate((self.scored.len() / ETA).max(1));
            self.rung = self.scored.drain(..).map(|(_, point)| point).collect();
            self.share = (self.share * ETA as f64).min(1.0);
        }
        if self.done {
            return Vec::new();
        }
        self.done = self.share >= 1.0 - 1e-9;
        let share = if self.done { 1.0 } else { self.share };
        self.rung.drain(..).map(|point| Ask { point, share }).collect()
    }

    fn tell(&mut self, results: &[(Ask, Option<f64>)]) {
        let scored = results.iter().filter_map(|(ask, score)| Some(((*score)?, ask.point.clone())));
        self.scored.extend(scored);
        // Nothing possible is left: nothing more to ask.
        self.done |= self.scored.is_empty();
    }
}
