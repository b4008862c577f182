//! Ways to choose what to try next. A search asks for a batch, is told how it went, and asks again; so its choices depend on
//! its seed alone and not on the number of threads.

mod grid;
mod halving;
mod random;
mod tpe;

use super::{Point, Space};

/// What to try: a point, on a share of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Where.
    pub point: Point,
    /// The share of the window's bars, above 0, at most 1.
    pub share: f64,
}

/// A way to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every point.
    Grid,
    /// Points drawn without repetition.
    Random {
        /// How many.
        trials: usize,
        /// Of the draw.
        seed: u64,
    },
    /// Many points on little data, the better third of them on three times as much, and so on to all of it.
    Halving {
        /// How many points to begin with.
        trials: usize,
        /// Of the draw.
        seed: u64,
    },
    /// Tree-structured Parzen estimator: looks where good trials are denser than bad ones.
    Tpe {
        /// How many.
        trials: usize,
        /// Of the draw.
        seed: u64,
    },
}

impl Method {
    /// Its name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random { .. } => "random",
            Self::Halving { .. } => "halving",
            Self::Tpe { .. } => "tpe",
        }
    }

    /// A search over `space`.
    #[must_use]
    pub fn start(self, space: &Space) -> Box<dyn Search> {
        match self {
            Self::Grid => Box::new(grid::Grid::new(space.clone())),
            Self::Random { trials, seed } => Box::new(random::Random::new(space, trials, seed)),
            Self::Halving { trials, seed } => Box::new(halving::Halving::new(space, trials, seed)),
            Self::Tpe { trials, seed } => Box::new(tpe::Tpe::new(space.clone(), trials, seed)),
        }
    }
}

/// A search under way.
pub trait Search {
    /// How many trials it will ask for in all.
    fn total(&self) -> usize;
    /// The next batch; empty when it is done.
    fn ask(&mut self) -> Vec<Ask>;
    /// How the batch went, in its order; `None` for what gave no score.
    fn tell(&mut self, results: &[(Ask, Option<f64>)]);
}

/// `wanted` different points of `space`, in the order drawn; all of them when there are not more.
fn draw_points(space: &Space, wanted: usize, draw: &mut crate::draw::Draw) -> Vec<Point> {
    let size = space.size();
    if wanted.saturating_mul(2) >= size {
        let mut all: Vec<usize> = (0..size).collect();
        draw.shuffle(&mut all);
        return all.into_iter().take(wanted).map(|i| space.point(i)).collect();
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut out = Vec::with_capacity(wanted);
    while out.len() < wanted {
        let i = draw.below(size);
        if seen.insert(i) {
            out.push(space.point(i));
        }
    }
    out
}

#[cfg(test)]
mod tests;
