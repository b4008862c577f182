//! Day luck: other histories made of the same days. Stationary block bootstrap of period returns: blocks of a geometrically
//! distributed length keep runs of good and bad days together.
//!
//! Each step goes on to the next period with probability 1 − 1/b and jumps to a random one with 1/b; mean block length
//! b = √n, at least 2. The series is a circle. E_t = E_0 ∏ (1 + x).
//! Source: Politis & Romano, "The Stationary Bootstrap", Journal of the American Statistical Association 89, 1994.

use crate::draw::Draw;
use crate::metrics::stats;

/// Places along the time at which the bands are told.
const PLACES: usize = 60;

/// Quantiles of the worth (share of the start) along the time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bands {
    /// Index of the period each place stands for.
    pub at: Vec<usize>,
    /// 5 %.
    pub low: Vec<f64>,
    /// Median.
    pub middle: Vec<f64>,
    /// 95 %.
    pub high: Vec<f64>,
}

/// Distribution of the end and of the worst drawdown over histories.
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    /// Histories made.
    pub runs: usize,
    /// Mean length of a block in periods.
    pub block: f64,
    /// 5 %, 50 % and 95 % quantiles of the total return.
    pub total_return: [f64; 3],
    /// 5 %, 50 % and 95 % quantiles of the worst drawdown; the first is the deepest.
    pub max_drawdown: [f64; 3],
    /// The share of histories that ended below the start.
    pub loss: f64,
    /// The course of the quantiles.
    pub bands: Bands,
}

/// Makes `runs` histories of `returns`; `None` for fewer than ten periods.
#[must_use]
pub fn bootstrap(returns: &[f64], runs: usize, seed: u64) -> Option<Bootstrap> {
    let n = returns.len();
    if n < 10 || runs == 0 {
        return None;
    }
    let block = (n as f64).sqrt().max(2.0);
    let places = PLACES.min(n);
    let at: Vec<usize> = (1..=places).map(|i| i * n / places - 1).collect();
    let mut draw = Draw::new(seed, 5);
    let (mut ends, mut falls) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    let mut columns: Vec<Vec<f64>> = vec![Vec::with_capacity(runs); places];
    for _ in 0..runs {
        let (mut worth, mut high, mut worst) = (1.0_f64, 1.0_f64, 0.0_f64);
        let (mut i, mut place) = (draw.below(n), 0);
        for t in 0..n {
            worth *= 1.0 + returns[i];
            high = high.max(worth);
            worst = worst.min(worth / high - 1.0);
            if at.get(place) == Some(&t) {
                columns[place].push(worth);
                place += 1;
            }
            i = if draw.unit() * block < 1.0 { draw.below(n) } else { (i + 1) % n };
        }
        ends.push(worth - 1.0);
        falls.push(worst);
    }
    let loss = ends.iter().filter(|e| **e < 0.0).count() as f64 / runs as f64;
    let quantiles = |values: &[f64]| {
        let sorted = stats::sorted(values);
        [0.05, 0.5, 0.95].map(|p| stats::quantile(&sorted, p).unwrap_or(0.0))
    };
    let mut bands = Bands { at, ..Bands::default() };
    for column in &columns {
        let [low, middle, high] = quantiles(column);
        bands.low.push(low);
        bands.middle.push(middle);
        bands.high.push(high);
    }
    Some(Bootstrap {
        runs,
        block,
        total_return: quantiles(&ends),
        max_drawdown: quantiles(&falls),
        loss,
        bands,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_return_has_one_history() {
        let found = bootstrap(&[0.01; 100], 50, 1).unwrap();
        let want = 1.01_f64.powi(100) - 1.0;
        assert!(found.total_return.iter().all(|r| (r - want).abs() < 1e-9));
        assert!(found.max_drawdown[0].abs() < 1e-12 && found.loss.abs() < 1e-12);
        assert_eq!((found.bands.at.len(), found.bands.at[59]), (60, 99));
        assert_eq!(bootstrap(&[0.0; 9], 50, 1), None);
    }

    #[test]
    fn blocks_keep_runs_together() {
        // Fifty days up, fifty days down: the mean is nothing, but whole runs make deeper falls than single days would.
        let mut returns = vec![0.01; 50];
        returns.extend([-0.01; 50]);
        let blocks = bootstrap(&returns, 2_000, 3).unwrap();
        assert!((blocks.block - 10.0).abs() < 1e-12);
        assert!((0.35..0.65).contains(&blocks.loss), "{}", blocks.loss);
        // 100 independent ±1 % days scatter by 10 %; runs of ten by about 30 %.
        let spread = blocks.total_return[2] - blocks.total_return[0];
        assert!(spread > 0.6, "{spread}");
        assert_eq!(blocks, bootstrap(&returns, 2_000, 3).unwrap());
    }
}
