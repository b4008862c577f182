//! `tradewind exchange`: administration, through the control socket of a running server or, where none runs, on the data
//! directory itself. The same requests either way.

mod account;
mod verify;
mod way;

use std::process::ExitCode;

use exchange_host::admin::{Reply, Request};
use serde_json::json;

use crate::cli::{Exchange, Output};
use crate::config::{Config, speed_percent};
use crate::failure::{Exit, Failure};
use crate::terminal::answer;

pub(crate) use way::Way;

/// Carries out one command.
pub(crate) fn run(config: &Config, command: &Exchange) -> Result<ExitCode, Failure> {
    match command {
        Exchange::Verify(output) => return verify::run(config, *output),
        Exchange::Account(command) => account::run(config, command)?,
        Exchange::Snapshot(output) => snapshot(config, *output)?,
        Exchange::Speed { speed, output } => set_speed(config, speed.as_deref(), *output)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn snapshot(config: &Config, output: Output) -> Result<(), Failure> {
    let Reply::Snapshot { seq } = Way::open(config)?.ask(&Request::Snapshot {})? else {
        return Err(unexpected());
    };
    if output.json {
        answer(json!({ "v": 1, "seq": seq }));
    } else {
        answer(format!("snapshot written; it holds everything up to command {seq}"));
    }
    Ok(())
}

fn set_speed(config: &Config, speed: Option<&str>, output: Output) -> Result<(), Failure> {
    let request = match speed {
        None => Request::SpeedGet {},
        Some(text) => {
            let wrong = |why| {
                Failure::new(Exit::Usage, format!("\"{text}\" is no speed")).because(format!("it {why}"))
            };
            let percent = speed_percent(text).map_err(wrong)?;
            Request::SpeedSet { percent }
        }
    };
    let Reply::Speed { percent } = Way::running(config)?.ask(&request)? else { return Err(unexpected()) };
    let times = types::decimal::format(i128::from(percent), 2);
    if output.json {
        answer(json!({ "v": 1, "speed": times }));
    } else {
        answer(format!("the simulated market lives at {times} times normal speed"));
    }
    Ok(())
}

/// The server's answer does not fit the question: two versions of this program.
fn unexpected() -> Failure {
    Failure::new(Exit::Failed, "the server gave an answer to another question")
        .because("it may be another version of this program")
        .advise("stop it and start this one")
}
