//! A function with its parameters as people write it: `RSI(14)`, `bbands(20, 2, 2, EMA)`, `MACD(fast-period=8)`, `OBV`.
//!
//! Values stand in the function's order or by name; what is not given has its default. [`Settings`] prints itself as the complete
//! form, which reads back as the same settings.

use std::fmt;

use crate::function::{Function, Range};
use crate::settings::{SettingError, Settings, Value};

/// Why a text names no function with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing where a name is wanted.
    Empty,
    /// A bracket without its other half, or something after the last one.
    Brackets {
        /// What was given.
        given: String,
    },
    /// No such function.
    Unknown {
        /// What was given.
        given: String,
        /// The name that begins most like it.
        near: Option<&'static str>,
    },
    /// More values than the function has parameters.
    TooMany {
        /// Which function.
        function: &'static str,
        /// How many it has, by name.
        known: String,
    },
    /// A parameter that is not possible.
    Setting {
        /// Which function.
        function: &'static str,
        /// What is wrong.
        error: SettingError,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the name of an indicator is wanted, like RSI(14)"),
            Self::Brackets { given } => {
                write!(f, "{given:?} has brackets that do not fit; an indicator looks like RSI(14)")
            }
            Self::Unknown { given, near: Some(near) } => {
                write!(f, "there is no indicator {given:?}; did you mean {near}?")
            }
            Self::Unknown { given, near: None } => write!(f, "there is no indicator {given:?}"),
            Self::TooMany { function, known } if known.is_empty() => {
                write!(f, "{function} has no parameters")
            }
            Self::TooMany { function, known } => {
                write!(f, "{function} has no more parameters than {known}")
            }
            Self::Setting { function, error } => write!(f, "{function}: {error}"),
        }
    }
}
impl std::error::Error for NameError {}

impl Function {
    /// The function whose name begins most like `name`, by two letters at least.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        let alike = |f: &Self| {
            let pairs = f.name().bytes().zip(name.bytes());
            pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
        };
        let most = Self::all().max_by_key(|f| (alike(f), usize::MAX - f.name().len()))?;
        (alike(&most) >= 2).then_some(most)
    }
}

impl Settings {
    /// Reads one function with its parameters.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn named(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let (name, list) = match text.split_once('(') {
            None => (text, ""),
            Some((name, rest)) => {
                let list = rest.strip_suffix(')').filter(|list| !list.contains(['(', ')']));
                (name.trim_end(), list.ok_or_else(|| NameError::Brackets { given: text.to_owned() })?)
            }
        };
        if name.contains(')') {
            return Err(NameError::Brackets { given: text.to_owned() });
        }
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        let function = Function::find(name).ok_or_else(|| NameError::Unknown {
            given: name.to_owned(),
            near: Function::nearest(name).map(Function::name),
        })?;
        let params = function.params();
        let values = list.split(',').map(str::trim).filter(|_| !list.trim().is_empty());
        let mut pairs = Vec::new();
        for (at, value) in values.enumerate() {
            if let Some((name, value)) = value.split_once('=') {
                pairs.push((name.trim_end(), value.trim_start()));
                continue;
            }
            let param = params.get(at).ok_or_else(|| {
                let known: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
                NameError::TooMany { function: function.name(), known: known.join(", ") }
            })?;
            pairs.push((param.name.as_str(), value));
        }
        Self::parse(function, &pairs).map_err(|error| NameError::Setting { function: function.name(), error })
    }

    /// Reads several, separated by commas outside of brackets.
    ///
    /// # Errors
    /// The first that is no function with its parameters.
    pub fn list(text: &str) -> Result<Vec<Self>, NameError> {
        let mut depth = 0_i32;
        let parts = text.split(|letter| {
            depth += match letter {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            letter == ',' && depth <= 0
        });
        parts.map(Self::named).collect()
    }
}

/// The complete form: `BBANDS(20,2,2,EMA)`, `OBV`.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function().name())?;
        let params = self.function().params();
        for (at, (value, param)) in self.values().iter().zip(&params).enumerate() {
            f.write_str(if at == 0 { "(" } else { "," })?;
            match (value, param.range) {
                (Value::Whole(number), Range::Choice { of, .. }) => {
                    let chosen = of.iter().find(|(n, _)| *n == i64::from(*number));
                    f.write_str(chosen.map_or("?", |(_, name)| name))?;
                }
                (Value::Whole(number), _) => write!(f, "{number}")?,
                (Value::Real(number), _) => write!(f, "{number}")?,
            }
        }
        f.write_str(if params.is_empty() { "" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        for (text, want) in [
            ("RSI(14)", "RSI(14)"),
            ("rsi", "RSI(14)"),
            (" macd ( 8 , 21 , 5 ) ", "MACD(8,21,5)"),
            ("BBANDS(20,2.5,2.5,ema)", "BBANDS(20,2.5,2.5,EMA)"),
            ("BBANDS(ma-type=wma)", "BBANDS(20,2,2,WMA)"),
            ("MACD(8, signal-period=4)", "MACD(8,26,4)"),
            ("OBV", "OBV"),
            ("obv()", "OBV"),
        ] {
            let settings = Settings::named(text).unwrap();
            assert_eq!(settings.to_string(), want, "{text}");
            assert_eq!(Settings::named(want).unwrap(), settings);
        }
        for function in Function::all() {
            let plain = Settings::parse(function, &[]).unwrap();
            assert_eq!(Settings::named(&plain.to_string()).unwrap(), plain, "{plain}");
        }
    }

    #[test]
    fn a_list_is_split_outside_of_brackets() {
        let list = Settings::list("SMA(20), MACD(12,26,9) ,RSI").unwrap();
        let names: Vec<String> = list.iter().map(Settings::to_string).collect();
        assert_eq!(names, ["SMA(20)", "MACD(12,26,9)", "RSI(14)"]);
        for text in ["", ",", "RSI,", "RSI(14,", "RSI)14(", "RSI(14)x", "RSI((14))", "(14)"] {
            assert!(Settings::list(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_possible() {
        let message = |text: &str| Settings::named(text).unwrap_err().to_string();
        assert_eq!(message("RSJ(3)"), "there is no indicator \"RSJ\"; did you mean RSI?");
        assert_eq!(message("nothingness"), "there is no indicator \"nothingness\"");
        assert!(message("RSI(1)").contains("time-period=1 is not possible: a whole number from 2 to 10000"));
        assert!(
            message("RSI(2,3)").contains("no more parameters than time-period"),
            "{}",
            message("RSI(2,3)")
        );
        assert!(message("OBV(3)").contains("OBV has no parameters"));
        assert!(message("RSI(14").contains("brackets"));
        assert!(message("RSI(period=3)").contains("there are time-period"));
        assert!(message("RSI(3, time-period=4)").contains("given twice"));
    }
}
