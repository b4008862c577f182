//! `tradewind model fit`: one column of a file, one model, the answer in full; nothing is stored.

use std::process::ExitCode;

use forecast::Series;
use serde_json::{Value, json};

use super::csv::Table;
use super::{arima, ets, lstm, prophet, times};
use crate::cli::model::{Algorithm, Fit};
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Names that a column of values has when nobody says which.
const VALUES: &[&str] = &["close", "value", "y"];
/// Names that a column of times has when nobody says which.
const TIMES: &[&str] = &["ds", "ts", "time", "timestamp", "date", "datetime", "t", "open_time"];

pub(crate) fn run(options: &Fit) -> Result<ExitCode, Failure> {
    refuse_foreign(options)?;
    let mut table = Table::read(&options.file)?;
    if let Some(rows) = options.rows {
        table.truncate(rows);
    }
    let answer = match options.algorithm {
        Algorithm::Arima => arima::run(options, &table)?,
        Algorithm::Prophet => prophet::run(options, &table)?,
        Algorithm::Lstm => lstm::run(options, &table)?,
        Algorithm::Ets => ets::run(options, &table)?,
    };
    if options.output.json {
        terminal::answer(answer);
    } else {
        terminal::answer(readable(&answer));
    }
    Ok(ExitCode::SUCCESS)
}

/// Options of another algorithm are a mistake, not noise.
fn refuse_foreign(options: &Fit) -> Result<(), Failure> {
    let a = &options.arima;
    let arima = [
        ("--order", !a.order.is_empty()),
        ("--seasonal", !a.seasonal.is_empty()),
        ("--mean", a.mean),
        ("--drift", a.drift),
        ("--at", !a.at.is_empty()),
    ];
    let p = &options.prophet;
    let prophet = [
        ("--growth", p.growth.is_some()),
        ("--changepoints", p.changepoints.is_some()),
        ("--changepoint-range", p.changepoint_range.is_some()),
        ("--changepoint-prior-scale", p.changepoint_prior_scale.is_some()),
        ("--seasonality-mode", p.seasonality_mode.is_some()),
        ("--seasonality-prior-scale", p.seasonality_prior_scale.is_some()),
        ("--yearly", p.yearly.is_some()),
        ("--weekly", p.weekly.is_some()),
        ("--daily", p.daily.is_some()),
        ("--seasonality", !p.seasonality.is_empty()),
        ("--holidays", p.holidays.is_some()),
        ("--holidays-prior-scale", p.holidays_prior_scale.is_some()),
        ("--regressor", !p.regressor.is_empty()),
        ("--interval-width", p.interval_width.is_some()),
        ("--samples", p.samples.is_some()),
        ("--step", p.step.is_some()),
    ];
    let n = &options.lstm;
    let lstm = [
        ("--init", n.init.is_some()),
        ("--hidden", n.hidden.is_some()),
        ("--layers", n.layers.is_some()),
        ("--window", n.window.is_some()),
        ("--epochs", n.epochs.is_some()),
        ("--batch", n.batch.is_some()),
        ("--rate", n.rate.is_some()),
        ("--clip", n.clip.is_some()),
        ("--train", n.train.is_some()),
        ("--shuffle", n.shuffle),
    ];
    let groups: [(&[(&str, bool)], Algorithm); 3] =
        [(&arima, Algorithm::Arima), (&prophet, Algorithm::Prophet), (&lstm, Algorithm::Lstm)];
    let others = groups.iter().filter(|(_, algorithm)| *algorithm != options.algorithm);
    match others.flat_map(|(list, _)| list.iter()).find(|o| o.1) {
        Some((name, _)) => {
            Err(Failure::new(Exit::Usage, format!("{name} is not an option of this algorithm"))
                .advise("leave it out, or choose the other --algorithm"))
        }
        None => Ok(()),
    }
}

/// The place of the values.
pub(super) fn value_column(options: &Fit, table: &Table) -> Result<usize, Failure> {
    if let Some(name) = &options.column {
        return table.column(name);
    }
    if let Some(found) = VALUES.iter().find_map(|name| table.find(name)) {
        return Ok(found);
    }
    let time = time_column(options, table)?;
    let mut rest = (0..table.names.len()).filter(|c| Some(*c) != time);
    match (rest.next(), rest.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Failure::new(Exit::Usage, format!("which column of {}?", table.name()))
            .advise(format!("name one with --column: {}", table.names.join(", ")))),
    }
}

/// The place of the times, if there are any.
pub(super) fn time_column(options: &Fit, table: &Table) -> Result<Option<usize>, Failure> {
    match &options.time_column {
        Some(name) => table.column(name).map(Some),
        None => {
            Ok(TIMES.iter().find_map(|name| table.names.iter().position(|n| n.eq_ignore_ascii_case(name))))
        }
    }
}

/// Seconds since 1970 of every row, rising.
pub(super) fn row_times(table: &Table, column: usize) -> Result<Vec<f64>, Failure> {
    let parsed = times::parse(table.texts(column)).map_err(|(row, text)| {
        let what = format!("{}, line {}: {text:?} is not a time", table.name(), table.line(row));
        Failure::new(Exit::Failed, what)
            .because(format!("column {:?} must hold times", table.names[column]))
            .advise("write dates like 2022-01-31, date-times like 2022-01-31T12:30:00Z, or seconds or ms since 1970")
    })?;
    match parsed.windows(2).position(|w| w[1] <= w[0]) {
        None => Ok(parsed),
        Some(row) => {
            let line = table.line(row + 1);
            let what = format!("{}, line {line}: the time is not later than the one before", table.name());
            Err(Failure::new(Exit::Failed, what)
                .because("a forecast needs its values in the order in which they happened")
                .advise("sort the file by time, oldest first, each time once"))
        }
    }
}

/// The values with logarithm and scale as asked, `NaN` where missing.
pub(super) fn values(options: &Fit, table: &Table) -> Result<Vec<f64>, Failure> {
    let column = value_column(options, table)?;
    let mut values = table.numbers(column)?;
    if options.log {
        if let Some(row) = values.iter().position(|v| *v <= 0.0) {
            let line = table.line(row);
            return Err(Failure::new(Exit::Failed, format!("{}, line {line}: no logarithm", table.name()))
                .because(format!("{} is not above zero", values[row]))
                .advise("leave --log out, or model values above zero"));
        }
        values.iter_mut().for_each(|v| *v = v.ln());
    }
    if let Some(factor) = options.scale {
        if !(factor.is_finite() && factor != 0.0) {
            return Err(Failure::new(Exit::Usage, "--scale must be a number other than 0"));
        }
        values.iter_mut().for_each(|v| *v *= factor);
    }
    Ok(values)
}

/// A checked series.
pub(super) fn series(values: Vec<f64>) -> Result<Series, Failure> {
    Series::new(values).map_err(|e| Failure::new(Exit::Failed, "the column cannot be modelled").because(e))
}

/// CPU seconds of this thread that `work` takes, and its result.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = cpu();
    let result = work();
    (cpu() - before, result)
}

fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of CPU time are far below 2^53")]
    let (seconds, nanos) = (now.tv_sec as f64, now.tv_nsec as f64);
    seconds + nanos / 1e9
}

/// A finite number, or null.
pub(super) fn finite(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

/// The answer for people: single values as lines, the forecast as a table.
pub(super) fn readable(answer: &Value) -> String {
    let mut lines = Vec::new();
    for (name, value) in answer.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) => {
                let parts: Vec<String> = inner.iter().map(|(k, v)| format!("{k}={}", short(v))).collect();
                lines.push(format!("{name}: {}", parts.join("  ")));
            }
            Value::Array(list) if list.first().is_some_and(Value::is_object) => {
                let names: Vec<String> =
                    list[0].as_object().into_iter().flatten().map(|(k, _)| k.clone()).collect();
                let mut rows = vec![std::iter::once("step".to_owned()).chain(names.clone()).collect()];
                rows.extend(list.iter().enumerate().map(|(n, row)| {
                    std::iter::once((n + 1).to_string())
                        .chain(names.iter().map(|k| short(&row[k])))
                        .collect::<Vec<_>>()
                }));
                lines.push(format!("{name}:\n{}", terminal::table(&rows)));
            }
            Value::Array(list) if list.len() > 12 => lines.push(format!("{name}: {} values", list.len())),
            Value::Array(list) => {
                lines.push(format!("{name}: {}", list.iter().map(short).collect::<Vec<_>>().join(", ")));
            }
            other => lines.push(format!("{name}: {}", short(other))),
        }
    }
    lines.join("\n")
}

fn short(value: &Value) -> String {
    match value {
        Value::Number(n) if n.is_f64() => {
            let v = n.as_f64().unwrap_or(f64::NAN);
            if v.abs() >= 1e9 && v.fract() == 0.0 {
                return format!("{v:.0}");
            }
            if v != 0.0 && !(1e-3..1e9).contains(&v.abs()) { format!("{v:.4e}") } else { format!("{v:.6}") }
        }
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}
