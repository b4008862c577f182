//! What somebody wants to be computed, as it is kept and handed to the worker: plain words, read by whoever carries it out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Kind of the jobs that carry out back-tests.
pub const BACKTEST_JOB: &str = "backtest";
/// Kind of the jobs that carry out sweeps.
pub const SWEEP_JOB: &str = "sweep";

/// Which past, and under which conditions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// Instruments, in the strategy's order; a sweep has one.
    pub symbols: Vec<String>,
    /// Length of the bars to decide on; that of the data when absent.
    pub interval: Option<String>,
    /// First moment of the data that counts, RFC 3339.
    pub from: Option<String>,
    /// First moment that no longer counts.
    pub to: Option<String>,
    /// `archive`, `exchange`, or absent: the archive if it has the instrument, else the built-in exchange.
    pub source: Option<String>,
    /// Parameters of the strategy; in a sweep those that stay.
    pub params: BTreeMap<String, String>,
    /// Start money in the quote asset.
    pub cash: String,
    /// What guards every position.
    #[serde(default, skip_serializing_if = "Guards::is_empty")]
    pub bracket: Guards,
    /// How the simulated venue behaves.
    pub venue: Venue,
}

/// A bracket: where every position is left, whatever the strategy does, in basis points (hundredths of a percent) from its average
/// price. A stop and a trailing stop exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Bracket)]
pub struct Guards {
    /// Leaves with this loss.
    #[schema(minimum = 1, maximum = 9900)]
    pub stop_loss_bps: Option<u32>,
    /// Leaves with this profit.
    #[schema(minimum = 1, maximum = 100000)]
    pub take_profit_bps: Option<u32>,
    /// Leaves when the price has come back by this from its best since.
    #[schema(minimum = 1, maximum = 9900)]
    pub trailing_bps: Option<u32>,
}

impl Guards {
    /// Whether nothing is guarded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How the simulated venue behaves. Decimal texts; a basis point is a hundredth of a percent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SimulatedVenue)]
pub struct Venue {
    /// Fee of every fill, basis points of its value; 10 when absent.
    #[schema(example = "10")]
    pub fee_bps: Option<String>,
    /// Fee of resting orders instead; below zero is a rebate.
    pub maker_bps: Option<String>,
    /// Fee of taking orders instead.
    pub taker_bps: Option<String>,
    /// Where in a bar orders meet the market: `open` (the next bar's, default), `close`, `ohlc` or `olhc`.
    pub fill: Option<String>,
    /// What taking orders lose, basis points of the price.
    pub slippage_bps: Option<String>,
    /// Most of a bar's volume that orders get, percent; no bound when absent.
    pub participation: Option<String>,
    /// How long orders and reports travel, milliseconds each way.
    pub latency_ms: Option<String>,
    /// Seed of everything that is drawn; 1 when absent.
    pub seed: Option<u64>,
}

/// A back-test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacktestSpec {
    /// The owner's name for it.
    pub name: String,
    /// The strategy.
    pub strategy: String,
    /// The version of a model whose forecasts it trades on, as the registry names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// On what.
    #[serde(flatten)]
    pub on: Conditions,
}

/// A sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepSpec {
    /// The owner's name for the run of the choice.
    pub name: String,
    /// The strategy.
    pub strategy: String,
    /// On what.
    #[serde(flatten)]
    pub on: Conditions,
    /// Values of each parameter that varies: `5..30:5`, `5..30` or `5,10,20`.
    pub grid: BTreeMap<String, String>,
    /// `grid`, `random`, `halving` or `tpe`.
    pub method: String,
    /// How many points are tried; all of a grid when absent.
    pub trials: Option<u32>,
    /// Stretches of a walk-forward.
    pub walk_forward: Option<u32>,
    /// `sharpe`, `return` or `return-over-drawdown`.
    pub objective: String,
    /// `plateau` or `peak`.
    pub pick: Option<String>,
}

/// What a specification turned out to mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The exchange whose past is used, of the first instrument.
    pub exchange: String,
    /// The first instrument's symbol there.
    pub symbol: String,
    /// The bars it decides on.
    pub interval: String,
    /// All parameters with their values, defaults filled in.
    pub params: Vec<(String, String)>,
    /// Trials that are planned; 1 for a back-test.
    pub trials: u64,
}

/// A round trip of a back-test: from flat to flat, or to the other side. Decimal texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BacktestTrade)]
pub struct RunTrade {
    /// First fill, milliseconds since 1970.
    pub opened: i64,
    /// Last fill, milliseconds since 1970.
    pub closed: i64,
    /// The instrument.
    pub symbol: String,
    /// `long` or `short`.
    pub side: String,
    /// All that was opened, base asset.
    pub quantity: String,
    /// Average price of what opened it.
    pub entry: String,
    /// Average price of what closed it.
    pub exit: String,
    /// Profit after its fees, quote asset; funding is not in it.
    pub pnl: String,
    /// Its fees, in `pnl` already.
    pub fees: String,
    /// Worst profit while it was open, zero or below.
    pub mae: String,
    /// Best profit while it was open, zero or above.
    pub mfe: String,
    /// Bars it was open.
    pub bars: u32,
    /// The strategy's reason for the order that closed it; empty when it is not known.
    pub reason: String,
}

/// What a back-test was worth at a moment. Decimal texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BacktestEquity)]
pub struct RunEquity {
    /// Milliseconds since 1970.
    pub t: i64,
    /// Worth at the end of the bars that the point stands for.
    pub equity: String,
    /// Lowest worth in them.
    pub low: String,
    /// Highest worth in them.
    pub high: String,
}
