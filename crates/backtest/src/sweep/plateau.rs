//! Plateau or peak: a parameter set is worth what its neighbourhood is worth, because tomorrow will not be exactly like today.
//!
//! The neighbourhood of a point are the points at most one step away on every ordered axis, itself included. A point of which
//! less than half of the neighbourhood gave a score has no plateau.

use std::collections::BTreeMap;

use super::{Point, Space};

/// A point with its own value and its neighbourhood's.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Where.
    pub point: Point,
    /// Its own value.
    pub value: f64,
    /// The mean of the other points of its neighbourhood; its own value when it has none.
    pub neighbours: f64,
    /// How many others there were.
    pub count: usize,
}

/// What was found on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The middle of the best neighbourhood.
    pub plateau: Standing,
    /// The best single point.
    pub peak: Standing,
}

/// The best neighbourhood and the best point; `None` when nothing gave a score. Of equals the first on the grid.
#[must_use]
pub fn choose(space: &Space, values: &BTreeMap<Point, f64>) -> Option<Choice> {
    let mut plateau: Option<(f64, Standing)> = None;
    let mut peak: Option<Standing> = None;
    for (point, value) in values {
        let around = space.neighbours(point);
        let known: Vec<f64> =
            around.iter().filter(|p| *p != point).filter_map(|p| values.get(p)).copied().collect();
        let mean = if known.is_empty() { *value } else { known.iter().sum::<f64>() / known.len() as f64 };
        let standing = Standing { point: point.clone(), value: *value, neighbours: mean, count: known.len() };
        if peak.as_ref().is_none_or(|p| *value > p.value) {
            peak = Some(standing.clone());
        }
        let n = known.len() as f64;
        let whole = (mean * n + value) / (n + 1.0);
        let enough = 2 * (known.len() + 1) >= around.len();
        if enough && plateau.as_ref().is_none_or(|(best, _)| whole > *best) {
            plateau = Some((whole, standing));
        }
    }
    let peak = peak?;
    Some(Choice { plateau: plateau.map_or_else(|| peak.clone(), |(_, s)| s), peak })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Axis;

    #[test]
    fn a_lonely_peak_loses_against_a_plateau() {
        let space = Space::new(["x=0..9", "y=0..9"].map(|t| Axis::parse(t).unwrap()).to_vec()).unwrap();
        let mut values = BTreeMap::new();
        for i in 0..space.size() {
            let point = space.point(i);
            let far = point.0[0].abs_diff(6).max(point.0[1].abs_diff(6));
            values.insert(point, 1.0 - 0.2 * far as f64);
        }
        values.insert(Point(vec![1, 1]), 1.5);
        let choice = choose(&space, &values).unwrap();
        assert_eq!((choice.plateau.point, choice.peak.point), (Point(vec![6, 6]), Point(vec![1, 1])));
        assert!((choice.plateau.neighbours - 0.8).abs() < 1e-12 && choice.plateau.count == 8);
        assert_eq!(choose(&space, &BTreeMap::new()), None);
    }

    #[test]
    fn a_point_among_the_impossible_has_no_plateau() {
        let space = Space::new(["x=0..9", "y=0..9"].map(|t| Axis::parse(t).unwrap()).to_vec()).unwrap();
        let line = |at: usize, v: f64| (Point(vec![at, 0]), v);
        let values: BTreeMap<Point, f64> = [
            line(0, 0.1),
            line(1, 0.1),
            (Point(vec![0, 1]), 0.1),
            (Point(vec![1, 1]), 0.1),
            (Point(vec![9, 9]), 5.0),
        ]
        .into();
        let choice = choose(&space, &values).unwrap();
        assert_eq!(choice.peak.point, Point(vec![9, 9]));
        assert_ne!(choice.plateau.point, Point(vec![9, 9]));
    }
}
