//! `tradewind data`: recorded market data, in the archive below the data directory. Works while a server runs.

mod export;
mod import;
mod list;
mod progress;
mod resample;
mod verify;

use std::process::ExitCode;

use archive::{Archive, Error, Span};
use types::{Interval, Time};

use crate::cli::data::{Range, Recorded};
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Folder of the archive inside the data directory.
pub(crate) const FOLDER: &str = "archive";

/// Carries out one command.
pub(crate) fn run(config: &Config, command: &Recorded) -> Result<ExitCode, Failure> {
    let archive = Archive::open(&config.data_dir.join(FOLDER));
    match command {
        Recorded::Import(options) => import::run(&archive, options)?,
        Recorded::List(output) => list::run(&archive, *output)?,
        Recorded::Verify(options) => return verify::run(&archive, options),
        Recorded::Resample(options) => resample::run(&archive, options)?,
        Recorded::Export(options) => export::run(&archive, options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A failure of the archive as one of the command `what`.
pub(crate) fn failure(what: impl Into<String>) -> impl FnOnce(Error) -> Failure {
    move |error| {
        let exit = match error {
            Error::Request(_) => Exit::Usage,
            Error::Conflict(_) => Exit::Refused,
            _ => Exit::Failed,
        };
        let advice = error.advice();
        Failure::new(exit, what).because(error).advise(advice)
    }
}

/// The length of bars in an option.
pub(crate) fn interval(text: &str) -> Result<Interval, Failure> {
    Interval::parse(text).ok_or_else(|| {
        let names = Interval::ALL.map(Interval::as_str).join(" ");
        Failure::new(Exit::Usage, format!("\"{text}\" is no length of bars"))
            .advise(format!("take one of {names} (1M is a month)"))
    })
}

/// The span of time in options.
pub(crate) fn span(range: &Range) -> Result<Span, Failure> {
    let time = |text: &Option<String>, otherwise: Time| match text {
        None => Ok(otherwise),
        Some(text) => archive::parse_time(text).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("\"{text}\" is no time"))
                .advise("write it like 2024-08-08, 2024-08-08T12:30:00Z or 1723120200000")
        }),
    };
    Ok(Span { from: time(&range.from, Span::ALL.from)?, to: time(&range.to, Span::ALL.to)? })
}
