//! The parameters of a function, checked and complete.

use crate::function::{Function, Range};

/// A checked value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A whole number, or the number of a choice.
    Whole(i32),
    /// A real number.
    Real(f64),
}

impl Value {
    /// As a whole number; 0 for a real one.
    #[must_use]
    pub const fn whole(self) -> i32 {
        if let Self::Whole(value) = self { value } else { 0 }
    }

    /// As a length in bars.
    #[must_use]
    pub fn bars(self) -> u32 {
        u32::try_from(self.whole()).unwrap_or(0)
    }

    /// As a real number; 0 for a whole one.
    #[must_use]
    pub const fn real(self) -> f64 {
        if let Self::Real(value) = self { value } else { 0.0 }
    }
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// No such parameter.
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
    /// Outside its range.
    Invalid {
        /// Which.
        name: String,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
    /// Allowed one by one, but not together.
    Together,
}

impl std::fmt::Display for SettingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { name, known } if known.is_empty() => {
                write!(f, "there is no parameter {name:?}; this function has none")
            }
            Self::Unknown { name, known } => write!(f, "there is no parameter {name:?}; there are {known}"),
            Self::Twice { name } => write!(f, "parameter {name:?} is given twice"),
            Self::Invalid { name, given, allowed } => write!(f, "{name}={given} is not possible: {allowed}"),
            Self::Together => f.write_str("these parameters are not possible together"),
        }
    }
}
impl std::error::Error for SettingError {}

/// A function with all its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    function: Function,
    values: Vec<Value>,
    lookback: usize,
}

impl Settings {
    /// Reads `(name, value)` pairs; what is not given has its default.
    ///
    /// # Errors
    /// See [`SettingError`].
    pub fn parse(function: Function, pairs: &[(&str, &str)]) -> Result<Self, SettingError> {
        let params = function.params();
        for (at, (name, _)) in pairs.iter().enumerate() {
            if !params.iter().any(|p| p.name == *name) {
                let known: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
                return Err(SettingError::Unknown { name: (*name).to_owned(), known: known.join(", ") });
            }
            if pairs[..at].iter().any(|(before, _)| before == name) {
                return Err(SettingError::Twice { name: (*name).to_owned() });
            }
        }
        let values = params.iter().map(|param| {
            let given = pairs.iter().find(|(name, _)| *name == param.name).map(|(_, text)| *text);
            given.map_or_else(
                || Ok(default(param.range)),
                |text| {
                    read(param.range, text).map_err(|allowed| SettingError::Invalid {
                        name: param.name.clone(),
                        given: text.to_owned(),
                        allowed,
                    })
                },
            )
        });
        Self::new(function, values.collect::<Result<_, _>>()?)
    }

    /// With these values in the function's order, each within its range.
    ///
    /// # Errors
    /// [`SettingError::Together`] when TA-Lib does not have them.
    pub fn new(function: Function, values: Vec<Value>) -> Result<Self, SettingError> {
        let lookback = crate::batch::lookback(function, &values).ok_or(SettingError::Together)?;
        Ok(Self { function, values, lookback })
    }

    /// Which function.
    #[must_use]
    pub const fn function(&self) -> Function {
        self.function
    }

    /// Its values, in order.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Rows before the first value.
    #[must_use]
    pub const fn lookback(&self) -> usize {
        self.lookback
    }
}

pub(crate) fn default(range: Range) -> Value {
    match range {
        Range::Whole { default, .. } | Range::Choice { default, .. } => Value::Whole(narrow(default)),
        Range::Real { default, .. } => Value::Real(default),
    }
}

fn narrow(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn read(range: Range, text: &str) -> Result<Value, String> {
    match range {
        Range::Whole { min, max, default } => {
            let value = text.parse().ok().filter(|v| (min..=max).contains(v));
            value
                .map(|v| Value::Whole(narrow(v)))
                .ok_or_else(|| format!("a whole number from {min} to {max} (default {default})"))
        }
        Range::Real { min, max, default } => {
            let value = text.parse().ok().filter(|v| (min..=max).contains(v));
            value.map(Value::Real).ok_or_else(|| format!("a number from {min} to {max} (default {default})"))
        }
        Range::Choice { of, .. } => {
            let found = of.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
            found.map(|(number, _)| Value::Whole(narrow(*number))).ok_or_else(|| {
                let names: Vec<&str> = of.iter().map(|(_, name)| *name).collect();
                format!("one of {}", names.join(", "))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_has_its_default_and_errors_say_what_is_possible() {
        let bands = Function::find("BBANDS").unwrap();
        let settings = Settings::parse(bands, &[("time-period", "20"), ("ma-type", "ema")]).unwrap();
        assert_eq!(settings.values()[0], Value::Whole(20));
        assert_eq!(settings.values()[3], Value::Whole(1));
        assert_eq!(settings.lookback(), 19);
        let message = |pairs: &[(&str, &str)]| Settings::parse(bands, pairs).unwrap_err().to_string();
        assert!(message(&[("time-period", "0")]).contains("a whole number from 2 to 10000"));
        assert!(message(&[("period", "3")]).contains("there are time-period, nb-dev-up, nb-dev-dn, ma-type"));
        assert!(message(&[("ma-type", "xma")]).contains("one of SMA, EMA"));
        assert!(message(&[("nb-dev-up", "NaN")]).contains("a number from"));
    }
}
