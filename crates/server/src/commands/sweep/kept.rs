//! Kept sweeps: list and show.

use std::process::ExitCode;

use backtest::sweep::kept::Sweeps;
use serde_json::json;

use super::{describe, unkept};
use crate::cli::Output;
use crate::config::Config;
use crate::failure::Failure;
use crate::terminal::{answer, table};

/// Every sweep, oldest first.
pub(super) fn list(config: &Config, output: Output) -> Result<ExitCode, Failure> {
    let sweeps = Sweeps::new(&config.data_dir);
    let mut all = Vec::new();
    for id in sweeps.ids().map_err(unkept)? {
        all.push(sweeps.load(&id).map_err(unkept)?);
    }
    if output.json {
        let entry = |s: &backtest::sweep::SweepOutcome| {
            json!({
                "sweep": s.id, "made": s.made, "strategy": s.strategy, "instrument": s.instrument, "interval": s.interval,
                "method": s.method, "trials": s.made_trials, "distinct": s.distinct, "run": s.run, "interrupted": s.interrupted,
                "chosen": s.chosen.as_ref().map(|c| describe::object(&c.params)),
            })
        };
        answer(json!({ "v": 1, "sweeps": all.iter().map(entry).collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        answer("no sweeps are kept; make one with tradewind sweep run");
        return Ok(ExitCode::SUCCESS);
    }
    let head = ["sweep", "on", "bars", "method", "trials", "chosen", "run"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|s| {
        let chosen = s.chosen.as_ref().map_or_else(|| "-".to_owned(), |c| describe::params(&c.params));
        let method = if s.interrupted { format!("{} (interrupted)", s.method) } else { s.method.clone() };
        let run = s.run.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            s.id.clone(),
            s.instrument.clone(),
            s.interval.clone(),
            method,
            s.made_trials.to_string(),
            chosen,
            run,
        ]
    }));
    answer(table(&rows));
    Ok(ExitCode::SUCCESS)
}

/// One sweep.
pub(super) fn show(config: &Config, sweep: &str, output: Output) -> Result<ExitCode, Failure> {
    let sweeps = Sweeps::new(&config.data_dir);
    let found = sweeps.load(&sweeps.find(sweep).map_err(unkept)?).map_err(unkept)?;
    answer(if output.json { describe::to_json(&found).to_string() } else { describe::text(&found) });
    Ok(ExitCode::SUCCESS)
}
