//! How the venue behaves. Everything here is part of a run's description: equal settings and equal data, equal result.

use orders::Native;
use types::{FeeRate, Time};

use crate::{Faults, Queue};

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// What fills cost.
    pub fees: Fees,
    /// Where in a bar orders meet the market.
    pub path: PricePath,
    /// When a resting order counts as filled by a bar.
    pub touch: Touch,
    /// What takers lose against a bar's price.
    pub slippage: Slippage,
    /// Most of a bar's volume that orders get, in hundredths of a percent; `None`: as much as they want.
    pub participation_bips: Option<u32>,
    /// Where in a recorded book's queue resting orders stand.
    pub queue: Queue,
    /// How long messages travel.
    pub latency: Latency,
    /// What goes wrong on the way.
    pub faults: Faults,
    /// Which kinds of orders it takes; it refuses the others, and whoever wants them watches the price himself.
    pub native: Native,
    /// What a liquidation costs beyond the taker's fee.
    pub liquidation_fee: FeeRate,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

/// What a fill costs, as a share of its value. Charged in the quote asset unless `in_received` says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// For a resting order.
    pub maker: FeeRate,
    /// For one that takes.
    pub taker: FeeRate,
    /// A maker's rebate instead of a fee, in the same unit; counts when `maker` is zero. Rounded down.
    pub rebate: FeeRate,
    /// Spot only: out of what is received, as Binance and the built-in exchange charge it (a buyer pays in base).
    pub in_received: bool,
}

/// Where in a bar an order meets the market. Within a bar the order of the prices is unknown, so a path is assumed, and said.
///
/// A path has four corners at 0, 1/3, 2/3 and the end of the bar; between them the price moves evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PricePath {
    /// An order sent at a bar's close meets the next bar's open. In the bar, buys see open-high-low-close and sells
    /// open-low-high-close: a protecting stop is reached before the target (default).
    #[default]
    Open,
    /// An order sent at a bar's close is filled at that close (the convention of many libraries, and of the reference run); it
    /// assumes that the close can be both seen and traded. In the bar as `Open`.
    Close,
    /// As `Open`, but every bar goes open, high, low, close.
    OpenHighLowClose,
    /// As `Open`, but every bar goes open, low, high, close.
    OpenLowHighClose,
}

impl PricePath {
    /// Its name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::OpenHighLowClose => "ohlc",
            Self::OpenLowHighClose => "olhc",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Close, Self::OpenHighLowClose, Self::OpenLowHighClose]
            .into_iter()
            .find(|path| path.as_str() == text)
    }
}

/// When a resting limit order counts as filled by a bar that comes to its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Touch {
    /// Only when the price goes at least one tick beyond: whoever was first at the price was filled, we were last (default).
    #[default]
    Through,
    /// As soon as the price is reached.
    At,
}

/// What a taker pays beyond the price of the bar; never beyond a limit price.
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

/// How long an order, a cancel or a report travels. Messages of one direction never overtake each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// As it was measured: the last measurement not after the message counts (the first before that).
    Recorded {
        /// Where the measurements come from.
        source: String,
        /// Sorted by time.
        measured: Vec<Travelled>,
    },
}

/// One measured round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Travelled {
    /// When it was measured.
    pub at: Time,
    /// To the venue, nanoseconds.
    pub order_ns: i64,
    /// Back, nanoseconds.
    pub report_ns: i64,
}
