//! `tradewind indicator compute`: any function of TA-Lib on imported bars, streamed bar by bar as strategies hear it.
//!
//! What a function reads of a bar: `indicators::Rows`. Floats: a signal, never money.

use archive::{Archive, Span};
use indicators::{Rows, Settings, Stream};
use serde_json::{Value, json};
use types::Interval;

use crate::cli::indicator::Compute;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, table};

/// One value of each output.
struct Row {
    /// The bar's close: when the value was known.
    at: types::Time,
    values: Vec<f64>,
}

pub(super) fn compute(config: &Config, options: &Compute) -> Result<(), Failure> {
    let settings = settings(options)?;
    let function = settings.function();
    let interval = Interval::parse(&options.interval).ok_or_else(|| {
        let all = Interval::ALL.map(Interval::as_str).join(", ");
        Failure::new(Exit::Usage, format!("--interval {} is not possible", options.interval))
            .because("there is no such length")
            .advise(format!("give one of {all}"))
    })?;
    let archive = Archive::open(&config.data_dir.join("archive"));
    let failed = |error: archive::Error| {
        Failure::new(Exit::Failed, "the imported data cannot be used").because(&error).advise(error.advice())
    };
    let id = archive.find(&options.symbol).map_err(failed)?;
    let scales = archive.listing(id).map_err(failed)?.scales;
    let reads = Rows::new(function, scales.price, scales.base);
    let mut stream = Stream::new(&settings);
    let outputs: Vec<String> = function.outputs().into_iter().map(|output| output.name).collect();
    let mut rows: Vec<Row> = Vec::new();
    for bar in archive.bars(id, interval, Span::ALL).map_err(failed)? {
        let bar = bar.map_err(failed)?;
        let (row, width) = reads.of(&bar);
        let values = stream.update(&row[..width]).map_err(|error| {
            Failure::new(Exit::Failed, format!("{} cannot be computed", function.name())).because(error)
        })?;
        let at = bar.interval.next(bar.open_time);
        rows.extend(values.map(|values| Row { at, values: values[..outputs.len()].to_vec() }));
    }
    let from = rows.len().saturating_sub(options.last);
    if options.output.json {
        answer(json!({
            "v": 1,
            "indicator": function.name(),
            "settings": settings.to_string(),
            "instrument": id.to_string(),
            "interval": interval.as_str(),
            "lookback": settings.lookback(),
            "values": rows.len(),
            "rows": rows[from..].iter().map(|row| to_json(row, &outputs)).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    let head = std::iter::once("known at".to_owned()).chain(outputs.iter().cloned()).collect();
    let line = |row: &Row| {
        std::iter::once(row.at.rfc3339()).chain(row.values.iter().map(|v| format!("{v:.6}"))).collect()
    };
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows[from..].iter().map(line)).collect();
    answer(table(&lines));
    Ok(())
}

/// `RSI`, `RSI(14)`, or `RSI` with `--param time-period=14`.
fn settings(options: &Compute) -> Result<Settings, Failure> {
    let named = Settings::named(&options.name).map_err(|error| {
        Failure::new(Exit::Usage, format!("{} cannot be computed", options.name))
            .because(error)
            .advise("`tradewind indicator list` shows all, `tradewind indicator show NAME` one's parameters")
    })?;
    if options.params.is_empty() {
        return Ok(named);
    }
    let function = named.function();
    let usage = |what: String, why: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, what)
            .because(why)
            .advise(format!("`tradewind indicator show {}` shows its parameters", function.name()))
    };
    if options.name.contains('(') {
        let what = format!("{} has its parameters already", options.name);
        return Err(usage(what, &"they stand in brackets or as --param, not both"));
    }
    let mut pairs = Vec::new();
    for text in &options.params {
        let pair = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
        pairs.push(
            pair.ok_or_else(|| usage(format!("--param {text} is not possible"), &"it is not NAME=VALUE"))?,
        );
    }
    Settings::parse(function, &pairs)
        .map_err(|error| usage(format!("{} cannot be computed", function.name()), &error))
}

fn to_json(row: &Row, outputs: &[String]) -> Value {
    let mut value = json!({ "t": row.at.millis() });
    for (name, number) in outputs.iter().zip(&row.values) {
        value[name] = json!(number);
    }
    value
}
