//! What a run was made of: enough to make it again, digit for digit.

use types::{FeeRate, Interval, Money, Price, Qty, Time};

/// Everything that decides how a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSpec {
    /// A person's name for it, may be empty.
    pub name: String,
    /// `ema-cross`.
    pub strategy: String,
    /// All parameters with their values, defaults filled in.
    pub params: Vec<(String, String)>,
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
    /// Fee rates.
    pub fees: Fees,
    /// Where in a bar orders meet the market.
    pub path: PricePath,
    /// What a taker loses against the price he saw.
    pub slippage: Slippage,
    /// How long messages travel.
    pub latency: Latency,
    /// Seed of everything that is drawn.
    pub seed: u64,
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

/// What a fill costs, as a share of its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// For a resting order.
    pub maker: FeeRate,
    /// For one that takes.
    pub taker: FeeRate,
    /// A maker's rebate instead of a fee, in the same unit; counts when `maker` is zero.
    pub rebate: FeeRate,
}

/// Where in a bar an order meets the market. Within a bar the order of the prices is unknown, so a path is assumed, and said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PricePath {
    /// Market orders at the next bar's open; resting orders along O-H-L-C or O-L-H-C, whichever is worse for them (default).
    #[default]
    Open,
    /// Market orders at the close of the bar they were decided on; resting orders as with `Open`. The reference convention.
    Close,
    /// Market orders at the next open; every bar goes open, high, low, close.
    OpenHighLowClose,
    /// Market orders at the next open; every bar goes open, low, high, close.
    OpenLowHighClose,
}

/// What a taker pays beyond the price of the bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slippage {
    /// Nothing.
    #[default]
    None,
    /// A share of the price, in units of 10^-8.
    Rate(u32),
    /// A share of the bar's high - low, in units of 10^-8.
    Range(u32),
    /// A share of the price, in units of 10^-8, at an order as large as the bar's volume; proportionally less for smaller ones.
    Volume(u32),
}

/// How long an order, a cancel or a report travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Latency {
    /// Not at all.
    #[default]
    None,
    /// This long, each way, nanoseconds.
    Constant {
        /// To the venue.
        order_ns: i64,
        /// Back.
        report_ns: i64,
    },
    /// Drawn for each message: a fixed part and an exponentially distributed one, nanoseconds.
    Drawn {
        /// At least this.
        least_ns: i64,
        /// Mean of what comes on top.
        mean_ns: i64,
    },
}
