//! Tree-structured Parzen estimator on a grid: of the points tried, the best quarter gives a density l, the rest a density g,
//! per parameter; of 32 points drawn from l the one with the largest l/g comes next.
//!
//! Densities on an ordered axis are sums of triangular kernels over the neighbouring values, on others of single ones, both
//! with one evenly spread observation on top, so that nothing is ever impossible.
//! Source: Bergstra, Bardenet, Bengio & Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011.

use std::collections::BTreeSet;

use super::{Ask, Search, draw_points};
use crate::draw::Draw;
use crate::sweep::{Axis, Point, Space};

/// Trials asked for at once: enough for the cores, few enough to learn from.
const BATCH: usize = 8;
/// Candidates drawn for each trial.
const CANDIDATES: usize = 32;
/// γ: the share of trials that count as good.
const GOOD: f64 = 0.25;

pub(super) struct Tpe {
    space: Space,
    trials: usize,
    asked: usize,
    first: Vec<Point>,
    seen: BTreeSet<Point>,
    scored: Vec<(f64, Point)>,
    impossible: Vec<Point>,
    draw: Draw,
}

impl Tpe {
    pub(super) fn new(space: Space, trials: usize, seed: u64) -> Self {
        let trials = trials.min(space.size());
        let mut draw = Draw::new(seed, 3);
        // A quarter, at least ten, is drawn evenly before densities mean something.
        let first = draw_points(&space, (trials / 4).max(10).min(trials), &mut draw);
        let (seen, scored, impossible) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self { space, trials, asked: 0, first, seen, scored, impossible, draw }
    }

    fn next(&mut self) -> Point {
        let good = crate::metrics::stats::floor_index((self.scored.len() as f64 * GOOD).ceil()).max(1);
        let (best, rest) = self.scored.split_at(good.min(self.scored.len()));
        let best: Vec<&Point> = best.iter().map(|(_, p)| p).collect();
        let rest: Vec<&Point> = rest.iter().map(|(_, p)| p).chain(&self.impossible).collect();
        let axes = self.space.axes();
        let densities: Vec<(Vec<f64>, Vec<f64>)> =
            (0..axes.len()).map(|i| (density(&axes[i], i, &best), density(&axes[i], i, &rest))).collect();
        let mut chosen: Option<(f64, Point)> = None;
        for _ in 0..CANDIDATES {
            let point = Point(densities.iter().map(|(l, _)| pick(l, &mut self.draw)).collect());
            let ratio: f64 = densities.iter().zip(&point.0).map(|((l, g), at)| (l[*at] / g[*at]).ln()).sum();
            let better = chosen.as_ref().is_none_or(|(most, _)| ratio > *most);
            if better && !self.seen.contains(&point) {
                chosen = Some((ratio, point));
            }
        }
        chosen.map_or_else(|| self.unseen(), |(_, point)| point)
    }

    /// Some point that was not tried: the first one after a random place.
    fn unseen(&mut self) -> Point {
        let (size, from) = (self.space.size(), self.draw.below(self.space.size()));
        let points = (0..size).map(|i| self.space.point((from + i) % size));
        points.into_iter().find(|p| !self.seen.contains(p)).unwrap_or_else(|| self.space.point(from))
    }
}

/// The probability of each value of the axis under the Parzen estimate from `points`.
fn density(axis: &Axis, i: usize, points: &[&Point]) -> Vec<f64> {
    let n = axis.values.len();
    let mut weights = vec![1.0 / n as f64; n];
    // The kernel narrows as observations come in.
    let reach = if axis.is_ordered { n as f64 / (2.0 * (points.len() as f64 + 1.0).sqrt()) } else { 0.0 };
    for point in points {
        let at = point.0[i];
        let kernel = |j: usize| (1.0 - j.abs_diff(at) as f64 / (reach + 1.0)).max(0.0);
        let total: f64 = (0..n).map(kernel).sum();
        for (j, weight) in weights.iter_mut().enumerate() {
            *weight += kernel(j) / total;
        }
    }
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

fn pick(density: &[f64], draw: &mut Draw) -> usize {
    let mut left = draw.unit();
    for (i, weight) in density.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    density.len() - 1
}

impl Search for Tpe {
    fn total(&self) -> usize {
        self.trials
    }

    fn ask(&mut self) -> Vec<Ask> {
        let mut batch = Vec::new();
        while batch.len() < BATCH && self.asked < self.trials {
            let point = match self.first.pop() {
                Some(point) => point,
                // Nothing was possible so far: keep drawing evenly.
                None if self.scored.is_empty() => self.unseen(),
                None => self.next(),
            };
            self.seen.insert(point.clone());
            self.asked += 1;
            batch.push(Ask { point, share: 1.0 });
        }
        batch
    }

    fn tell(&mut self, results: &[(Ask, Option<f64>)]) {
        for (ask, score) in results {
            match score {
                Some(score) => self.scored.push((*score, ask.point.clone())),
                None => self.impossible.push(ask.point.clone()),
            }
        }
        self.scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    }
}
