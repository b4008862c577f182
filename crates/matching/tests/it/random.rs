//! The suite's own generator (SplitMix64), so that a seed means the same run on every machine and for ever.

use std::num::NonZeroU64;

/// Seeded random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound` (> 0).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % NonZeroU64::new(bound).expect("a bound above zero")
    }

    /// A number from `low` to `high`.
    pub(crate) fn within(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low);
        let step = if span == u64::MAX { self.next() } else { self.below(span + 1) };
        low.wrapping_add(step.cast_signed())
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len() as u64);
        from[usize::try_from(at).expect("an index")]
    }
}

/// The seeds of a kind of run, and the commands of each: the environment's wish, or the standard ones.
pub(crate) fn runs(standard_seeds: u64, standard_commands: u64) -> (Vec<u64>, u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let commands = number("MATCHING_COMMANDS");
    let seeds = number("MATCHING_SEED").map_or_else(|| (1..=standard_seeds).collect(), |seed| vec![seed]);
    (seeds, commands.map_or(standard_commands, |total| total.div_ceil(standard_seeds)))
}
