//! `tradewind backtest run`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use backtest::stored::{Runs, StoredError};
use backtest::{RunError, cpu_seconds};
use types::Time;

use super::summary;
use super::work::Prepared;
use crate::cli::backtest::Run;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(2);

pub(super) fn run(config: &Config, options: &Run) -> Result<ExitCode, Failure> {
    let started = cpu_seconds();
    let prepared = Prepared::of(config, &options.work, &options.name)?;
    let setup = prepared
        .plan
        .setup(prepared.recordings()?)
        .map_err(|e| Failure::new(Exit::Failed, "the run cannot be set up").because(e))?;
    let mut told = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let mut watch = |at: Time| {
        if told.elapsed() >= TELL_EVERY && terminal {
            told = Instant::now();
            note(format!("at {}", summary::moment(at)));
        }
        true
    };
    let mut outcome = backtest::run(setup, &mut watch).map_err(failed)?;
    // Looking at the file is part of the work.
    outcome.cpu_seconds = cpu_seconds() - started;
    let id = if options.no_store {
        None
    } else {
        Some(Runs::new(&config.data_dir).save(&outcome, now()).map_err(unstored)?)
    };
    if options.output.json {
        answer(summary::to_json(&outcome, id.as_deref()));
    } else {
        answer(summary::describe(&outcome, id.as_deref()));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// A run that did not end.
pub(crate) fn failed(error: RunError) -> Failure {
    let advice = match &error {
        RunError::Interval { .. } => "give an --interval that is a multiple of the recorded one",
        RunError::Empty => "widen --from and --to, or check the data",
        RunError::Tape(_) => "mend the data; nothing was stored",
        RunError::Bot(_) | RunError::Instruments(_) => "check the options",
        RunError::Cancelled => "run it again",
    };
    Failure::new(Exit::Failed, "the back-test failed").because(error).advise(advice)
}

/// Runs that cannot be stored or read.
pub(crate) fn unstored(error: StoredError) -> Failure {
    let advice = match &error {
        StoredError::Unknown(_) => "see tradewind backtest list",
        StoredError::Io { .. } => "check the data directory",
        StoredError::Damaged { .. } => "run it again; this one cannot be used",
    };
    Failure::new(Exit::Failed, "the stored runs cannot be used").because(error).advise(advice)
}
