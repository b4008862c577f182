//! `tradewind profile`: words of the command line.

use std::path::PathBuf;

use clap::Args;

use super::Output;

/// Where the running server's processor time goes: its stacks, sampled while it works, as a flame graph
#[derive(Args, Debug)]
pub(crate) struct ProfileArgs {
    /// For how many seconds, 1 to 60
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,
    /// Where the flame graph goes; a name that ends in .folded gets the stacks as text instead
    #[arg(long, short, value_name = "FILE", default_value = "tradewind-profile.svg")]
    pub(crate) out: PathBuf,
    /// The administrator to act for [default: the only user there is]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}
