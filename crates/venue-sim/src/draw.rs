//! Random numbers from a seed, in integers: the same on every machine.

/// SplitMix64 (Steele, Lea and Flood, 2014): one addition and a mixing per number, good enough for delays and faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The numbers of `stream` of a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut draw = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        draw.0 = draw.bits();
        draw
    }

    /// Uniform over 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b ^ (b >> 31)
    }

    /// Exponentially distributed with this mean, rounded down, by von Neumann's method (1951), which needs comparisons only:
    /// no logarithm, so no difference between machines.
    pub(crate) fn exponential(&mut self, mean: i64) -> i64 {
        if mean <= 0 {
            return 0;
        }
        let mut whole: u64 = 0;
        loop {
            let first = self.bits();
            let (mut last, mut odd) = (first, true);
            loop {
                let next = self.bits();
                if next >= last {
                    break;
                }
                (last, odd) = (next, !odd);
            }
            if odd {
                let fraction = (u128::from(mean.unsigned_abs()) * u128::from(first)) >> 64;
                let value = u128::from(whole) * u128::from(mean.unsigned_abs()) + fraction;
                return i64::try_from(value).unwrap_or(i64::MAX);
            }
            whole += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_have_the_mean_and_the_tail_of_an_exponential() {
        let mut draw = Draw::new(7, 1);
        let all: Vec<i64> = (0..100_000).map(|_| draw.exponential(1_000_000)).collect();
        let mean = all.iter().sum::<i64>() / 100_000;
        assert!((990_000..1_010_000).contains(&mean), "{mean}");
        // P(x > 2 mean) = e^-2 = 0.1353
        let tail = all.iter().filter(|x| **x > 2_000_000).count();
        assert!((13_200..13_900).contains(&tail), "{tail}");
        assert_eq!(draw.exponential(0), 0);
    }
}
