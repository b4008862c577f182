//! The built-in strategies in the API's words.

use api::{ParamBody, StrategyBody};
use strategy::{Description, Kind, Param, builtin};

/// All of them, by name.
pub(super) fn all() -> Vec<StrategyBody> {
    let mut all: Vec<_> = builtin::all().map(strategy).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn strategy(description: &Description) -> StrategyBody {
    StrategyBody {
        name: description.name.to_owned(),
        summary: description.idea.to_owned(),
        source: description.source.to_owned(),
        fails: description.fails.to_owned(),
        markets_min: description.instruments.min,
        markets_max: description.instruments.max,
        markets_doc: description.instruments.doc.to_owned(),
        params: description.params.iter().map(param).collect(),
    }
}

fn param(param: &Param) -> ParamBody {
    let mut body = ParamBody {
        name: param.name.to_owned(),
        doc: param.doc.to_owned(),
        kind: String::new(),
        min: None,
        max: None,
        default: String::new(),
        form: None,
        choices: Vec::new(),
    };
    let number = |min: String, max: String| (Some(min), Some(max));
    match param.kind {
        Kind::Whole { min, max, default } => {
            (body.min, body.max) = number(min.to_string(), max.to_string());
            (body.kind, body.default) = ("whole".to_owned(), default.to_string());
        }
        Kind::Real { min, max, default } => {
            (body.min, body.max) = number(min.to_string(), max.to_string());
            (body.kind, body.default) = ("real".to_owned(), default.to_string());
        }
        Kind::Amount { default } => {
            body.min = Some("0".to_owned());
            (body.kind, body.default) = ("amount".to_owned(), default.to_owned());
        }
        Kind::Text { default, form } => {
            body.form = Some(form.to_owned());
            (body.kind, body.default) = ("text".to_owned(), default.to_owned());
        }
        Kind::Choice { of } => {
            body.choices = of.iter().map(|&choice| choice.to_owned()).collect();
            (body.kind, body.default) =
                ("choice".to_owned(), of.first().copied().unwrap_or_default().to_owned());
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_one_that_can_be_given() {
        for strategy in all() {
            for param in &strategy.params {
                let place = format!("{} {}", strategy.name, param.name);
                match param.kind.as_str() {
                    "choice" => assert!(param.choices.contains(&param.default), "{place}"),
                    "whole" | "real" => {
                        let number = |text: &str| text.parse::<f64>().unwrap();
                        let (min, max) = (param.min.as_deref().unwrap(), param.max.as_deref().unwrap());
                        assert!((number(min)..=number(max)).contains(&number(&param.default)), "{place}");
                    }
                    kind => assert!(matches!(kind, "amount" | "text"), "{place}: {kind}"),
                }
                assert!(!param.doc.is_empty(), "{place}");
            }
        }
    }
}
