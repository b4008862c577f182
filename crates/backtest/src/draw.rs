//! Random numbers of searches and Monte Carlo: PCG-64 from a seed, the same on every machine.

use rand_core::Rng as _;
use rand_pcg::Pcg64;

/// A source of numbers.
#[derive(Debug)]
pub(crate) struct Draw(Pcg64);

impl Draw {
    /// The numbers of `stream` under `seed`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let spread = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream.rotate_left(32);
        Self(Pcg64::new((u128::from(spread) << 64) | u128::from(seed), u128::from(stream)))
    }

    /// Uniform from 0 to below `n`; 0 for no choice. Lemire's multiplication: the bias is below n / 2⁶⁴.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.0.next_u64()) * n as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// Uniform from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / 2.0_f64.powi(53)
    }

    /// Fisher & Yates.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_even_and_streams_differ() {
        let mut draw = Draw::new(7, 0);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[draw.below(6)] += 1;
        }
        assert!(counts.iter().all(|c| (9_600..10_400).contains(c)), "{counts:?}");
        let mean: f64 = (0..10_000).map(|_| draw.unit()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01);
        assert_ne!(Draw::new(7, 1).below(1 << 40), Draw::new(7, 2).below(1 << 40));
    }
}
