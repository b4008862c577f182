//! `tradewind strategy list|show`: the built-in strategies for people and scripts.

use std::process::ExitCode;

use serde_json::{Value, json};
use strategy::{Description, Kind, Param, builtin};

use crate::cli::strategy::Strategy;
use crate::config::closest;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, table};

/// Answers from the program alone; no data directory is looked at.
pub(crate) fn run(command: &Strategy) -> Result<ExitCode, Failure> {
    match command {
        Strategy::List(output) if output.json => {
            let rows: Vec<Value> = builtin::all().map(to_json).collect();
            answer(json!({ "v": 1, "strategies": rows }));
        }
        Strategy::List(_) => {
            let mut rows = vec![["strategy", "instruments", "idea"].map(str::to_owned).to_vec()];
            rows.extend(builtin::all().map(|d| vec![d.name.to_owned(), number(d), d.idea.to_owned()]));
            answer(table(&rows));
        }
        Strategy::Show { name, output } => {
            let description = builtin::describe(name).ok_or_else(|| unknown(name))?;
            if output.json {
                let mut value = to_json(description);
                value["v"] = json!(1);
                answer(value);
            } else {
                show(description);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("there is no strategy {name:?}"));
    match closest(name, builtin::all().map(|d| d.name)) {
        Some(near) => failure.advise(format!("did you mean {near}? `tradewind strategy list` shows all")),
        None => failure.advise("`tradewind strategy list` shows all"),
    }
}

fn number(description: &Description) -> String {
    let wanted = description.instruments;
    if wanted.min == wanted.max {
        wanted.min.to_string()
    } else {
        format!("{} to {}", wanted.min, wanted.max)
    }
}

fn to_json(description: &Description) -> Value {
    let wanted = description.instruments;
    let params: Vec<Value> = description.params.iter().map(param_json).collect();
    json!({
        "name": description.name,
        "idea": description.idea,
        "source": description.source,
        "fails": description.fails,
        "instruments": { "min": wanted.min, "max": wanted.max, "doc": wanted.doc },
        "params": params,
    })
}

fn param_json(param: &Param) -> Value {
    let mut value = match param.kind {
        Kind::Whole { min, max, default } => {
            json!({ "type": "whole", "min": min, "max": max, "default": default })
        }
        Kind::Real { min, max, default } => {
            json!({ "type": "real", "min": min, "max": max, "default": default })
        }
        Kind::Amount { default } => json!({ "type": "amount", "min": "0", "default": default }),
        Kind::Text { default, form } => json!({ "type": "text", "form": form, "default": default }),
        Kind::Choice { of } => json!({ "type": "choice", "of": of, "default": of.first() }),
    };
    value["name"] = json!(param.name);
    value["doc"] = json!(param.doc);
    value
}

fn show(description: &Description) {
    answer(format!("{}: {}", description.name, description.idea));
    answer(format!("source:      {}", description.source));
    answer(format!("fails:       {}", description.fails));
    answer(format!("instruments: {} ({})", number(description), description.instruments.doc));
    let mut rows = vec![["parameter", "range", "default", ""].map(str::to_owned).to_vec()];
    rows.extend(description.params.iter().map(|param| {
        let (range, default) = match param.kind {
            Kind::Whole { min, max, default } => (format!("{min} to {max}"), default.to_string()),
            Kind::Real { min, max, default } => (format!("{min} to {max}"), default.to_string()),
            Kind::Amount { default } => ("from 0".to_owned(), default.to_owned()),
            Kind::Text { default, form } => (form.to_owned(), default.to_owned()),
            Kind::Choice { of } => (of.join(" "), of.first().copied().unwrap_or_default().to_owned()),
        };
        vec![param.name.to_owned(), range, default, param.doc.to_owned()]
    }));
    answer(table(&rows));
}
