//! `tradewind indicator list|show|compute`: the registry of technical indicators for people and scripts.

mod compute;

use std::process::ExitCode;

use indicators::{Function, Memory, Param, Range, Settings, Stream};
use serde_json::{Value, json};

use crate::cli::indicator::Indicator;
use crate::config::{Config, closest};
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, table};

/// `list` and `show` answer from the program alone; no data directory is looked at.
pub(crate) fn run(config: &Config, command: &Indicator) -> Result<ExitCode, Failure> {
    match command {
        Indicator::List { text, output } => {
            let found: Vec<Function> =
                Function::all().filter(|f| text.as_deref().is_none_or(|t| mentions(*f, t))).collect();
            if output.json {
                let rows: Vec<Value> = found.iter().map(|f| brief(*f)).collect();
                answer(json!({ "v": 1, "indicators": rows }));
            } else {
                list(&found);
            }
        }
        Indicator::Show { name, output } => {
            let function = Function::find(name).ok_or_else(|| unknown(name))?;
            if output.json {
                answer(to_json(function));
            } else {
                show(function);
            }
        }
        Indicator::Compute(options) => compute::compute(config, options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn mentions(function: Function, text: &str) -> bool {
    let text = text.to_lowercase();
    [function.name(), function.group(), function.doc()]
        .iter()
        .any(|words| words.to_lowercase().contains(&text))
}

fn unknown(name: &str) -> Failure {
    let names: Vec<&str> = Function::all().map(Function::name).collect();
    let failure = Failure::new(Exit::Usage, format!("there is no indicator {name:?}"));
    match closest(&name.to_uppercase(), names.iter().copied()) {
        Some(near) => failure.advise(format!("did you mean {near}? `tradewind indicator list` shows all")),
        None => failure.advise("`tradewind indicator list` shows all"),
    }
}

fn list(found: &[Function]) {
    let mut groups: Vec<&str> = found.iter().map(|f| f.group()).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let members: Vec<&Function> = found.iter().filter(|f| f.group() == group).collect();
        answer(format!("{group} ({})", members.len()));
        let rows: Vec<Vec<String>> =
            members.iter().map(|f| vec![format!("  {}", f.name()), f.doc().to_owned()]).collect();
        answer(table(&rows));
    }
    if found.is_empty() {
        answer("no indicator mentions this");
    }
}

fn brief(function: Function) -> Value {
    json!({ "name": function.name(), "group": function.group(), "doc": function.doc() })
}

/// Rows before the first value, and how a stream's state is kept, both with default parameters.
fn defaults(function: Function) -> Option<(usize, Memory)> {
    let settings = Settings::parse(function, &[]).ok()?;
    Some((settings.lookback(), Stream::new(&settings).memory()))
}

fn kept(memory: Memory) -> String {
    match memory {
        Memory::State => "its state".to_owned(),
        Memory::Window { rows } => format!("its last {rows} rows"),
        Memory::WholeWindow { rows } => {
            format!("its last {rows} rows while all values are whole numbers, else all rows")
        }
        Memory::Past => format!("all its rows, at most {}", indicators::limits::ROWS_MAX),
    }
}

fn to_json(function: Function) -> Value {
    let inputs: Vec<&str> = function.inputs().into_iter().map(indicators::Input::name).collect();
    let outputs: Vec<Value> =
        function.outputs().into_iter().map(|o| json!({ "name": o.name, "whole": o.is_whole })).collect();
    let params: Vec<Value> = function.params().iter().map(param_json).collect();
    let mut value = brief(function);
    value["v"] = json!(1);
    value["inputs"] = json!(inputs);
    value["params"] = json!(params);
    value["outputs"] = json!(outputs);
    if let Some((lookback, memory)) = defaults(function) {
        value["lookback"] = json!(lookback);
        value["snapshot"] = json!(kept(memory));
    }
    value
}

fn param_json(param: &Param) -> Value {
    let mut value = match param.range {
        Range::Whole { min, max, default } => {
            json!({ "type": "whole", "min": min, "max": max, "default": default })
        }
        Range::Real { min, max, default } => {
            json!({ "type": "real", "min": min, "max": max, "default": default })
        }
        Range::Choice { of, default } => {
            let names: Vec<&str> = of.iter().map(|(_, name)| *name).collect();
            let chosen = of.iter().find(|(number, _)| *number == default).map(|(_, name)| *name);
            json!({ "type": "choice", "of": names, "default": chosen })
        }
    };
    value["name"] = json!(param.name);
    value["doc"] = json!(param.doc);
    value
}

fn show(function: Function) {
    answer(format!("{}: {} ({})", function.name(), function.doc(), function.group()));
    let names: Vec<&str> = function.inputs().into_iter().map(indicators::Input::name).collect();
    answer(format!("inputs:   {}", names.join(", ")));
    let outputs: Vec<String> = function.outputs().into_iter().map(|o| o.name).collect();
    answer(format!("outputs:  {}", outputs.join(", ")));
    if let Some((lookback, memory)) = defaults(function) {
        answer(format!("lookback: {lookback} rows before the first value, with default parameters"));
        answer(format!("snapshot: keeps {}", kept(memory)));
    }
    let params = function.params();
    if params.is_empty() {
        return answer("no parameters");
    }
    let mut rows = vec![["parameter", "range", "default", ""].map(str::to_owned).to_vec()];
    rows.extend(params.iter().map(|param| {
        let (range, default) = match param.range {
            Range::Whole { min, max, default } => (format!("{min} to {max}"), default.to_string()),
            Range::Real { min, max, default } => (format!("{min} to {max}"), default.to_string()),
            Range::Choice { of, default } => {
                let chosen = of.iter().find(|(number, _)| *number == default).map_or("", |(_, name)| *name);
                let names: Vec<&str> = of.iter().map(|(_, name)| *name).collect();
                (names.join(" "), chosen.to_owned())
            }
        };
        vec![param.name.clone(), range, default, param.doc.to_owned()]
    }));
    answer(table(&rows));
}
