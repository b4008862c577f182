//! RSI, CMO, MACD and CCI.

use types::wire::WireError;

use super::{Ema, Seed};
use crate::carry::Carry;
use crate::kernel::{Indicator, put};
use crate::ring::Ring;

/// Relative strength index (TA-Lib `RSI`; Wilder 1978): 100 × gains / (gains + losses), both averaged Wilder's way.
#[derive(Clone, Debug, PartialEq)]
pub struct Rsi {
    n: u32,
    inverse: f64,
    seen: u64,
    gain: f64,
    loss: f64,
    last: f64,
}

impl Rsi {
    /// Over `n` ≥ 1 changes.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        Self { n, inverse: 1.0 / f64::from(n), seen: 0, gain: 0.0, loss: 0.0, last: 0.0 }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        let n = u64::from(self.n);
        self.seen += 1;
        if self.seen == 1 {
            self.last = x;
            return None;
        }
        let change = x - self.last;
        self.last = x;
        let up = if change > 0.0 { change } else { 0.0 };
        if self.seen > n + 1 {
            let before = f64::from(self.n) - 1.0;
            self.loss *= before;
            self.gain *= before;
        }
        self.gain += up;
        self.loss += up - change;
        if self.seen <= n {
            return None;
        }
        self.loss *= self.inverse;
        self.gain *= self.inverse;
        let both = self.gain + self.loss;
        Some(if both > 0.0 { 100.0 * (self.gain / both) } else { 50.0 })
    }
}

impl Indicator for Rsi {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        c.float(&mut self.gain)?;
        c.float(&mut self.loss)?;
        c.float(&mut self.last)
    }
}

/// Chande's momentum oscillator (TA-Lib `CMO`): 100 × (gains − losses) / (gains + losses).
#[derive(Clone, Debug, PartialEq)]
pub struct Cmo(Rsi);

impl Cmo {
    /// Over `n` ≥ 1 changes.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self(Rsi::new(n))
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        let s = &mut self.0;
        let n = u64::from(s.n);
        s.seen += 1;
        if s.seen == 1 {
            s.last = x;
            return None;
        }
        let change = x - s.last;
        s.last = x;
        let up = if change > 0.0 { change } else { 0.0 };
        if s.seen <= n + 1 {
            s.gain += up;
            s.loss += up - change;
            if s.seen <= n {
                return None;
            }
            s.loss /= f64::from(s.n);
            s.gain /= f64::from(s.n);
        } else {
            s.gain += up * s.inverse - s.gain * s.inverse;
            s.loss += (up - change) * s.inverse - s.loss * s.inverse;
        }
        let both = s.gain + s.loss;
        Some(if both > 0.0 { 100.0 * ((s.gain - s.loss) / both) } else { 0.0 })
    }
}

impl Indicator for Cmo {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.0.carry(c)
    }
}

/// Moving average convergence/divergence (TA-Lib `MACD`; Appel): fast − slow average, its own average, and their difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Macd {
    /// Values that the fast average leaves out so that both begin at the same bar.
    lead: u64,
    seen: u64,
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Macd {
    /// The three lengths; fast and slow are put in order.
    #[must_use]
    pub fn new(fast: u32, slow: u32, signal: u32) -> Self {
        let (fast, slow) = (fast.min(slow).max(1), fast.max(slow).max(1));
        Self {
            lead: u64::from(slow - fast),
            seen: 0,
            fast: Ema::new(fast, Seed::Mean),
            slow: Ema::new(slow, Seed::Mean),
            signal: Ema::new(signal, Seed::Mean),
        }
    }

    /// Takes in a value: the line, its signal, the difference.
    pub fn next(&mut self, x: f64) -> Option<[f64; 3]> {
        self.seen += 1;
        let fast = if self.seen > self.lead { self.fast.update(x) } else { None };
        let slow = self.slow.update(x);
        let line = fast.zip(slow).map(|(fast, slow)| fast - slow)?;
        self.signal.update(line).map(|signal| [line, signal, line - signal])
    }
}

impl Indicator for Macd {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0]).is_some_and(|lines| {
            out[..3].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        self.fast.carry(c)?;
        self.slow.carry(c)?;
        self.signal.carry(c)
    }
}

/// Commodity channel index (TA-Lib `CCI`; Lambert 1980): distance of the typical price from its mean in mean deviations. The mean
/// deviation is about a mean that moves with each bar, so an update costs O(n), as in TA-Lib.
#[derive(Clone, Debug, PartialEq)]
pub struct Cci {
    n: f64,
    window: Ring,
}

impl Cci {
    /// Over `n` ≥ 1 bars.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self { n: f64::from(n.max(1)), window: Ring::new(n.max(1) as usize) }
    }

    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let last = (high + low + close) / 3.0;
        self.window.push(last);
        if !self.window.is_full() {
            return None;
        }
        let mut mean = 0.0;
        for value in self.window.slots() {
            mean += value;
        }
        mean /= self.n;
        let mut away = 0.0;
        for value in self.window.slots() {
            away += (value - mean).abs();
        }
        away /= self.n;
        let distance = last - mean;
        let least = 1e-14 * mean.abs();
        let apart = distance.abs() > least && away.abs() > least && 0.015 * away != 0.0;
        Some(if apart { distance / (0.015 * away) } else { 0.0 })
    }
}

impl Indicator for Cci {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1], x[2]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.window.carry(c)
    }
}
