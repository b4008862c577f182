//! Variance, standard deviation and Bollinger's bands over a sliding window.
//!
//! Sums are kept of differences from a shift near the values, and added up afresh when the variance becomes small against the
//! largest sum seen, or after 32 windows: TA-Lib's way to keep cancellation away, followed step by step.

use types::wire::WireError;

use super::Sma;
use crate::carry::Carry;
use crate::kernel::{Indicator, put};
use crate::ring::Ring;

/// Bars after which the sums are added up afresh, in windows.
const RESEED: u64 = 32;

/// Population variance (TA-Lib `VAR`).
#[derive(Clone, Debug, PartialEq)]
pub struct Variance {
    n: u32,
    inverse: f64,
    window: Ring,
    seen: u64,
    until_reseed: u64,
    shift: f64,
    /// Σ (x − shift) and Σ (x − shift)².
    sum: f64,
    squares: f64,
    peak: f64,
}

impl Variance {
    /// Over `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        Self {
            n,
            inverse: 1.0 / f64::from(n),
            window: Ring::new(n as usize),
            seen: 0,
            until_reseed: RESEED * u64::from(n),
            shift: 0.0,
            sum: 0.0,
            squares: 0.0,
            peak: 0.0,
        }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        if self.seen == 0 {
            self.shift = x;
        }
        self.seen += 1;
        self.window.push(x);
        let moved = x - self.shift;
        self.sum += moved;
        self.squares += moved * moved;
        if self.seen < u64::from(self.n) {
            // The peak starts with the sum of what comes before the first value.
            self.peak = self.squares;
            return None;
        }
        self.peak = if self.squares > self.peak { self.squares } else { self.peak };
        let mut variance = self.variance();
        self.drop_oldest();
        self.until_reseed = self.until_reseed.saturating_sub(1);
        if variance < 0.000_001 * (self.peak * self.inverse) || self.until_reseed == 0 {
            variance = self.reseed(x);
        }
        Some(variance)
    }

    fn variance(&self) -> f64 {
        let mean = self.sum * self.inverse;
        self.squares * self.inverse - mean * mean
    }

    fn drop_oldest(&mut self) {
        let moved = self.window.oldest() - self.shift;
        self.sum -= moved;
        self.squares -= moved * moved;
    }

    fn reseed(&mut self, newest: f64) -> f64 {
        self.until_reseed = RESEED * u64::from(self.n);
        let mut total = 0.0;
        for value in self.window.iter() {
            total += value;
        }
        self.shift = total * self.inverse;
        self.add_up();
        let mut variance = self.variance();
        if variance < 0.000_001 * (self.squares * self.inverse) {
            self.shift = newest;
            self.add_up();
            variance = self.variance();
        }
        self.peak = self.squares;
        if variance < 0.000_000_000_001 * (self.squares * self.inverse) {
            variance = 0.0;
        }
        self.drop_oldest();
        variance
    }

    fn add_up(&mut self) {
        (self.sum, self.squares) = (0.0, 0.0);
        for value in self.window.iter() {
            let moved = value - self.shift;
            self.sum += moved;
            self.squares += moved * moved;
        }
    }
}

impl Indicator for Variance {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.window.carry(c)?;
        c.whole(&mut self.seen)?;
        c.whole(&mut self.until_reseed)?;
        c.float(&mut self.shift)?;
        c.float(&mut self.sum)?;
        c.float(&mut self.squares)?;
        c.float(&mut self.peak)
    }
}

/// Standard deviation times a factor (TA-Lib `STDDEV`).
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    variance: Variance,
    factor: f64,
}

impl Deviation {
    /// Over `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32, factor: f64) -> Self {
        Self { variance: Variance::new(n), factor }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        // A factor of one leaves the root as it is, also bit for bit.
        self.variance.next(x).map(|variance| variance.sqrt() * self.factor)
    }
}

impl Indicator for Deviation {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.variance.carry(c)
    }
}

/// Bollinger's bands around a simple average (TA-Lib `BBANDS` with the simple average).
#[derive(Clone, Debug, PartialEq)]
pub struct Bands {
    average: Sma,
    variance: Variance,
    up: f64,
    down: f64,
}

impl Bands {
    /// Over `n` values, `up` and `down` deviations away.
    #[must_use]
    pub fn new(n: u32, up: f64, down: f64) -> Self {
        Self { average: Sma::new(n), variance: Variance::new(n), up, down }
    }

    /// Takes in a value: upper band, average, lower band.
    pub fn next(&mut self, x: f64) -> Option<[f64; 3]> {
        let (middle, variance) = self.average.next(x).zip(self.variance.next(x))?;
        let deviation = if variance == 0.0 { 0.0 } else { variance.sqrt() };
        // Equal factors share one product, different ones have the upper one fused, as TA-Lib has it.
        Some(if self.up.to_bits() == self.down.to_bits() {
            let width = deviation * self.up;
            [middle + width, middle, middle - width]
        } else {
            [deviation.mul_add(self.up, middle), middle, middle - deviation * self.down]
        })
    }
}

impl Indicator for Bands {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0]).is_some_and(|bands| {
            out[..3].copy_from_slice(&bands);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.average.carry(c)?;
        self.variance.carry(c)
    }
}
