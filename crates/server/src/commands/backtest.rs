//! `tradewind backtest`: runs, the runs that are stored, and the test for looking ahead.

mod check;
mod models;
mod numbers;
pub(crate) mod report;
pub(crate) mod run;
mod runs;
pub(crate) mod summary;
pub(crate) mod work;

use std::process::ExitCode;

use crate::cli::backtest::Backtest;
use crate::config::Config;
use crate::failure::Failure;

pub(crate) fn run(config: &Config, command: &Backtest) -> Result<ExitCode, Failure> {
    match command {
        Backtest::Run(options) => run::run(config, options),
        Backtest::List(output) => runs::list(config, *output),
        Backtest::Show { run, output } => runs::show(config, run, *output),
        Backtest::Compare { runs, output } => runs::compare(config, runs, *output),
        Backtest::Report { run, html, output } => report::report(config, run, html, *output),
        Backtest::Check(options) => check::run(config, options),
    }
}
