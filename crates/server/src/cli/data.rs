//! The command line of `tradewind data`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;

const IMPORT: &str = "\
Formats, told from the file itself (plain, gzip or zip of one file):
  bars     CSV with a time, open, high, low, close and, if there is one, a volume; names in the first line
           or in this order; times as s, ms, us or ns since 1970 or as ISO dates
  klines   Binance's archives, with and without names, spot and futures
  trades   Binance's archives of trades and aggregate trades
  streams  recorded Binance messages: lines of <receive time ns> <json>

All of a file is imported or, if a row is wrong, nothing. Importing a file again changes nothing; a file that says
something else about the same time is refused unless --replace is given.

Examples:
  tradewind data import btc-perp-1m.csv --symbol BTC-PERP --interval 1m
  tradewind data import BTCUSDT-aggTrades-2024-08.zip --symbol binance:BTCUSDT";

const VERIFY: &str = "\
Findings:
  checksum   a file is missing or has other bytes than were written
  count      the rows are not as many as they should be
  order      a row is before the one before it
  duplicate  a row is there twice
  gap        bars are missing between two bars, ids between two trades, updates between two book events
  sanity     a bar whose open or close is not between low and high, a price of zero, a crossed book, a best
             price that is not the rebuilt book's of the same update
  outlier    a bar whose range is more than 30 times the average of the 240 before and more than 2 % of its
             price: a crash or a wrong print (the one finding that does not make a series unfit)";

#[derive(Subcommand, Debug)]
pub(crate) enum Recorded {
    /// Bring in a file of bars, trades or recorded streams
    #[command(after_help = IMPORT)]
    Import(Box<Import>),
    /// List what is there
    List(Output),
    /// Check checksums, order, gaps, duplicates, bars, books; exit code 1 when a series is not fit to be used
    #[command(after_help = VERIFY)]
    Verify(Verify),
    /// Make longer bars of shorter ones or of trades, and store them
    Resample(Resample),
    /// Write a series as CSV
    Export(Export),
}

/// What and how to import.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The file: CSV or a recording, plain, gzip or zip
    pub(crate) file: PathBuf,
    /// As which instrument: BTC-PERP, or with its venue binance:BTCUSDT
    #[arg(long, value_name = "[VENUE:]SYMBOL")]
    pub(crate) symbol: String,
    /// Venue of a symbol that names none
    #[arg(long, default_value = archive::FILE_VENUE)]
    pub(crate) venue: String,
    /// Length of the bars (1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M) [default: from the rows]
    #[arg(long)]
    pub(crate) interval: Option<String>,
    /// What the time of a bar is: its start or its end
    #[arg(long, value_enum, default_value_t = BarStamp::Open)]
    pub(crate) stamp: BarStamp,
    /// Let the file win over what is there in its span of time
    #[arg(long)]
    pub(crate) replace: bool,
    /// Put the rows in order first (in memory)
    #[arg(long)]
    pub(crate) sort: bool,
    /// Decimals of prices, for ever [default: 8, or what the numbers need]
    #[arg(long, value_name = "0-18")]
    pub(crate) price_scale: Option<u8>,
    /// Decimals of quantities, for ever [default: 8, or what the numbers need]
    #[arg(long, value_name = "0-18")]
    pub(crate) qty_scale: Option<u8>,
    /// Smallest step of a price, like 0.01 [default: the step in which the prices are written]
    #[arg(long, value_name = "DECIMAL")]
    pub(crate) tick: Option<String>,
    /// Smallest step of a quantity [default: from trades their step, otherwise the smallest there is]
    #[arg(long, value_name = "DECIMAL")]
    pub(crate) lot: Option<String>,
    /// Spot or perpetual [default: perpetual if the symbol ends in PERP]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<ContractKind>,
    /// Code of what is traded [default: from the symbol]
    #[arg(long, value_name = "CODE")]
    pub(crate) base: Option<String>,
    /// Code of what it is paid in [default: from the symbol, or USD]
    #[arg(long, value_name = "CODE")]
    pub(crate) quote: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What a bar's time is.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BarStamp {
    Open,
    Close,
}

/// How an instrument settles.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContractKind {
    Spot,
    Perp,
}

/// What to check.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Only this instrument [default: all]
    #[arg(long, value_name = "[VENUE:]SYMBOL")]
    pub(crate) symbol: Option<String>,
    /// A series with gaps is fit (a market that closes, a recorder that was off)
    #[arg(long)]
    pub(crate) allow_gaps: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What to make.
#[derive(Args, Debug)]
pub(crate) struct Resample {
    /// Which instrument
    #[arg(long, value_name = "[VENUE:]SYMBOL")]
    pub(crate) symbol: String,
    /// Length of the new bars
    #[arg(long)]
    pub(crate) interval: String,
    /// Let the new bars win over stored ones that differ
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// A span of time.
#[derive(Args, Debug)]
pub(crate) struct Range {
    /// First instant (ISO date or number since 1970) [default: all]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// First instant after the span [default: all]
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
}

/// What to export.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Which instrument
    #[arg(long, value_name = "[VENUE:]SYMBOL")]
    pub(crate) symbol: String,
    /// Bars of this length; longer ones are made of shorter ones, or of trades
    #[arg(long, conflicts_with_all = ["trades", "book"], required_unless_present_any = ["trades", "book"])]
    pub(crate) interval: Option<String>,
    /// The trades
    #[arg(long, conflicts_with = "book")]
    pub(crate) trades: bool,
    /// The book events, one line per level
    #[arg(long)]
    pub(crate) book: bool,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Recorded {
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Import(import) => import.output,
            Self::List(output) => *output,
            Self::Verify(verify) => verify.output,
            Self::Resample(resample) => resample.output,
            Self::Export(export) => export.output,
        }
    }
}
