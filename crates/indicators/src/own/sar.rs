//! Parabolic stop and reverse (TA-Lib `SAR`; Wilder 1978): a stop that follows the extreme with a growing factor and turns when
//! it is touched.

use types::wire::WireError;

use crate::carry::Carry;
use crate::kernel::{Indicator, put};

/// The parabolic stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Sar {
    step: f64,
    most: f64,
    seen: u64,
    is_long: bool,
    high: f64,
    low: f64,
    factor: f64,
    extreme: f64,
    stop: f64,
}

impl Sar {
    /// Acceleration `step` per new extreme, at most `most`.
    #[must_use]
    pub fn new(step: f64, most: f64) -> Self {
        let step = if step > most { most } else { step };
        Self {
            step,
            most,
            seen: 0,
            is_long: true,
            high: 0.0,
            low: 0.0,
            factor: step,
            extreme: 0.0,
            stop: 0.0,
        }
    }

    /// Takes in a bar; a value from the second on.
    pub fn next(&mut self, high: f64, low: f64) -> Option<f64> {
        // It counts to two.
        self.seen = (self.seen + 1).min(3);
        if self.seen == 1 {
            (self.high, self.low) = (high, low);
            return None;
        }
        if self.seen == 2 {
            // The first movement decides the direction: down only when the low fell, and by more than the high rose.
            let (up, down) = (high - self.high, self.low - low);
            self.is_long = !(down > 0.0 && up < down);
            (self.extreme, self.stop) = if self.is_long { (high, self.low) } else { (low, self.high) };
            (self.high, self.low) = (high, low);
        }
        let (high_before, low_before) = (self.high, self.low);
        (self.high, self.low) = (high, low);
        let touched = if self.is_long { low <= self.stop } else { high >= self.stop };
        if touched {
            self.is_long = !self.is_long;
            self.stop = self.extreme;
            self.keep_outside(high_before, low_before);
            let shown = self.stop;
            self.factor = self.step;
            self.extreme = if self.is_long { high } else { low };
            self.advance(high_before, low_before);
            return Some(shown);
        }
        let shown = self.stop;
        let further = if self.is_long { high > self.extreme } else { low < self.extreme };
        if further {
            self.extreme = if self.is_long { high } else { low };
            self.factor += self.step;
            self.factor = if self.factor > self.most { self.most } else { self.factor };
        }
        self.advance(high_before, low_before);
        Some(shown)
    }

    fn advance(&mut self, high_before: f64, low_before: f64) {
        self.stop = self.factor.mul_add(self.extreme - self.stop, self.stop);
        self.keep_outside(high_before, low_before);
    }

    /// The stop is never inside the range of the last two bars.
    fn keep_outside(&mut self, high_before: f64, low_before: f64) {
        if self.is_long {
            for low in [low_before, self.low] {
                self.stop = if self.stop > low { low } else { self.stop };
            }
        } else {
            for high in [high_before, self.high] {
                self.stop = if self.stop < high { high } else { self.stop };
            }
        }
    }
}

impl Indicator for Sar {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        c.flag(&mut self.is_long)?;
        c.float(&mut self.high)?;
        c.float(&mut self.low)?;
        c.float(&mut self.factor)?;
        c.float(&mut self.extreme)?;
        c.float(&mut self.stop)
    }
}
