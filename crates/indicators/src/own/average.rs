//! Moving averages: simple, weighted, Wilder's, and chains of exponential ones (DEMA, TEMA).

use types::wire::WireError;

use super::{Ema, Seed};
use crate::carry::Carry;
use crate::kernel::{Indicator, put};
use crate::ring::Ring;

/// Simple moving average (TA-Lib `SMA`): the running sum over n.
#[derive(Clone, Debug, PartialEq)]
pub struct Sma {
    n: f64,
    window: Ring,
    total: f64,
    /// The sum itself instead of the mean (TA-Lib `SUM`).
    is_sum: bool,
}

impl Sma {
    /// Over `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        Self { n: f64::from(n), window: Ring::new(n as usize), total: 0.0, is_sum: false }
    }

    /// The sum of the last `n` values.
    #[must_use]
    pub fn sum(n: u32) -> Self {
        Self { is_sum: true, ..Self::new(n) }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        self.total += x;
        self.window.push(x);
        if !self.window.is_full() {
            return None;
        }
        let whole = self.total;
        self.total -= self.window.oldest();
        Some(if self.is_sum { whole } else { whole / self.n })
    }
}

impl Indicator for Sma {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.window.carry(c)?;
        c.float(&mut self.total)
    }
}

/// Bars after which TA-Lib adds a weighted window up afresh, in windows.
const WMA_RESEED: u64 = 8;

/// Weighted moving average (TA-Lib `WMA`): weights 1 to n, the newest the heaviest.
#[derive(Clone, Debug, PartialEq)]
pub struct Wma {
    n: u32,
    divider: f64,
    window: Ring,
    seen: u64,
    until_reseed: u64,
    /// Σ weight × value, and Σ value.
    weighted: f64,
    plain: f64,
    trailing: f64,
}

impl Wma {
    /// Over `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        let divider = f64::from(n) * (f64::from(n) + 1.0) / 2.0;
        Self {
            n,
            divider,
            window: Ring::new(n as usize),
            seen: 0,
            until_reseed: WMA_RESEED * u64::from(n),
            weighted: 0.0,
            plain: 0.0,
            trailing: 0.0,
        }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        if self.n == 1 {
            return Some(x);
        }
        self.seen += 1;
        self.window.push(x);
        self.plain += x;
        if self.seen < u64::from(self.n) {
            self.weighted += x * self.seen as f64;
            return None;
        }
        self.plain -= self.trailing;
        self.weighted += x * f64::from(self.n);
        self.until_reseed = self.until_reseed.saturating_sub(1);
        if self.until_reseed == 0 {
            self.until_reseed = WMA_RESEED * u64::from(self.n);
            (self.plain, self.weighted) = (0.0, 0.0);
            let mut weight = 1.0;
            for value in self.window.iter() {
                self.plain += value;
                self.weighted += value * weight;
                weight += 1.0;
            }
        }
        self.trailing = self.window.oldest();
        let average = self.weighted / self.divider;
        self.weighted -= self.plain;
        Some(average)
    }
}

impl Indicator for Wma {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.window.carry(c)?;
        c.whole(&mut self.seen)?;
        c.whole(&mut self.until_reseed)?;
        c.float(&mut self.weighted)?;
        c.float(&mut self.plain)?;
        c.float(&mut self.trailing)
    }
}

/// Wilder's average (TA-Lib `RMA`): r ← (1 − 1/n) r + x / n, started with the mean of the first n.
#[derive(Clone, Debug, PartialEq)]
pub struct Rma {
    n: u32,
    keep: f64,
    share: f64,
    seen: u64,
    /// The sum while it starts, then the average.
    value: f64,
}

impl Rma {
    /// Over `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        let keep = (f64::from(n) - 1.0) / f64::from(n);
        Self { n, keep, share: 1.0 - keep, seen: 0, value: 0.0 }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        let n = u64::from(self.n);
        if self.seen < n {
            self.seen += 1;
            self.value += x;
            if self.seen < n {
                return None;
            }
            self.value /= f64::from(self.n);
        } else {
            self.value = self.keep.mul_add(self.value, self.share * x);
        }
        Some(self.value)
    }
}

impl Indicator for Rma {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        c.float(&mut self.value)
    }
}

/// Exponential averages of exponential averages: DEMA 2 e₁ − e₂, TEMA e₃ + (3 e₁ − 3 e₂). Mulloy, Technical Analysis of Stocks &
/// Commodities 12 (1994).
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    n: u32,
    first: Ema,
    second: Ema,
    third: Option<Ema>,
}

impl Chain {
    /// DEMA of `n` ≥ 1 values.
    #[must_use]
    pub fn double(n: u32) -> Self {
        let ema = Ema::new(n, Seed::Mean);
        Self { n, first: ema.clone(), second: ema, third: None }
    }

    /// TEMA of `n` ≥ 1 values.
    #[must_use]
    pub fn triple(n: u32) -> Self {
        Self { third: Some(Ema::new(n, Seed::Mean)), ..Self::double(n) }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        if self.n <= 1 {
            return Some(x);
        }
        let e1 = self.first.update(x)?;
        let e2 = self.second.update(e1)?;
        match &mut self.third {
            None => Some(2.0 * e1 - e2),
            Some(third) => third.update(e2).map(|e3| e3 + (3.0 * e1 - 3.0 * e2)),
        }
    }
}

impl Indicator for Chain {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.first.carry(c)?;
        self.second.carry(c)?;
        self.third.as_mut().map_or(Ok(()), |third| third.carry(c))
    }
}
