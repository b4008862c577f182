//! `tradewind doctor`: is this machine fit, and is the data directory sound? Each problem comes with what mends it.
//!
//! Changes nothing without `--fix`. Safe while a server runs on the same data directory.

mod checks;
mod mend;

use std::process::ExitCode;

use serde_json::json;

use crate::cli::Doctor;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, table};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Good,
    /// Works, but somebody should look.
    Doubtful,
    /// Does not work.
    Bad,
}

/// One check's result.
#[derive(Debug)]
pub(crate) struct Check {
    name: &'static str,
    state: State,
    found: String,
    advice: String,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Good, found: found.into(), advice: String::new() }
    }

    fn doubtful(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Doubtful, found: found.into(), advice: advice.into() }
    }

    fn bad(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Bad, found: found.into(), advice: advice.into() }
    }
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "warning",
            Self::Bad => "failed",
        }
    }
}

/// Carries out all checks; mends before, if that is wanted.
pub(crate) fn run(config: &Config, doctor: &Doctor) -> Result<ExitCode, Failure> {
    let mended = if doctor.fix { mend::all(&config.data_dir) } else { Vec::new() };
    let checks = checks::all(config);
    let failed = checks.iter().filter(|check| check.state == State::Bad).count();
    if doctor.output.json {
        let entry =
            |c: &Check| json!({ "name": c.name, "state": c.state.word(), "found": c.found, "do": c.advice });
        let list: Vec<_> = checks.iter().map(entry).collect();
        let mended: Vec<_> = mended
            .iter()
            .map(|m| json!({ "what": m.what, "ok": m.fault.is_none(), "why": m.fault }))
            .collect();
        answer(json!({ "v": 1, "ok": failed == 0, "mended": mended, "checks": list }));
    } else {
        for mended in &mended {
            answer(match &mended.fault {
                None => format!("mended: {}", mended.what),
                Some(why) => format!("NOT mended: {}: {why}", mended.what),
            });
        }
        if doctor.fix && mended.is_empty() {
            answer("nothing to mend that can be mended without you");
        }
        let row = |c: &Check| vec![c.state.word().to_owned(), c.name.to_owned(), c.found.clone()];
        answer(table(&checks.iter().map(row).collect::<Vec<_>>()));
        for check in checks.iter().filter(|check| !check.advice.is_empty()) {
            answer(format!(
                "\n{} ({}): {}\n  do: {}",
                check.name,
                check.state.word(),
                check.found,
                check.advice
            ));
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { Exit::Failed.into() })
}
