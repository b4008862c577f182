//! Stochastics (Lane): where the close lies in its range, smoothed: STOCH, STOCHF, STOCHRSI.

use types::wire::WireError;

use super::extreme::Place;
use super::{Chain, Ema, Rma, Rsi, Seed, Sma, Wma};
use crate::carry::Carry;
use crate::kernel::Indicator;

/// A moving average by TA-Lib's number of its type, as far as its state is our own.
#[derive(Clone, Debug, PartialEq)]
pub enum Average {
    /// Simple.
    Simple(Sma),
    /// Exponential.
    Exponential(Ema),
    /// Weighted.
    Weighted(Wma),
    /// DEMA or TEMA.
    Chain(Chain),
    /// Wilder's.
    Wilder(Rma),
}

impl Average {
    /// The average of TA-Lib's type number `kind` over `n` values; `None` for a type that is not here.
    #[must_use]
    pub fn new(kind: i32, n: u32) -> Option<Self> {
        Some(match kind {
            0 => Self::Simple(Sma::new(n)),
            1 => Self::Exponential(Ema::new(n, Seed::Mean)),
            2 => Self::Weighted(Wma::new(n)),
            3 => Self::Chain(Chain::double(n)),
            4 => Self::Chain(Chain::triple(n)),
            13 => Self::Wilder(Rma::new(n)),
            _ => return None,
        })
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        match self {
            Self::Simple(a) => a.next(x),
            Self::Exponential(a) => a.update(x),
            Self::Weighted(a) => a.next(x),
            Self::Chain(a) => a.next(x),
            Self::Wilder(a) => a.next(x),
        }
    }
}

impl Indicator for Average {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        crate::kernel::put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        match self {
            Self::Simple(a) => a.carry(c),
            Self::Exponential(a) => a.carry(c),
            Self::Weighted(a) => a.carry(c),
            Self::Chain(a) => a.carry(c),
            Self::Wilder(a) => a.carry(c),
        }
    }
}

/// Fast stochastic (TA-Lib `STOCHF`): %K and its average %D.
#[derive(Clone, Debug, PartialEq)]
pub struct StochasticFast {
    place: Place,
    smooth: Average,
}

impl StochasticFast {
    /// %K over `n` bars, %D by `smooth`.
    #[must_use]
    pub fn new(n: u32, smooth: Average) -> Self {
        Self { place: Place::new(n), smooth }
    }

    fn k(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let range = self.place.next(high, low)?;
        Some(range.map_or(0.0, |(highest, lowest)| (close - lowest) / (highest - lowest) * 100.0))
    }

    /// Takes in a bar: %K, %D.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<[f64; 2]> {
        let k = self.k(high, low, close)?;
        self.smooth.next(k).map(|d| [k, d])
    }
}

impl Indicator for StochasticFast {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0], x[1], x[2]).is_some_and(|lines| {
            out[..2].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.place.carry(c)?;
        self.smooth.carry(c)
    }
}

/// Slow stochastic (TA-Lib `STOCH`): the average of %K, and its average.
#[derive(Clone, Debug, PartialEq)]
pub struct Stochastic {
    fast: StochasticFast,
    signal: Average,
}

impl Stochastic {
    /// %K over `n` bars, smoothed by `slow`, its signal by `signal`.
    #[must_use]
    pub fn new(n: u32, slow: Average, signal: Average) -> Self {
        Self { fast: StochasticFast::new(n, slow), signal }
    }

    /// Takes in a bar: slow %K, slow %D.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<[f64; 2]> {
        let [_, slow] = self.fast.next(high, low, close)?;
        self.signal.next(slow).map(|d| [slow, d])
    }
}

impl Indicator for Stochastic {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0], x[1], x[2]).is_some_and(|lines| {
            out[..2].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.fast.carry(c)?;
        self.signal.carry(c)
    }
}

/// Fast stochastic of the RSI (TA-Lib `STOCHRSI`; Chande & Kroll 1994).
#[derive(Clone, Debug, PartialEq)]
pub struct StochasticRsi {
    rsi: Rsi,
    fast: StochasticFast,
}

impl StochasticRsi {
    /// RSI over `n` changes, %K over `k` of its values, %D by `smooth`.
    #[must_use]
    pub fn new(n: u32, k: u32, smooth: Average) -> Self {
        Self { rsi: Rsi::new(n), fast: StochasticFast::new(k, smooth) }
    }

    /// Takes in a value: %K, %D.
    pub fn next(&mut self, x: f64) -> Option<[f64; 2]> {
        let rsi = self.rsi.next(x)?;
        self.fast.next(rsi, rsi, rsi)
    }
}

impl Indicator for StochasticRsi {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        self.next(x[0]).is_some_and(|lines| {
            out[..2].copy_from_slice(&lines);
            true
        })
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.rsi.carry(c)?;
        self.fast.carry(c)
    }
}
