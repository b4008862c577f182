//! `tradewind benchmark`: the arguments.

use clap::Args;

use super::Output;

/// Most times: a run of an hour is a load test.
const TIMES_MAX: u64 = 1_000_000;

#[derive(Args, Debug)]
pub(crate) struct Benchmark {
    /// Which of them (all without a name); --list names them
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Name them and stop
    #[arg(long)]
    pub(crate) list: bool,
    /// How often each is carried out
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=TIMES_MAX))]
    pub(crate) times: u64,
    /// Show what was measured before and stop
    #[arg(long, conflicts_with_all = ["list", "times"])]
    pub(crate) history: bool,
    /// Measure without writing it down
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}
