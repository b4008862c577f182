//! Order luck: the closed trades in another order. The end stays the same; the way there, and so the worst drawdown, does not.
//!
//! E_k = E_0 + Σ_{i ≤ k} p_π(i) with the profits p of closed trades in a random order π; drawdowns at the ends of trades. Stakes
//! are taken as they were, not scaled to the shuffled worth.
//! Source: Aronson, "Evidence-Based Technical Analysis", 2006, ch. 6 (permutation of trades).

use crate::draw::Draw;
use crate::metrics::stats;

/// The distribution of the worst drawdown over orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Shuffle {
    /// Orders tried.
    pub runs: usize,
    /// The worst drawdown in the order that happened, at the ends of trades; not above 0.
    pub actual: f64,
    /// 5 %, 50 % and 95 % quantiles of the worst drawdown; the first is the deepest.
    pub quantiles: [f64; 3],
    /// The share of orders whose drawdown was at least as deep as the actual one.
    pub as_deep: f64,
}

/// Shuffles `profits` `runs` times; `None` for fewer than two trades.
#[must_use]
pub fn shuffle(start: f64, profits: &[f64], runs: usize, seed: u64) -> Option<Shuffle> {
    if profits.len() < 2 || runs == 0 {
        return None;
    }
    let actual = worst_drawdown(start, profits);
    let mut draw = Draw::new(seed, 4);
    let mut order = profits.to_vec();
    let mut found: Vec<f64> = (0..runs)
        .map(|_| {
            draw.shuffle(&mut order);
            worst_drawdown(start, &order)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    let as_deep = found.iter().filter(|d| **d <= actual).count() as f64 / runs as f64;
    let quantiles = [0.05, 0.5, 0.95].map(|p| stats::quantile(&found, p).unwrap_or(0.0));
    Some(Shuffle { runs, actual, quantiles, as_deep })
}

fn worst_drawdown(start: f64, profits: &[f64]) -> f64 {
    let (mut worth, mut high, mut worst) = (start, start, 0.0_f64);
    for profit in profits {
        worth += profit;
        high = high.max(worth);
        worst = worst.min(worth / high - 1.0);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_two_trades_is_a_coin() {
        // +10 first: 110 → 100, a fall of 1/11. −10 first: 100 → 90, a fall of 1/10.
        let found = shuffle(100.0, &[10.0, -10.0], 4_000, 1).unwrap();
        assert!((found.actual + 1.0 / 11.0).abs() < 1e-12);
        assert!((found.quantiles[0] + 0.1).abs() < 1e-12 && (found.quantiles[2] + 1.0 / 11.0).abs() < 1e-12);
        assert!((found.as_deep - 1.0).abs() < 1e-12);
        let unlucky = shuffle(100.0, &[-10.0, 10.0], 4_000, 1).unwrap();
        assert!((unlucky.as_deep - 0.5).abs() < 0.03, "{}", unlucky.as_deep);
        assert_eq!(unlucky, shuffle(100.0, &[-10.0, 10.0], 4_000, 1).unwrap());
        assert_eq!(shuffle(100.0, &[1.0], 10, 1), None);
    }
}
