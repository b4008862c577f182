//! Random numbers of one tick: derived from (seed, tick, stream), so that any tick can be drawn again after a restart.

use rand_core::Rng;
use rand_pcg::Pcg64;

use super::fixed::{ONE, exp2, mul};

/// Slices of a tick in which at most one event happens each: counts up to this many per tick are possible.
const SLICES: u32 = 64;

/// A source of numbers.
#[derive(Debug)]
pub(crate) struct Draw(Pcg64);

/// A well-mixed 64-bit number from another (the finaliser of SplitMix64; Steele, Lea and Flood, 2014).
pub(crate) const fn mixed(value: u64) -> u64 {
    let a = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

impl Draw {
    /// The numbers of `stream` in tick `tick`.
    pub(crate) fn new(seed: u64, tick: u64, stream: u64) -> Self {
        let low = u128::from(mixed(seed ^ mixed(tick)));
        let high = u128::from(mixed(tick ^ mixed(seed.wrapping_add(stream))));
        Self(Pcg64::new((high << 64) | low, u128::from(stream)))
    }

    /// Uniform over all 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform from 0 to below one.
    pub(crate) fn unit(&mut self) -> i64 {
        i64::from(self.0.next_u32())
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: i64) -> bool {
        self.unit() < p
    }

    /// Standard normal: the sum of twelve uniforms, whose variance is exactly one (so never beyond ±6).
    pub(crate) fn normal(&mut self) -> i64 {
        let mut sum = 0_i64;
        for _ in 0..3 {
            let bits = self.bits();
            for shift in [0, 16, 32, 48] {
                sum += ((bits >> shift) & 0xffff).cast_signed();
            }
        }
        // Twelve times the mean of 0..=0xffff, then 16 more binary decimals.
        (sum - 12 * 0xffff / 2) << 16
    }

    /// Log-normal with median one; `spread` is its standard deviation in powers of two.
    pub(crate) fn lognormal(&mut self, spread: i64) -> i64 {
        exp2(mul(self.normal(), spread))
    }

    /// A count with mean `mean`, at most [`SLICES`]: binomial, which is close to Poisson for the means used here.
    pub(crate) fn count(&mut self, mean: i64) -> u32 {
        let p = (mean.max(0) / i64::from(SLICES)).min(ONE);
        (0..SLICES).map(|_| u32::from(self.chance(p))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_draws_the_same_numbers_again_and_streams_differ() {
        let draw = |tick, stream| Draw::new(7, tick, stream).bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn the_distributions_have_their_moments() {
        let mut draw = Draw::new(1, 0, 0);
        let n = 200_000_i64;
        let (mut sum, mut squares, mut count) = (0_i64, 0_i64, 0_u32);
        for _ in 0..n {
            let z = draw.normal() >> 16; // 16 binary decimals are enough here
            sum += z;
            squares += z * z / n;
            count += draw.count(ONE / 2);
        }
        let one = 1_i64 << 16;
        assert!((sum / n).abs() < one / 100, "mean {}", sum / n);
        assert!((squares - one * one).abs() < one * one / 50, "variance {squares}");
        assert!((95_000..105_000).contains(&count), "half an event each: {count}");
    }
}
