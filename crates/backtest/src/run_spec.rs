//! What a run was made of: enough to make it again, digit for digit.

use orders::Bracket;
use types::{FeeRate, Interval, Money, Price, Qty, Time};
pub use venue_sim::{Config as VenueConfig, Faults, Fees, Latency, PricePath, Queue, Slippage, Touch};

/// Everything that decides how a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSpec {
    /// A person's name for it, may be empty.
    pub name: String,
    /// `ema-cross`.
    pub strategy: String,
    /// All parameters with their values, defaults filled in.
    pub params: Vec<(String, String)>,
    /// The trained model that forecasts, `name@version#hash`, if one does.
    pub model: Option<String>,
    /// What was traded, by `MarketId`.
    pub traded: Vec<Traded>,
    /// The bars the strategy decided on.
    pub interval: Interval,
    /// First moment of the data that counted, if it was bounded.
    pub from: Option<Time>,
    /// First moment of the data that no longer counted, if it was bounded.
    pub to: Option<Time>,
    /// Start money, in the quote asset of the first instrument.
    pub cash: Money,
    /// `USDT`: the asset all money here is counted in.
    pub quote: String,
    /// Decimals of that money.
    pub money_scale: u8,
    /// What guards its positions, whatever the strategy does.
    pub bracket: Option<Bracket>,
    /// The simulated venue: fees, path inside a bar, slippage, latency, seed.
    pub venue: VenueConfig,
    /// How late the strategy hears of the market, nanoseconds.
    pub feed_ns: i64,
    /// Funding of perpetuals when none is recorded: rate per eight hours, in units of 10^-8.
    pub funding: i64,
    /// Version of the program that ran it.
    pub code: String,
}

/// An instrument as results need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traded {
    /// `file:BTC-PERP`.
    pub instrument: String,
    /// True for a linear perpetual, false for spot.
    pub perpetual: bool,
    /// Decimals of its prices.
    pub price_scale: u8,
    /// Decimals of its quantities.
    pub qty_scale: u8,
    /// Its tick, in price units.
    pub tick: Price,
    /// Its lot step, in quantity units.
    pub lot: Qty,
    /// Where its data came from: an archive's series, or a file.
    pub source: String,
}

/// A rate in hundredths of a percent as [`FeeRate`] (10^-8).
#[must_use]
pub const fn bps(whole: u32) -> FeeRate {
    FeeRate(whole * 10_000)
}
