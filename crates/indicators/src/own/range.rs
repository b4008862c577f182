//! True range and its averages (Wilder 1978): TRANGE, ATR, NATR.

use types::wire::WireError;

use super::Rma;
use crate::carry::Carry;
use crate::kernel::{Indicator, put};

/// The largest of high − low and the distances of both from the close before (TA-Lib `TRANGE`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrueRange {
    started: bool,
    close: f64,
}

impl TrueRange {
    /// Takes in a bar; a value from the second on.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let before = self.started.then_some(self.close);
        (self.started, self.close) = (true, close);
        before.map(|before| true_range(high, low, before))
    }
}

/// The true range of a bar after a close.
pub(super) fn true_range(high: f64, low: f64, before: f64) -> f64 {
    let mut greatest = high - low;
    for distance in [(before - high).abs(), (before - low).abs()] {
        greatest = if distance > greatest { distance } else { greatest };
    }
    greatest
}

impl Indicator for TrueRange {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1], x[2]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.flag(&mut self.started)?;
        c.float(&mut self.close)
    }
}

/// Average true range (TA-Lib `ATR`), or the same as a percentage of the close (`NATR`).
#[derive(Clone, Debug, PartialEq)]
pub struct Atr {
    range: TrueRange,
    average: Rma,
    percent: bool,
}

impl Atr {
    /// Over `n` ≥ 1 ranges.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self { range: TrueRange::default(), average: Rma::new(n), percent: false }
    }

    /// As a percentage of the close; with n = 1 TA-Lib gives the range itself.
    #[must_use]
    pub fn percent(n: u32) -> Self {
        Self { percent: n > 1, ..Self::new(n) }
    }

    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let range = self.range.next(high, low, close)?;
        let average = self.average.next(range)?;
        Some(match self.percent {
            false => average,
            true if close != 0.0 => average / close * 100.0,
            true => 0.0,
        })
    }
}

impl Indicator for Atr {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1], x[2]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.range.carry(c)?;
        self.average.carry(c)
    }
}
