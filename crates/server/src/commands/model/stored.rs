//! `tradewind model list|show|score|forecast|promote|delete`: stored models.

use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use archive::Archive;
use serde_json::{Value, json};
use training::{BarSource, Record, Registry, RegistryError, score};

use super::source::{ArchiveBars, CsvBars};
use super::train::described;
use crate::cli::Output;
use crate::cli::model::{Against, Named};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal;

/// The registry in the data directory.
pub(super) fn registry(config: &Config) -> Registry {
    Registry::open(&config.data_dir.join("models"))
}

/// Where bars come from.
pub(super) fn source(config: &Config, csv: Option<&Path>) -> Box<dyn BarSource> {
    match csv {
        Some(path) => Box::new(CsvBars { path: path.to_path_buf() }),
        None => Box::new(ArchiveBars { archive: Archive::open(&config.data_dir.join("archive")) }),
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn failed(error: RegistryError) -> Failure {
    let advice = match &error {
        RegistryError::Unknown(_) | RegistryError::Name(_) => "`tradewind model list` shows the models",
        RegistryError::Damaged { .. } => {
            "delete this version and train it again: same seed and bars, same model"
        }
        RegistryError::Promoted(_) => "`tradewind model promote` another version, or say --force",
        RegistryError::Disk { .. } => "`tradewind doctor` checks the data directory",
    };
    let exit = if matches!(error, RegistryError::Promoted(_)) { Exit::Refused } else { Exit::Failed };
    Failure::new(exit, "the registry of models says no").because(error).advise(advice)
}

/// A record as JSON; `full` with trials.
pub(super) fn summary(record: &Record, promoted: Option<u32>, full: bool) -> Value {
    let mut value = json!({
        "v": 1,
        "id": record.id,
        "version": record.version,
        "promoted": promoted == Some(record.version),
        "algorithm": record.algorithm,
        "request": described(&record.request),
        "bars": record.bars,
        "filled": record.filled,
        "from_ms": record.from_ms,
        "to_ms": record.to_ms,
        "created_ms": record.created_ms,
        "code": record.code,
        "metrics": record.metrics,
        "verdict": record.metrics.verdict(),
        "elapsed_s": record.elapsed_s,
        "memory_before": record.memory[0],
        "memory_after": record.memory[1],
        "params": record.params,
        "hash": record.hash,
    });
    if full {
        value["trials"] = json!(record.trials);
    }
    value
}

pub(super) fn list(config: &Config, output: Output) -> Result<ExitCode, Failure> {
    let registry = registry(config);
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for id in registry.ids().map_err(failed)? {
        let promoted = registry.promoted(&id).map_err(failed)?;
        for version in registry.versions(&id).map_err(failed)? {
            let record = registry.get(&format!("{id}@{version}")).map_err(failed)?;
            let m = &record.metrics;
            rows.push(vec![
                format!("{id}@{version}{}", if promoted == Some(version) { " *" } else { "" }),
                format!("{:.3}", m.mae_ratio),
                format!("{:.3}", m.pinball_ratio),
                m.direction.map_or("-".into(), |d| format!("{:.1} %", 100.0 * d)),
                format!("{:.0} %", 100.0 * m.coverage),
                record.bars.iter().sum::<usize>().to_string(),
            ]);
            all.push(summary(&record, promoted, false));
        }
    }
    if output.json {
        terminal::answer(json!({ "v": 1, "models": all }));
    } else if rows.is_empty() {
        terminal::answer("no models yet; `tradewind model train` makes one");
    } else {
        let head = ["model (* promoted)", "MAE/naive", "pinball/naive", "direction", "coverage", "bars"];
        rows.insert(0, head.map(String::from).to_vec());
        terminal::answer(terminal::table(&rows));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn show(config: &Config, named: &Named) -> Result<ExitCode, Failure> {
    let registry = registry(config);
    let record = registry.get(&named.name).map_err(failed)?;
    let promoted = registry.promoted(&record.id).map_err(failed)?;
    let value = summary(&record, promoted, true);
    if named.output.json {
        terminal::answer(value);
    } else {
        terminal::answer(super::fit::readable(&value));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn promote(config: &Config, named: &Named) -> Result<ExitCode, Failure> {
    let record = registry(config).promote(&named.name).map_err(failed)?;
    if named.output.json {
        terminal::answer(json!({ "v": 1, "promoted": format!("{}@{}", record.id, record.version) }));
    } else {
        terminal::answer(format!(
            "{}@{} is promoted; {}",
            record.id,
            record.version,
            record.metrics.verdict()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn delete(config: &Config, named: &Named, force: bool) -> Result<ExitCode, Failure> {
    registry(config).delete(&named.name, force).map_err(failed)?;
    if named.output.json {
        terminal::answer(json!({ "v": 1, "deleted": named.name }));
    } else {
        terminal::answer(format!("{} is deleted", named.name));
    }
    Ok(ExitCode::SUCCESS)
}

/// A stored model with bars to hold it against.
fn with_bars(
    config: &Config,
    against: &Against,
) -> Result<(Record, forecast::market::Trained, forecast::market::Bars), Failure> {
    let record = registry(config).get(&against.name).map_err(failed)?;
    let damaged = || {
        failed(RegistryError::Damaged {
            path: against.name.clone(),
            why: "its numbers do not fit together".into(),
        })
    };
    let model = record.model().ok_or_else(damaged)?;
    let symbol = against.symbol.as_deref().unwrap_or(&record.request.symbols[0]);
    let days = against.days.unwrap_or(record.request.days);
    let bars = source(config, against.csv.as_deref()).bars(symbol, &record.request.interval, days).map_err(
        |why| Failure::new(Exit::Failed, format!("{symbol}: the bars cannot be used")).because(why),
    )?;
    Ok((record, model, bars))
}

pub(super) fn forecast(config: &Config, against: &Against) -> Result<ExitCode, Failure> {
    let (record, model, bars) = with_bars(config, against)?;
    let horizon = against.horizon.unwrap_or(record.request.horizon);
    let view = bars.view();
    let steps = model
        .forecast(view, horizon)
        .map_err(|e| Failure::new(Exit::Failed, "the model cannot forecast from these bars").because(e))?;
    let last = view.times.last().copied().unwrap_or(0.0);
    #[expect(clippy::cast_precision_loss, reason = "bars ahead")]
    let rows: Vec<Value> = steps
        .iter()
        .enumerate()
        .map(|(h, s)| {
            json!({ "t": (last + (h + 1) as f64 * view.step_s) * 1e3, "mean": s.mean, "low": s.low, "high": s.high })
        })
        .collect();
    let value = json!({
        "v": 1,
        "model": format!("{}@{}", record.id, record.version),
        "last": view.last(),
        "interval_share": forecast::market::INTERVAL,
        "note": record.metrics.verdict(),
        "forecast": rows,
    });
    terminal::answer(if against.output.json { value.to_string() } else { super::fit::readable(&value) });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn rescore(config: &Config, against: &Against) -> Result<ExitCode, Failure> {
    let (record, model, bars) = with_bars(config, against)?;
    let horizon = against.horizon.unwrap_or(record.request.horizon);
    let view = bars.view();
    // Only what came after the training says anything; without such bars the last fifth is scored, and that is said.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium")]
    let unseen = view.times.partition_point(|t| t * 1e3 <= record.to_ms as f64);
    let fresh = unseen + horizon <= view.len();
    let first = if fresh { unseen } else { view.len() * 4 / 5 };
    let report = score(&model, view, first.max(1), horizon)
        .map_err(|e| Failure::new(Exit::Failed, "the model cannot be scored on these bars").because(e))?;
    let metrics = training::Metrics::from(&report);
    let value = json!({
        "v": 1,
        "model": format!("{}@{}", record.id, record.version),
        "bars": view.len() - first,
        "after_training": fresh,
        "metrics": metrics,
        "verdict": if fresh { metrics.verdict() } else { "scored on bars it was trained on: says nothing about new ones" },
    });
    terminal::answer(if against.output.json { value.to_string() } else { super::fit::readable(&value) });
    Ok(ExitCode::SUCCESS)
}
