//! Volume: OBV (Granville 1963), AD and ADOSC (Chaikin), MFI.

use types::wire::WireError;

use super::{Ema, Seed};
use crate::carry::Carry;
use crate::kernel::{Indicator, put};
use crate::ring::Ring;

/// On balance volume (TA-Lib `OBV`): volume added when the price rose, subtracted when it fell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnBalanceVolume {
    started: bool,
    price: f64,
    volume: f64,
}

impl OnBalanceVolume {
    /// Takes in a price and its volume.
    pub fn next(&mut self, price: f64, volume: f64) -> f64 {
        if !self.started {
            (self.started, self.price, self.volume) = (true, price, volume);
        } else if price > self.price {
            self.volume += volume;
        } else if price < self.price {
            self.volume -= volume;
        }
        self.price = price;
        self.volume
    }
}

impl Indicator for OnBalanceVolume {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, Some(self.next(x[0], x[1])))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.flag(&mut self.started)?;
        c.float(&mut self.price)?;
        c.float(&mut self.volume)
    }
}

/// Accumulation/distribution line (TA-Lib `AD`): volume times the close's place in the bar's range, added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccumulationDistribution(f64);

impl AccumulationDistribution {
    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        let range = high - low;
        if range > 0.0 {
            self.0 += (close - low - (high - close)) / range * volume;
        }
        self.0
    }
}

impl Indicator for AccumulationDistribution {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, Some(self.next(x[0], x[1], x[2], x[3])))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.float(&mut self.0)
    }
}

/// Chaikin's oscillator (TA-Lib `ADOSC`): fast − slow exponential average of AD, both started with its first value.
#[derive(Clone, Debug, PartialEq)]
pub struct ChaikinOscillator {
    lookback: u64,
    seen: u64,
    line: AccumulationDistribution,
    fast: Ema,
    slow: Ema,
}

impl ChaikinOscillator {
    /// Lengths of the two averages; there are values once the longer one is full.
    #[must_use]
    pub fn new(fast: u32, slow: u32) -> Self {
        Self {
            lookback: u64::from(fast.max(slow).max(1)) - 1,
            seen: 0,
            line: AccumulationDistribution::default(),
            fast: Ema::new(fast, Seed::First),
            slow: Ema::new(slow, Seed::First),
        }
    }

    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64, volume: f64) -> Option<f64> {
        let line = self.line.next(high, low, close, volume);
        self.seen += 1;
        let averages = self.fast.update(line).zip(self.slow.update(line));
        averages.filter(|_| self.seen > self.lookback).map(|(fast, slow)| fast - slow)
    }
}

impl Indicator for ChaikinOscillator {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1], x[2], x[3]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        self.line.carry(c)?;
        self.fast.carry(c)?;
        self.slow.carry(c)
    }
}

/// Money flow index (TA-Lib `MFI`; Quong & Soudack 1989): the share of the money that moved with a rising typical price.
#[derive(Clone, Debug, PartialEq)]
pub struct MoneyFlow {
    n: u64,
    seen: u64,
    price: f64,
    rising: Ring,
    falling: Ring,
    up: f64,
    down: f64,
    /// Bars in a row without any flow.
    still: u64,
}

impl MoneyFlow {
    /// Over `n` ≥ 2 changes.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let n = n.max(1);
        let ring = Ring::new(n as usize);
        Self {
            n: u64::from(n),
            seen: 0,
            price: 0.0,
            rising: ring.clone(),
            falling: ring,
            up: 0.0,
            down: 0.0,
            still: 0,
        }
    }

    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64, volume: f64) -> Option<f64> {
        let typical = (high + low + close) / 3.0;
        let before = self.price;
        self.price = typical;
        self.seen += 1;
        if self.seen == 1 {
            return None;
        }
        if self.rising.is_full() {
            self.up -= self.rising.oldest();
            self.down -= self.falling.oldest();
        }
        let change = typical - before;
        let same = change.abs() <= 1e-14 * (typical.abs() + before.abs());
        let flow = if same { 0.0 } else { typical * volume };
        let (up, down) = if change < 0.0 { (0.0, flow) } else { (flow, 0.0) };
        self.rising.push(up);
        self.falling.push(down);
        self.up += up;
        self.down += down;
        self.still = if flow == 0.0 { (self.still + 1).min(self.n) } else { 0 };
        if self.still >= self.n {
            (self.up, self.down) = (0.0, 0.0);
        }
        if self.seen <= self.n {
            return None;
        }
        let both = self.up + self.down;
        let up = if self.up < 0.0 {
            0.0
        } else if self.up > both {
            both
        } else {
            self.up
        };
        Some(if both <= 0.0 { 0.0 } else { 100.0 * (up / both) })
    }
}

impl Indicator for MoneyFlow {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1], x[2], x[3]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        c.float(&mut self.price)?;
        self.rising.carry(c)?;
        self.falling.carry(c)?;
        c.float(&mut self.up)?;
        c.float(&mut self.down)?;
        c.whole(&mut self.still)
    }
}
