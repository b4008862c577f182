//! `tradewind cache`: words of the command line.

use clap::{Args, Subcommand};

use super::Output;

/// As whom.
#[derive(Args, Debug, Clone)]
pub(crate) struct AsWhom {
    /// The administrator to act for [default: the only user there is]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The caches of the running server. They hold copies only: nothing is lost with them
#[derive(Subcommand, Debug)]
pub(crate) enum Cache {
    /// Hits and misses since the start, by layer and class
    Stats(AsWhom),
    /// Read what most people ask for first: popular markets, their candles, tickers
    Warm(AsWhom),
    /// Forget everything, in Redis too; what is asked for next is read anew
    Clear(AsWhom),
}
