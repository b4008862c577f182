//! Points drawn evenly and without repetition. Source: Bergstra & Bengio, Journal of Machine Learning Research 13, 2012.

use super::{Ask, Search, draw_points};
use crate::draw::Draw;
use crate::sweep::{Point, Space};

const BATCH: usize = 256;

pub(super) struct Random {
    points: Vec<Point>,
    next: usize,
}

impl Random {
    pub(super) fn new(space: &Space, trials: usize, seed: u64) -> Self {
        Self { points: draw_points(space, trials, &mut Draw::new(seed, 1)), next: 0 }
    }
}

impl Search for Random {
    fn total(&self) -> usize {
        self.points.len()
    }

    fn ask(&mut self) -> Vec<Ask> {
        let end = (self.next + BATCH).min(self.points.len());
        let batch =
            self.points[self.next..end].iter().map(|p| Ask { point: p.clone(), share: 1.0 }).collect();
        self.next = end;
        batch
    }

    fn tell(&mut self, _: &[(Ask, Option<f64>)]) {}
}
