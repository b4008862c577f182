//! `tradewind backtest run`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use backtest::stored::{Runs, StoredError};
use backtest::sweep::Tally;
use backtest::sweep::kept::Sweeps;
use backtest::sweep::single::{self, Tried};
use backtest::{Outcome, RunError, cpu_seconds};
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
    warn_of_model(&prepared, &mut outcome);
    // Looking at the file is part of the work.
    outcome.cpu_seconds = cpu_seconds() - started;
    let id = if options.no_store {
        None
    } else {
        Some(Runs::new(&config.data_dir).save(&outcome, now()).map_err(unstored)?)
    };
    let tried = count(config, &outcome, id.as_deref())?;
    if options.output.json {
        answer(summary::to_json(&outcome, id.as_deref(), tried.as_ref()));
    } else {
        answer(summary::describe(&outcome, id.as_deref(), tried.as_ref()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says so when a run contains bars that the model it trades on was trained on.
pub(crate) fn warn_of_model(prepared: &Prepared, outcome: &mut Outcome) {
    if let (Some(model), Some((from, _))) = (prepared.plan.model(), single::span(outcome))
        && model.until.millis() > from
    {
        outcome.warnings.push(format!(
            "the model was trained on bars up to {}, which this run contains: what it knows of them proves nothing",
            summary::moment(model.until)
        ));
    }
}

/// Records the run among the trials of everything it traded, also one that is not kept: it was tried. Says what all trials of
/// these days do to its result.
pub(crate) fn count(config: &Config, outcome: &Outcome, id: Option<&str>) -> Result<Option<Tried>, Failure> {
    let Some(entry) = single::entry(outcome, id.unwrap_or("not kept")) else { return Ok(None) };
    let sweeps = Sweeps::new(&config.data_dir);
    let mut tried = None;
    for traded in &outcome.run.traded {
        let ledger = sweeps.ledger(&traded.instrument);
        let tally =
            ledger.append(std::slice::from_ref(&entry)).and_then(|()| ledger.tally(entry.from, entry.to));
        let tally = tally.map_err(|error| {
            Failure::new(Exit::Failed, "the record of trials cannot be written")
                .because(format!("{}: {error}", ledger.path().display()))
                .advise("mend it first, or give another --data-dir: a run that is not counted would lie about its result")
        })?;
        if tried.is_none_or(|known: Tally| known.distinct < tally.distinct) {
            tried = Some(tally);
        }
    }
    Ok(tried.and_then(|tally| single::judged(outcome, tally)))
}

/// The trials on record over the days of a stored run.
pub(super) fn tried(config: &Config, outcome: &Outcome) -> Result<Option<Tried>, Failure> {
    let (Some((from, to)), Some(traded)) = (single::span(outcome), outcome.run.traded.first()) else {
        return Ok(None);
    };
    let ledger = Sweeps::new(&config.data_dir).ledger(&traded.instrument);
    let tally = ledger.tally(from, to).map_err(|error| {
        Failure::new(Exit::Failed, "the record of trials cannot be read")
            .because(format!("{}: {error}", ledger.path().display()))
            .advise("check the data directory")
    })?;
    Ok(single::judged(outcome, tally))
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
