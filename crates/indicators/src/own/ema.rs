//! Exponential moving average: e ← (1 − k) e + k x, k = 2 / (n + 1), with one rounding fused as TA-Lib's `EMA` does it.

use types::wire::WireError;

use crate::carry::Carry;
use crate::kernel::{Indicator, put};

/// How an average starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// With the mean of the first n values, which is the value of the n-th (TA-Lib's default).
    Mean,
    /// With the first value; there is a value from the first on.
    First,
}

/// An exponential moving average of n values.
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    n: u32,
    /// 1 − k and k, adding up to exactly 1 so that a constant series keeps its level.
    keep: f64,
    k: f64,
    seed: Seed,
    seen: u64,
    /// The sum while seeding with the mean, then the average.
    value: f64,
}

impl Ema {
    /// Over `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32, seed: Seed) -> Self {
        let n = n.max(1);
        // The rounding of TA-Lib: the larger of the two is divided, the other is what is missing to 1.
        let share = (f64::from(n) - 1.0) / (f64::from(n) + 1.0);
        let k = 1.0 - share;
        let keep = if share < 0.5 { 1.0 - k } else { share };
        Self { n, keep, k, seed, seen: 0, value: 0.0 }
    }

    /// Takes in the next value; the average after it, once there is one.
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.seen += 1;
        if self.n == 1 {
            // No smoothing: a copy, which the recursion would not be for -0.
            self.value = x;
            return Some(x);
        }
        let n = u64::from(self.n);
        match self.seed {
            Seed::First if self.seen == 1 => self.value = x,
            Seed::Mean if self.seen < n => {
                self.value += x;
                return None;
            }
            Seed::Mean if self.seen == n => self.value = (self.value + x) / f64::from(self.n),
            Seed::First | Seed::Mean => self.value = self.keep.mul_add(self.value, self.k * x),
        }
        Some(self.value)
    }
}

impl Indicator for Ema {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, Self::update(self, x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        c.float(&mut self.value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::wire::{Reader, Writer};

    use super::*;

    proptest! {
        #[test]
        fn streaming_equals_the_batch_bit_for_bit(values in prop::collection::vec(1.0..1e5_f64, 2..200), n in 2..40_u32) {
            let mut batch = vec![0.0; values.len()];
            let period = i32::try_from(n).unwrap();
            let range = ta_lib::Core::new().ema(0, values.len() - 1, &values, period, &mut batch).unwrap();
            let mut ema = Ema::new(n, Seed::Mean);
            let streamed: Vec<f64> = values.iter().filter_map(|v| ema.update(*v)).collect();
            prop_assert_eq!(streamed.len(), range.count);
            for (ours, theirs) in streamed.iter().zip(&batch) {
                prop_assert_eq!(ours.to_bits(), theirs.to_bits());
            }
        }

        #[test]
        fn a_restored_state_goes_on_as_if_nothing_had_happened(
            values in prop::collection::vec(1.0..1e5_f64, 1..100), at in 0..100_usize, first: bool
        ) {
            let seed = if first { Seed::First } else { Seed::Mean };
            let mut whole = Ema::new(9, seed);
            let mut halves = Ema::new(9, seed);
            for (i, value) in values.iter().enumerate() {
                if i == at {
                    let mut bytes = Vec::new();
                    halves.save(&mut Writer(&mut bytes));
                    halves = Ema::new(9, seed);
                    halves.load(&mut Reader::new(&bytes)).unwrap();
                }
                prop_assert_eq!(whole.update(*value).map(f64::to_bits), halves.update(*value).map(f64::to_bits));
            }
        }
    }
}
