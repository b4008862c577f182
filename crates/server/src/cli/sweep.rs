//! `tradewind sweep`: many parameter sets of a strategy on the same data.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;
use super::backtest::Work;

const RUN: &str = "\
Every trial is recorded, and all trials ever made over the same days count when the result is judged. Ctrl-C stops between two
trials; what was tried is kept.

Examples:
  tradewind sweep run ema-cross --symbol BTC-PERP --interval 15m --grid fast=5..30:5 --grid slow=40..200:20 --walk-forward 6
  tradewind sweep run rsi-reversion --file bars.csv --grid period=5..30 --grid low=15..40 --tpe 200 --html sweep.html";

#[derive(Subcommand, Debug)]
pub(crate) enum Sweep {
    /// Try parameter sets, choose one, judge it on days it has not seen, and run the choice through the event path
    #[command(after_help = RUN)]
    Run(Box<Run>),
    /// List kept sweeps
    List(Output),
    /// Show a kept sweep
    Show {
        /// Its id, its number, or `last`
        sweep: String,
        #[command(flatten)]
        output: Output,
    },
}

impl Sweep {
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Run(run) => run.output,
            Self::List(output) | Self::Show { output, .. } => *output,
        }
    }
}

/// `sweep run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) work: Work,
    /// Values of a parameter: from..to:step, from..to (step 1) or a,b,c (repeat for each parameter that varies)
    #[arg(long = "grid", value_name = "NAME=VALUES", required = true)]
    pub(crate) grid: Vec<String>,
    /// Try N points of the grid, drawn evenly, instead of all
    #[arg(long, value_name = "N", group = "method")]
    pub(crate) random: Option<usize>,
    /// Begin with N points on little data and give the better third three times as much, and so on
    #[arg(long, value_name = "N", group = "method")]
    pub(crate) halving: Option<usize>,
    /// Try N points where good ones are dense (tree-structured Parzen estimator)
    #[arg(long, value_name = "N", group = "method")]
    pub(crate) tpe: Option<usize>,
    /// Choose on the past and judge on the days after it, N times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) walk_forward: Option<u32>,
    /// What is looked for: sharpe, return or return-over-drawdown
    #[arg(long, value_name = "WHAT", default_value = "sharpe")]
    pub(crate) objective: String,
    /// Choose the middle of the best neighbourhood or the best single point [default: plateau on a grid, else peak]
    #[arg(long, value_enum)]
    pub(crate) pick: Option<PickBy>,
    /// Trials at the same time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,
    /// Your own name for the run of the choice
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) name: String,
    /// Also write a report of the choice
    #[arg(long, value_name = "FILE.html")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which point is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PickBy {
    /// The middle of the best neighbourhood
    Plateau,
    /// The best single point
    Peak,
}
