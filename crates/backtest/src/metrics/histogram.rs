//! The histogram of returns: equal bins between round numbers, chosen so that there are about √n of them, 8 to 60.

use super::stats;

/// One bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Its lower end, included.
    pub low: f64,
    /// Its upper end, not included (included in the last).
    pub high: f64,
    /// How many values.
    pub count: usize,
}

/// Bins of `values`; zero is always an edge, so that no bin mixes wins and losses. Empty of nothing.
#[must_use]
pub fn bins(values: &[f64]) -> Vec<Bin> {
    let sorted = stats::sorted(values);
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
        return Vec::new();
    };
    let wanted = (sorted.len() as f64).sqrt().clamp(8.0, 60.0);
    let step = round_step((high - low).max(1e-9) / wanted);
    let first = (low / step).floor();
    let count = stats::floor_index(((high / step).floor() - first).max(0.0)) + 1;
    let edge = |i: usize| (first + i as f64) * step;
    let mut out: Vec<Bin> = (0..count).map(|i| Bin { low: edge(i), high: edge(i + 1), count: 0 }).collect();
    for value in sorted {
        let at = stats::floor_index((value / step).floor() - first).min(count - 1);
        out[at].count += 1;
    }
    out
}

/// The smallest of 1, 2, 2.5, 5 × 10ᵏ that is not below `step`.
#[must_use]
pub fn round_step(step: f64) -> f64 {
    let power = 10.0_f64.powf(step.log10().floor());
    let choices = [1.0, 2.0, 2.5, 5.0, 10.0];
    choices.iter().map(|c| c * power).find(|s| *s >= step * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once_and_zero_is_an_edge() {
        let values: Vec<f64> =
            (0..1_000_u32).map(|i| f64::from((i * 733) % 1_000) / 1_000.0 - 0.3697).collect();
        let bins = bins(&values);
        assert_eq!(bins.iter().map(|b| b.count).sum::<usize>(), 1_000);
        assert!(bins.iter().any(|b| b.low.abs() < 1e-12));
        for bin in &bins {
            let inside = values.iter().filter(|v| **v >= bin.low - 1e-12 && **v < bin.high - 1e-12).count();
            assert_eq!(inside, bin.count, "{bin:?}");
        }
        assert!(super::bins(&[]).is_empty());
    }
}
