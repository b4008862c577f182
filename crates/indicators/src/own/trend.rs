//! Trend followers: KAMA, TRIX, SuperTrend, Keltner's channel, and the cumulative VWAP.

use types::wire::WireError;

use super::{Atr, Ema, Seed};
use crate::carry::Carry;
use crate::kernel::{Indicator, put};
use crate::ring::Ring;

/// Kaufman's adaptive average (TA-Lib `KAMA`; Kaufman 1995): its speed follows the share of the way that was not walked back.
#[derive(Clone, Debug, PartialEq)]
pub struct Kama {
    n: u64,
    past: Ring,
    seen: u64,
    last: f64,
    /// Σ |change| over the window, and the value that leaves it next.
    walked: f64,
    trailing: f64,
    /// Bars in a row without a change.
    still: u64,
    value: f64,
}

impl Kama {
    /// Over `n` ≥ 1 changes.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        Self {
            n: u64::from(n),
            past: Ring::new(n as usize),
            seen: 0,
            last: 0.0,
            walked: 0.0,
            trailing: 0.0,
            still: 0,
            value: 0.0,
        }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        if self.n == 1 {
            return Some(x);
        }
        self.seen += 1;
        let (before, oldest) = (self.last, self.past.oldest());
        self.last = x;
        self.past.push(x);
        if self.seen == 1 {
            return None;
        }
        let step = (x - before).abs();
        if self.seen > self.n + 1 {
            self.walked -= (self.trailing - oldest).abs();
        } else {
            self.value = before;
        }
        self.walked += step;
        self.still = if step <= 0.0 { self.still + 1 } else { 0 };
        if self.seen <= self.n {
            return None;
        }
        let way = x - oldest;
        let efficiency = if self.seen > self.n + 1 && self.still >= self.n {
            (self.still, self.walked) = (self.n, 0.0);
            1.0
        } else if self.walked <= 0.0 || self.walked <= way {
            1.0
        } else {
            (way / self.walked).abs().min(1.0)
        };
        self.trailing = oldest;
        let (slow, fast) = (2.0 / (30.0 + 1.0), 2.0 / (2.0 + 1.0));
        let root = efficiency.mul_add(fast - slow, slow);
        self.value = (x - self.value).mul_add(root * root, self.value);
        Some(self.value)
    }
}

impl Indicator for Kama {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.past.carry(c)?;
        c.whole(&mut self.seen)?;
        c.float(&mut self.last)?;
        c.float(&mut self.walked)?;
        c.float(&mut self.trailing)?;
        c.whole(&mut self.still)?;
        c.float(&mut self.value)
    }
}

/// Change of a triple exponential average in percent per bar (TA-Lib `TRIX`; Hutson 1983).
#[derive(Clone, Debug, PartialEq)]
pub struct Trix {
    averages: [Ema; 3],
    started: bool,
    before: f64,
}

impl Trix {
    /// Of averages of `n` ≥ 1 values.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let ema = Ema::new(n, Seed::Mean);
        Self { averages: [ema.clone(), ema.clone(), ema], started: false, before: 0.0 }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        let now = self.averages.iter_mut().try_fold(x, |x, average| average.update(x))?;
        let before = self.started.then_some(self.before);
        (self.started, self.before) = (true, now);
        before.map(|before| if before == 0.0 { 0.0 } else { (now / before - 1.0) * 100.0 })
    }
}

impl Indicator for Trix {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.averages.iter_mut().try_for_each(|average| average.carry(c))?;
        c.flag(&mut self.started)?;
        c.float(&mut self.before)
    }
}

/// SuperTrend (TA-Lib `SUPERTREND`; Seban): bands of average true ranges around the middle that only tighten; the line turns when
/// a close is beyond it.
#[derive(Clone, Debug, PartialEq)]
pub struct SuperTrend {
    atr: Atr,
    distance: f64,
    started: bool,
    is_up: bool,
    upper: f64,
    lower: f64,
    close: f64,
}

impl SuperTrend {
    /// Average over `n` ≥ 1 ranges, `distance` of them away.
    #[must_use]
    pub fn new(n: u32, distance: f64) -> Self {
        let atr = Atr::new(n);
        Self { atr, distance, started: false, is_up: true, upper: 0.0, lower: 0.0, close: 0.0 }
    }

    /// Takes in a bar: the line, and 1 while it is below the price, −1 while above.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<[f64; 2]> {
        let atr = self.atr.next(high, low, close)?;
        let (middle, band) = ((high + low) / 2.0, self.distance * atr);
        let (upper, lower) = (middle + band, middle - band);
        if !self.started || upper < self.upper || self.close > self.upper {
            self.upper = upper;
        }
        if !self.started || lower > self.lower || self.close < self.lower {
            self.lower = lower;
        }
        if self.started {
            self.is_up = if self.is_up { close >= self.lower } else { close > self.upper };
        }
        (self.started, self.close) = (true, close);
        Some(if self.is_up { [self.lower, 1.0] } else { [self.upper, -1.0] })
    }
}

impl Indicator for SuperTrend {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0], x[1], x[2]).is_some_and(|lines| {
            out[..2].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.atr.carry(c)?;
        c.flag(&mut self.started)?;
        c.flag(&mut self.is_up)?;
        c.float(&mut self.upper)?;
        c.float(&mut self.lower)?;
        c.float(&mut self.close)
    }
}

/// Keltner's channel (TA-Lib `KC`; Keltner 1960, Raschke): average true ranges around an average of the typical price.
#[derive(Clone, Debug, PartialEq)]
pub struct Keltner {
    average: Ema,
    atr: Atr,
    width: f64,
    /// Bars that each part leaves out, so that both begin at the same bar.
    leads: [u64; 2],
    seen: u64,
}

impl Keltner {
    /// Average over `n` ≥ 1 bars, true ranges over `ranges` ≥ 1, `width` of them away.
    #[must_use]
    pub fn new(n: u32, ranges: u32, width: f64) -> Self {
        let (of_average, of_range) = (u64::from(n.max(1)) - 1, u64::from(ranges.max(1)));
        let lookback = of_average.max(of_range);
        Self {
            average: Ema::new(n, Seed::Mean),
            atr: Atr::new(ranges),
            width,
            leads: [lookback - of_average, lookback - of_range],
            seen: 0,
        }
    }

    /// Takes in a bar: upper, middle, lower.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<[f64; 3]> {
        self.seen += 1;
        let begun = |lead: u64| self.seen > lead;
        let typical = (high + low + close) / 3.0;
        let middle = if begun(self.leads[0]) { self.average.update(typical) } else { None };
        let range = if begun(self.leads[1]) { self.atr.next(high, low, close) } else { None };
        let (middle, range) = middle.zip(range)?;
        let band = range * self.width;
        Some([middle + band, middle, middle - band])
    }
}

impl Indicator for Keltner {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0], x[1], x[2]).is_some_and(|lines| {
            out[..3].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.average.carry(c)?;
        self.atr.carry(c)?;
        c.whole(&mut self.seen)
    }
}

/// Volume-weighted average of the typical price since the start (TA-Lib `VWAP`); 0 before the first volume.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CumulativeVwap {
    money: f64,
    volume: f64,
    value: f64,
}

impl CumulativeVwap {
    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        let typical = (high + low + close) / 3.0;
        self.money += typical * volume;
        self.volume += volume;
        if self.volume > 0.0 {
            self.value = self.money / self.volume;
        }
        self.value
    }
}

impl Indicator for CumulativeVwap {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, Some(self.next(x[0], x[1], x[2], x[3])))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.float(&mut self.money)?;
        c.float(&mut self.volume)?;
        c.float(&mut self.value)
    }
}
