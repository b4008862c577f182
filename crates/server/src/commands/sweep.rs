//! `tradewind sweep`: searches, and those that are kept.

pub(crate) mod describe;
mod kept;
pub(crate) mod run;
mod watch;

use std::process::ExitCode;

use backtest::sweep::kept::KeptError;

use crate::cli::sweep::Sweep;
use crate::config::Config;
use crate::failure::{Exit, Failure};

pub(crate) fn run(config: &Config, command: &Sweep) -> Result<ExitCode, Failure> {
    match command {
        Sweep::Run(options) => run::run(config, options),
        Sweep::List(output) => kept::list(config, *output),
        Sweep::Show { sweep, output } => kept::show(config, sweep, *output),
    }
}

/// Sweeps that cannot be kept or read.
fn unkept(error: KeptError) -> Failure {
    let advice = match &error {
        KeptError::Unknown(_) => "see tradewind sweep list",
        KeptError::Io { .. } => "check the data directory",
        KeptError::Damaged { .. } => "run it again; this one cannot be used",
    };
    Failure::new(Exit::Failed, "the kept sweeps cannot be used").because(error).advise(advice)
}
