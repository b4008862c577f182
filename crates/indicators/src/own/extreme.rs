//! Highest and lowest of a sliding window, and what is made of them: MAX, MIN, DONCHIAN, WILLR, AROON.
//!
//! A queue keeps only the values that can still become the extreme, so an update costs O(1) on average (a value enters and leaves
//! once) and O(n) at worst.

use std::collections::VecDeque;

use types::wire::WireError;

use crate::carry::Carry;
use crate::kernel::{Indicator, put};

/// Which extreme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The largest.
    Highest,
    /// The smallest.
    Lowest,
}

/// The extreme of the last n values; of equal ones the latest.
#[derive(Clone, Debug, PartialEq)]
pub struct Highest {
    extreme: Extreme,
    n: u64,
    seen: u64,
    queue: VecDeque<(u64, f64)>,
}

impl Highest {
    /// Over `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32, extreme: Extreme) -> Self {
        let n = n.max(1);
        Self { extreme, n: u64::from(n), seen: 0, queue: VecDeque::with_capacity(n as usize) }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        self.seen += 1;
        let beaten = |kept: f64| match self.extreme {
            Extreme::Highest => kept <= x,
            Extreme::Lowest => kept >= x,
        };
        while self.queue.back().is_some_and(|(_, kept)| beaten(*kept)) {
            self.queue.pop_back();
        }
        if self.queue.front().is_some_and(|(at, _)| at + self.n <= self.seen) {
            self.queue.pop_front();
        }
        self.queue.push_back((self.seen, x));
        if self.seen < self.n { None } else { self.value() }
    }

    /// The present extreme of what came so far, also while fewer than n values did.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.queue.front().map(|(_, value)| *value)
    }

    /// How many values ago it was.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.queue.front().map_or(0, |(at, _)| self.seen - at)
    }
}

impl Indicator for Highest {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        c.queue(&mut self.queue, usize::try_from(self.n).unwrap_or(usize::MAX))?;
        let sound = self.queue.iter().all(|(at, _)| *at <= self.seen && at + self.n > self.seen);
        if sound { Ok(()) } else { Err(WireError::Invalid) }
    }
}

/// The range of the last n bars.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    high: Highest,
    low: Highest,
}

impl Span {
    fn new(n: u32) -> Self {
        Self { high: Highest::new(n, Extreme::Highest), low: Highest::new(n, Extreme::Lowest) }
    }

    fn next(&mut self, high: f64, low: f64) -> Option<(f64, f64)> {
        let (high, low) = (self.high.next(high), self.low.next(low));
        high.zip(low)
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.high.carry(c)?;
        self.low.carry(c)
    }
}

/// Donchian's channel (TA-Lib `DONCHIAN`): highest high, middle, lowest low.
#[derive(Clone, Debug, PartialEq)]
pub struct Donchian(Span);

impl Donchian {
    /// Over `n` ≥ 1 bars.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self(Span::new(n))
    }

    /// Takes in a bar: upper, middle, lower.
    pub fn next(&mut self, high: f64, low: f64) -> Option<[f64; 3]> {
        self.0.next(high, low).map(|(high, low)| [high, (high + low) / 2.0, low])
    }
}

impl Indicator for Donchian {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0], x[1]).is_some_and(|lines| {
            out[..3].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.0.carry(c)
    }
}

/// Where a close lies in the range of the last n bars.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place(Span);

impl Place {
    pub(super) fn new(n: u32) -> Self {
        Self(Span::new(n))
    }

    /// Highest and lowest once there are n bars; `None` for the range when both are the same to 14 digits.
    pub(super) fn next(&mut self, high: f64, low: f64) -> Option<Option<(f64, f64)>> {
        let (high, low) = self.0.next(high, low)?;
        let apart = (high - low).abs() > 1e-14 * (high.abs() + low.abs());
        Some(apart.then_some((high, low)))
    }

    pub(super) fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.0.carry(c)
    }
}

/// Williams' %R (TA-Lib `WILLR`): −100 at the lowest low, 0 at the highest high.
#[derive(Clone, Debug, PartialEq)]
pub struct WilliamsR(Place);

impl WilliamsR {
    /// Over `n` ≥ 1 bars.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self(Place::new(n))
    }

    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let range = self.0.next(high, low)?;
        let Some((highest, lowest)) = range else { return Some(0.0) };
        let r = (highest - close) / (highest - lowest) * -100.0;
        Some(r.clamp(-100.0, 0.0))
    }
}

impl Indicator for WilliamsR {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1], x[2]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.0.carry(c)
    }
}

/// Aroon (TA-Lib `AROON`; Chande 1995): how recent the extremes of the last n + 1 bars are, 100 for now, 0 for n bars ago.
#[derive(Clone, Debug, PartialEq)]
pub struct Aroon {
    n: u32,
    span: Span,
}

impl Aroon {
    /// Over `n` ≥ 2 bars.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        Self { n, span: Span::new(n.saturating_add(1)) }
    }

    /// Takes in a bar: down, up.
    pub fn next(&mut self, high: f64, low: f64) -> Option<[f64; 2]> {
        self.span.next(high, low)?;
        let factor = 100.0 / f64::from(self.n);
        let up = (u64::from(self.n) - self.span.high.age()) as f64;
        let down = (u64::from(self.n) - self.span.low.age()) as f64;
        Some([factor * down, factor * up])
    }
}

impl Indicator for Aroon {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0], x[1]).is_some_and(|lines| {
            out[..2].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.span.carry(c)
    }
}
