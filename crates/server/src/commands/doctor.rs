//! `tradewind doctor`: is this machine fit, and is the data directory sound? Each problem comes with what mends it.
//!
//! Changes nothing. Safe while a server runs on the same data directory.

mod checks;

use std::process::ExitCode;

use serde_json::json;

use crate::cli::Output;
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

/// Carries out all checks.
pub(crate) fn run(config: &Config, output: Output) -> Result<ExitCode, Failure> {
    let checks = checks::all(config);
    let failed = checks.iter().filter(|check| check.state == State::Bad).count();
    if output.json {
        let entry =
            |c: &Check| json!({ "name": c.name, "state": c.state.word(), "found": c.found, "do": c.advice });
        let list: Vec<_> = checks.iter().map(entry).collect();
        answer(json!({ "v": 1, "ok": failed == 0, "checks": list }));
    } else {
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
