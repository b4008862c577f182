//! `tradewind backtest`: a strategy on recorded data.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;
use super::bracket::Guards;

#[derive(Subcommand, Debug)]
pub(crate) enum Backtest {
    /// Run a strategy on recorded data and store what it gave
    Run(Box<Run>),
    /// List stored runs
    List(Output),
    /// Show a stored run
    Show {
        /// Its id, its number, or `last`
        run: String,
        #[command(flatten)]
        output: Output,
    },
    /// Write a stored run as one HTML file
    Report {
        /// Its id, its number, or `last`
        run: String,
        /// The file to write
        #[arg(long, value_name = "FILE.html")]
        html: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Show two or more stored runs side by side
    Compare {
        /// Ids, numbers, or `last`
        #[arg(required = true, num_args = 2..)]
        runs: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Test whether a strategy looks into the future: decisions must not change when later data are cut off or replaced
    Check(Box<Check>),
}

impl Backtest {
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Run(run) => run.output,
            Self::Check(check) => check.output,
            Self::List(output)
            | Self::Report { output, .. }
            | Self::Show { output, .. }
            | Self::Compare { output, .. } => *output,
        }
    }
}

/// What is run on which data.
#[derive(Args, Clone, Debug)]
pub(crate) struct Work {
    /// The strategy, like ema-cross (`tradewind strategy list` shows all)
    pub(crate) strategy: String,
    /// Instrument, like BTC-PERP or binance:BTCUSDT; repeat for a strategy that trades several
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) symbol: Vec<String>,
    /// A CSV file of bars instead of imported data (one instrument)
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) file: Option<PathBuf>,
    /// What the file holds: perp can go short and is margined, spot cannot [default: perp]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Contract>,
    /// Smallest price step of the file [default: told from its decimals]
    #[arg(long, value_name = "PRICE")]
    pub(crate) tick: Option<String>,
    /// Bars the strategy decides on: 1m, 15m, 1h, 1d, ... [default: those of the data]
    #[arg(long, value_name = "LENGTH")]
    pub(crate) interval: Option<String>,
    /// First moment of the data that counts, like 2022-01-31 or 2022-01-31T12:00
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// First moment that no longer counts
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// A parameter of the strategy (repeat; `tradewind strategy show NAME` lists them)
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// A trained model as the forecaster of the strategy forecast: NAME (the promoted version) or NAME@VERSION, see `tradewind model list`
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// How exponential averages start; short for --param ema-seed=...
    #[arg(long, value_name = "mean|first")]
    pub(crate) ema_seed: Option<String>,
    /// Start money, quote asset
    #[arg(long, value_name = "AMOUNT", default_value = "100000")]
    pub(crate) cash: String,
    #[command(flatten)]
    pub(crate) guards: Guards,
    #[command(flatten)]
    pub(crate) venue: Venue,
}

/// What the file of a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contract {
    /// Owned and paid for
    Spot,
    /// Signed position on margin
    Perp,
}

/// How the simulated venue behaves. A basis point (bps) is a hundredth of a percent.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Simulated venue")]
pub(crate) struct Venue {
    /// Fee of every fill, bps of its value [default: 10]
    #[arg(long, value_name = "BPS")]
    pub(crate) fee_bps: Option<String>,
    /// Fee of resting orders instead, bps; below zero is a rebate
    #[arg(long, value_name = "BPS", allow_hyphen_values = true)]
    pub(crate) maker_bps: Option<String>,
    /// Fee of taking orders instead, bps
    #[arg(long, value_name = "BPS")]
    pub(crate) taker_bps: Option<String>,
    /// Charge spot fees in what is received, as Binance and the built-in exchange do
    #[arg(long)]
    pub(crate) fee_in_received: bool,
    /// Where in a bar orders meet the market: open (the next bar's), close (this bar's), ohlc or olhc (order of the extremes)
    #[arg(long, value_name = "PATH", default_value = "open")]
    pub(crate) fill: String,
    /// Fill resting orders as soon as their price is touched, not only when it is passed
    #[arg(long)]
    pub(crate) fill_on_touch: bool,
    /// What taking orders lose, bps of the price [default: 0]
    #[arg(long, value_name = "BPS", conflicts_with_all = ["slippage_range", "slippage_volume"])]
    pub(crate) slippage_bps: Option<String>,
    /// What taking orders lose, percent of the bar's high - low
    #[arg(long, value_name = "PERCENT", conflicts_with = "slippage_volume")]
    pub(crate) slippage_range: Option<String>,
    /// What an order as large as the bar's volume loses, bps of the price; smaller ones in proportion
    #[arg(long, value_name = "BPS")]
    pub(crate) slippage_volume: Option<String>,
    /// Most of a bar's volume that orders get, percent [default: no bound]
    #[arg(long, value_name = "PERCENT")]
    pub(crate) participation: Option<String>,
    /// How long orders and reports travel, ms each way [default: 0]
    #[arg(long, value_name = "MS")]
    pub(crate) latency_ms: Option<String>,
    /// Mean of a random delay on top of --latency-ms, exponentially distributed, ms
    #[arg(long, value_name = "MS")]
    pub(crate) latency_jitter_ms: Option<String>,
    /// Delays as they were measured instead: a CSV file of lines "time in ns since 1970, ns to the venue, ns back"
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["latency_ms", "latency_jitter_ms"])]
    pub(crate) latency_file: Option<PathBuf>,
    /// Where resting orders stand in a recorded book's queue: exponent 1 to 3 of the power model [default: cancels happen behind us]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(crate) queue_power: Option<u8>,
    /// What goes wrong, each of a million: rejected, never-arrive, timed-out, lost, repeated (may be repeated, like lost=500)
    #[arg(long = "fault", value_name = "KIND=PPM")]
    pub(crate) faults: Vec<String>,
    /// Which kinds of orders the venue lacks, so that the engine watches for them: stop, trailing, oco (may be repeated)
    #[arg(long = "lacks", value_name = "KIND")]
    pub(crate) lacks: Vec<String>,
    /// How late the strategy hears of the market, ms [default: 0]
    #[arg(long, value_name = "MS")]
    pub(crate) feed_ms: Option<String>,
    /// Funding of perpetuals, bps per eight hours; longs pay when it is above zero [default: 0]
    #[arg(long, value_name = "BPS", allow_hyphen_values = true)]
    pub(crate) funding_bps: Option<String>,
    /// Seed of everything that is drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `backtest run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) work: Work,
    /// Your own name for the run
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) name: String,
    /// Do not store the run (that it was tried is recorded all the same)
    #[arg(long)]
    pub(crate) no_store: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `backtest check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) work: Work,
    /// Moments at which the data are cut off and poisoned
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) cuts: u32,
    #[command(flatten)]
    pub(crate) output: Output,
}
