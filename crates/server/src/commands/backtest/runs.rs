//! Stored runs: list, show, compare.

use std::process::ExitCode;

use backtest::stored::{Listed, Runs};
use serde_json::json;

use super::run::{tried, unstored};
use super::summary;
use crate::cli::Output;
use crate::config::Config;
use crate::failure::Failure;
use crate::terminal::{answer, table};

/// Every run, oldest first.
pub(super) fn list(config: &Config, output: Output) -> Result<ExitCode, Failure> {
    let runs = Runs::new(&config.data_dir).list().map_err(unstored)?;
    if output.json {
        let entry = |run: &Listed| {
            json!({
                "run": run.id, "stored": summary::moment(run.at), "name": run.json["spec"]["name"],
                "strategy": run.json["spec"]["strategy"], "params": run.json["spec"]["params"],
                "interval": run.json["spec"]["interval"], "start_equity": run.json["equity"]["start"],
                "final_equity": run.json["equity"]["final"], "orders": run.json["orders"]["sent"],
                "cpu_seconds": run.json["cpu_seconds"],
            })
        };
        answer(json!({ "v": 1, "runs": runs.iter().map(entry).collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        answer("no runs are stored; make one with tradewind backtest run");
        return Ok(ExitCode::SUCCESS);
    }
    let head = ["run", "on", "bars", "final equity", "orders", "stored", "name"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for run in &runs {
        let text = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let spec = &run.json["spec"];
        rows.push(vec![
            run.id.clone(),
            text(&spec["traded"][0]["instrument"]),
            text(&spec["interval"]),
            text(&run.json["equity"]["final"]),
            text(&run.json["orders"]["sent"]),
            summary::moment(run.at),
            text(&spec["name"]),
        ]);
    }
    answer(table(&rows));
    Ok(ExitCode::SUCCESS)
}

/// One run.
pub(super) fn show(config: &Config, run: &str, output: Output) -> Result<ExitCode, Failure> {
    let runs = Runs::new(&config.data_dir);
    let id = runs.find(run).map_err(unstored)?;
    let outcome = runs.load(&id).map_err(unstored)?;
    let tried = tried(config, &outcome)?;
    if output.json {
        answer(summary::to_json(&outcome, Some(&id), tried.as_ref()));
    } else {
        answer(summary::describe(&outcome, Some(&id), tried.as_ref()));
        answer(format!("files in {}", runs.folder(&id).display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Several runs, a column each.
pub(super) fn compare(config: &Config, wanted: &[String], output: Output) -> Result<ExitCode, Failure> {
    let runs = Runs::new(&config.data_dir);
    let mut found = Vec::new();
    for text in wanted {
        let id = runs.find(text).map_err(unstored)?;
        let outcome = runs.load(&id).map_err(unstored)?;
        let tried = tried(config, &outcome)?;
        found.push(summary::to_json(&outcome, Some(&id), tried.as_ref()));
    }
    if output.json {
        answer(json!({ "v": 1, "runs": found }));
        return Ok(ExitCode::SUCCESS);
    }
    let shown = [
        "run",
        "strategy",
        "interval",
        "fill",
        "bars",
        "first",
        "last",
        "start_equity",
        "final_equity",
        "return_pct",
        "max_drawdown_pct",
        "orders",
        "trades",
        "fees",
        "slippage",
        "funding",
    ];
    let text = |v: &serde_json::Value| match v {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(n) if n.is_f64() => format!("{:.4}", n.as_f64().unwrap_or(0.0)),
        other => other.to_string(),
    };
    let mut rows: Vec<Vec<String>> = shown
        .iter()
        .map(|name| {
            std::iter::once((*name).to_owned()).chain(found.iter().map(|run| text(&run[*name]))).collect()
        })
        .collect();
    rows.extend(params_apart(&found));
    answer(table(&rows));
    Ok(ExitCode::SUCCESS)
}

/// Parameters in which the runs differ.
fn params_apart(runs: &[serde_json::Value]) -> Vec<Vec<String>> {
    let mut names: Vec<&String> =
        runs.iter().filter_map(|run| run["params"].as_object()).flat_map(serde_json::Map::keys).collect();
    names.sort_unstable();
    names.dedup();
    let row = |name: &&String| {
        let value = |run: &serde_json::Value| run["params"][name.as_str()].as_str().unwrap_or("-").to_owned();
        let values: Vec<String> = runs.iter().map(value).collect();
        let apart = values.windows(2).any(|pair| pair[0] != pair[1]);
        apart.then(|| std::iter::once((*name).clone()).chain(values).collect())
    };
    names.iter().filter_map(row).collect()
}
