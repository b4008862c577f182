//! Layer 1: technical indicators: every function of TA-Lib by name, for a whole series or one value at a time, with a state that
//! can be saved and restored bit for bit.
//!
//! [`Function`] describes one (group, inputs, parameters, outputs) and runs it over a series by TA-Lib's official port. [`Stream`]
//! takes one row at a time and gives the same bits. The functions that strategies use most keep a state of their own ([`own`]),
//! because TA-Lib's streams cannot be written down; the others run TA-Lib's stream and remember the inputs that make it up (see
//! [`Memory`]). [`Settings::named`] reads `RSI(14)`, [`Rows`] is what a function reads of a bar. [`Timeframe`] makes longer bars of which
//! only closed ones are seen.

mod bars;
mod batch;
mod bound;
mod carry;
mod function;
mod kernel;
pub mod limits;
mod memory;
mod named;
mod native;
pub mod own;
mod ring;
mod settings;
mod stream;
mod timeframe;

pub use bars::Rows;
pub use carry::Carry;
pub use function::{Function, Input, Output, Param, Range};
pub use kernel::Indicator;
pub use memory::Memory;
pub use named::NameError;
pub use own::{
    AccumulationDistribution, Aroon, Atr, Average, Bands, Cci, ChaikinOscillator, Chain, Change, Cmo,
    Deviation, Directional, Donchian, Ema, Extreme, Highest, Kama, Keltner, Lagged, Macd, MoneyFlow,
    Movement, OnBalanceVolume, Regression, RegressionValue, Rma, Rsi, Sar, Seed, Sma, Stochastic,
    StochasticFast, StochasticRsi, SuperTrend, Trix, TrueRange, Variance, WilliamsR, Wma,
};
pub use settings::{SettingError, Settings, Value};
pub use stream::{Stream, StreamError};
pub use timeframe::Timeframe;
