//! Indicators whose state is our own, because TA-Lib's streams cannot be written down. Each follows the arithmetic of TA-Lib's
//! batch function operation by operation, so that no bit differs; the property tests of the registry hold all of them to it.

mod average;
mod deviation;
mod directional;
mod ema;
mod extreme;
mod moment;
mod oscillator;
mod range;
mod regression;
mod sar;
mod stochastic;
mod trend;
mod volume;

pub use average::{Chain, Rma, Sma, Wma};
pub use deviation::{Bands, Deviation, Variance};
pub use directional::{Directional, Movement};
pub use ema::{Ema, Seed};
pub use extreme::{Aroon, Donchian, Extreme, Highest, WilliamsR};
pub use moment::{Change, Lagged};
pub use oscillator::{Cci, Cmo, Macd, Rsi};
pub use range::{Atr, TrueRange};
pub use regression::{Regression, RegressionValue};
pub use sar::Sar;
pub use stochastic::{Average, Stochastic, StochasticFast, StochasticRsi};
pub use trend::{CumulativeVwap, Kama, Keltner, SuperTrend, Trix};
pub use volume::{AccumulationDistribution, ChaikinOscillator, MoneyFlow, OnBalanceVolume};
