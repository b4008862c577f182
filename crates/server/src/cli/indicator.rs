//! `tradewind indicator`: what technical indicators there are.

use clap::{Args, Subcommand};

use super::Output;

#[derive(Subcommand, Debug)]
pub(crate) enum Indicator {
    /// List the indicators by group
    List {
        /// Only those whose name, group or description holds this text
        #[arg(value_name = "TEXT")]
        text: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Show an indicator's inputs, parameters (name, range, default) and outputs
    Show {
        /// Its name, like RSI, in any case
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Compute an indicator on imported bars: by name, with its parameters
    Compute(Box<Compute>),
}

/// `indicator compute`.
#[derive(Args, Debug)]
pub(crate) struct Compute {
    /// Its name in any case, with its parameters if wanted: RSI, "RSI(14)", "BBANDS(20,2,2,EMA)"
    pub(crate) name: String,
    /// Imported instrument, like BTC-PERP
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) symbol: String,
    /// Bars it is computed on: 1m, 15m, 1h, 1d, ...
    #[arg(long, value_name = "LENGTH", default_value = "1m")]
    pub(crate) interval: String,
    /// A parameter, like time-period=14 (repeat; `tradewind indicator show NAME` lists them)
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// So many of the last values
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) last: usize,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Indicator {
    pub(super) const fn output(&self) -> Output {
        match self {
            Self::List { output, .. } | Self::Show { output, .. } => *output,
            Self::Compute(compute) => compute.output,
        }
    }
}
