//! Parameters from `name=value` texts: checked against their description, complete with defaults.

use types::decimal::{self, DecimalError};

use crate::{Description, Kind, Param};

/// Longest text of a parameter: a weight for each of sixteen instruments with room to spare.
const TEXT_LEN_MAX: usize = 256;

/// A checked value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Whole(i64),
    /// A real number.
    Real(f64),
    /// A decimal text that is a number not below zero.
    Amount(String),
    /// A choice, by its place in the list.
    Choice(usize),
    /// A text whose form the strategy checks.
    Text(String),
}

/// All parameters of a strategy, in the order of its description.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    description: &'static Description,
    values: Vec<Value>,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamError {
    /// No such parameter; the names there are.
    Unknown {
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
    /// Given twice.
    Twice {
        /// Which.
        name: String,
    },
    /// Not a value of its type or outside its range.
    Invalid {
        /// Which.
        name: &'static str,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
    /// Not for this instrument, or for another number of them.
    Setting {
        /// Why.
        why: String,
    },
}

impl std::fmt::Display for ParamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { name, known } => write!(f, "there is no parameter {name:?}; there are {known}"),
            Self::Twice { name } => write!(f, "parameter {name:?} is given twice"),
            Self::Invalid { name, given, allowed } => write!(f, "{name}={given} is not possible: {allowed}"),
            Self::Setting { why } => f.write_str(why),
        }
    }
}
impl std::error::Error for ParamError {}

impl Params {
    /// Reads `(name, value)` pairs.
    ///
    /// # Errors
    /// See [`ParamError`].
    pub fn parse(description: &'static Description, pairs: &[(&str, &str)]) -> Result<Self, ParamError> {
        for (i, (name, _)) in pairs.iter().enumerate() {
            if !description.params.iter().any(|p| p.name == *name) {
                let known: Vec<&str> = description.params.iter().map(|p| p.name).collect();
                return Err(ParamError::Unknown { name: (*name).to_owned(), known: known.join(", ") });
            }
            if pairs[..i].iter().any(|(before, _)| before == name) {
                return Err(ParamError::Twice { name: (*name).to_owned() });
            }
        }
        let value = |param: &Param| {
            let given = pairs.iter().find(|(name, _)| *name == param.name).map(|(_, value)| *value);
            given.map_or_else(|| Ok(default(param)), |text| read(param, text))
        };
        Ok(Self { description, values: description.params.iter().map(value).collect::<Result<_, _>>()? })
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.description.params.iter().map(|p| p.name).zip(&self.values)
    }

    /// A whole number; 0 if there is no such parameter (a strategy asks only for its own).
    #[must_use]
    pub fn whole(&self, name: &str) -> i64 {
        if let Some(Value::Whole(v)) = self.get(name) { *v } else { 0 }
    }

    /// A real number; 0 if there is no such parameter.
    #[must_use]
    pub fn real(&self, name: &str) -> f64 {
        if let Some(Value::Real(v)) = self.get(name) { *v } else { 0.0 }
    }

    /// The place of a choice; 0 if there is no such parameter.
    #[must_use]
    pub fn choice(&self, name: &str) -> usize {
        if let Some(Value::Choice(v)) = self.get(name) { *v } else { 0 }
    }

    /// The text of a choice; empty if there is no such parameter.
    #[must_use]
    pub fn chosen(&self, name: &str) -> &'static str {
        let Some(param) = self.description.params.iter().find(|p| p.name == name) else { return "" };
        if let Kind::Choice { of } = param.kind { of[self.choice(name)] } else { "" }
    }

    /// A text; empty if there is no such parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        if let Some(Value::Text(text)) = self.get(name) { text } else { "" }
    }

    /// An amount at `scale`.
    ///
    /// # Errors
    /// When it has more decimals than the scale or is out of range.
    pub fn amount(&self, name: &'static str, scale: u8) -> Result<i64, ParamError> {
        let text = if let Some(Value::Amount(text)) = self.get(name) { text.as_str() } else { "0" };
        decimal::parse_unsigned(text, scale).map_err(|error| {
            let allowed = match error {
                DecimalError::TooPrecise => format!("at most {scale} decimals"),
                DecimalError::Malformed | DecimalError::OutOfRange => "a decimal number from 0".to_owned(),
            };
            ParamError::Invalid { name, given: text.to_owned(), allowed }
        })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

fn default(param: &Param) -> Value {
    match param.kind {
        Kind::Whole { default, .. } => Value::Whole(default),
        Kind::Real { default, .. } => Value::Real(default),
        Kind::Amount { default } => Value::Amount(default.to_owned()),
        Kind::Choice { .. } => Value::Choice(0),
        Kind::Text { default, .. } => Value::Text(default.to_owned()),
    }
}

fn read(param: &Param, text: &str) -> Result<Value, ParamError> {
    let invalid = |allowed: String| ParamError::Invalid { name: param.name, given: text.to_owned(), allowed };
    match param.kind {
        Kind::Whole { min, max, default } => {
            let value = text.parse().ok().filter(|v| (min..=max).contains(v));
            value
                .map(Value::Whole)
                .ok_or_else(|| invalid(format!("a whole number from {min} to {max} (default {default})")))
        }
        Kind::Real { min, max, default } => {
            let value = text.parse().ok().filter(|v| (min..=max).contains(v));
            value
                .map(Value::Real)
                .ok_or_else(|| invalid(format!("a number from {min} to {max} (default {default})")))
        }
        Kind::Amount { default } => match decimal::parse(text, types::instrument::SCALE_MAX) {
            Ok(value) if value >= 0 => Ok(Value::Amount(text.to_owned())),
            _ => Err(invalid(format!("a decimal number from 0 (default {default})"))),
        },
        Kind::Choice { of } => {
            let at = of.iter().position(|choice| *choice == text);
            at.map(Value::Choice).ok_or_else(|| invalid(format!("one of {}", of.join(", "))))
        }
        Kind::Text { form, .. } if text.len() > TEXT_LEN_MAX => {
            Err(invalid(format!("{form}, at most {TEXT_LEN_MAX} characters")))
        }
        Kind::Text { .. } => Ok(Value::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTION: Description = Description {
        name: "test",
        idea: "",
        source: "",
        fails: "",
        instruments: crate::Instruments::ONE,
        params: &[
            Param { name: "n", doc: "", kind: Kind::Whole { min: 1, max: 9, default: 3 } },
            Param { name: "share", doc: "", kind: Kind::Real { min: 0.0, max: 1.0, default: 0.5 } },
            Param { name: "qty", doc: "", kind: Kind::Amount { default: "1" } },
            Param { name: "seed", doc: "", kind: Kind::Choice { of: &["mean", "first"] } },
        ],
    };

    #[test]
    fn defaults_fill_what_is_not_given() {
        let params = Params::parse(&DESCRIPTION, &[("n", "7"), ("seed", "first"), ("qty", "0.25")]).unwrap();
        assert_eq!(
            (params.whole("n"), params.choice("seed"), params.amount("qty", 8)),
            (7, 1, Ok(25_000_000))
        );
        assert!((params.real("share") - 0.5).abs() < 1e-12);
    }

    #[test]
    fn errors_say_what_is_possible() {
        let message = |pairs: &[(&str, &str)]| Params::parse(&DESCRIPTION, pairs).unwrap_err().to_string();
        assert_eq!(message(&[("m", "1")]), "there is no parameter \"m\"; there are n, share, qty, seed");
        assert_eq!(message(&[("n", "10")]), "n=10 is not possible: a whole number from 1 to 9 (default 3)");
        assert_eq!(
            message(&[("share", "NaN")]),
            "share=NaN is not possible: a number from 0 to 1 (default 0.5)"
        );
        assert_eq!(message(&[("qty", "-1")]), "qty=-1 is not possible: a decimal number from 0 (default 1)");
        assert_eq!(message(&[("seed", "x")]), "seed=x is not possible: one of mean, first");
        assert_eq!(message(&[("n", "1"), ("n", "2")]), "parameter \"n\" is given twice");
        let params = Params::parse(&DESCRIPTION, &[("qty", "0.123")]).unwrap();
        assert!(params.amount("qty", 2).unwrap_err().to_string().contains("at most 2 decimals"));
    }
}
