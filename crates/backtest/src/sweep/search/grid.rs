//! Every point, in order.

use super::{Ask, Search};
use crate::sweep::Space;

/// Trials of a batch: enough to keep all cores busy, few enough to stop and to show progress soon.
const BATCH: usize = 256;

pub(super) struct Grid {
    space: Space,
    next: usize,
}

impl Grid {
    pub(super) fn new(space: Space) -> Self {
        Self { space, next: 0 }
    }
}

impl Search for Grid {
    fn total(&self) -> usize {
        self.space.size()
    }

    fn ask(&mut self) -> Vec<Ask> {
        let end = (self.next + BATCH).min(self.space.size());
        let batch = (self.next..end).map(|i| Ask { point: self.space.point(i), share: 1.0 }).collect();
        self.next = end;
        batch
    }

    fn tell(&mut self, _: &[(Ask, Option<f64>)]) {}
}
