//! What there is: TA-Lib's functions by name, with their inputs, parameters and outputs described.

use ta_lib::abstract_api::{self, FuncInfo, InputType, OptInputType, OutputType};

use crate::limits::PERIOD_MAX;

/// One of TA-Lib's functions.
#[derive(Clone, Copy, Debug)]
pub struct Function(pub(crate) &'static FuncInfo);

/// A series that a function reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Opening prices.
    Open,
    /// Highest prices.
    High,
    /// Lowest prices.
    Low,
    /// Closing prices.
    Close,
    /// Base volumes.
    Volume,
    /// Any series, by its place among these: closing prices unless stated otherwise.
    Real(u8),
}

impl Input {
    /// `open`, `real`, `real2`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
            Self::Real(0) => "real",
            Self::Real(1) => "real2",
            Self::Real(_) => "real3",
        }
    }
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// `time-period`.
    pub name: String,
    /// What it does.
    pub doc: &'static str,
    /// What it may be.
    pub range: Range,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// A whole number.
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
        /// If not given.
        default: i64,
    },
    /// A real number.
    Real {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// If not given.
        default: f64,
    },
    /// One of a list, like the type of a moving average.
    Choice {
        /// Number and name.
        of: &'static [(i64, &'static str)],
        /// If not given.
        default: i64,
    },
}

/// A series that a function makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// `macd-signal`.
    pub name: String,
    /// Whether its values are whole numbers (a pattern's −200 to 200, an index).
    pub is_whole: bool,
}

impl Function {
    /// Every function, in alphabetical order.
    pub fn all() -> impl Iterator<Item = Self> {
        abstract_api::FUNCS.iter().map(Self)
    }

    /// The function called `name`, in any case.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|f| f.name().eq_ignore_ascii_case(name))
    }

    /// `RSI`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// `Momentum Indicators`.
    #[must_use]
    pub const fn group(self) -> &'static str {
        self.0.group.as_str()
    }

    /// What it is, in a few words.
    #[must_use]
    pub const fn doc(self) -> &'static str {
        self.0.hint
    }

    /// The series it reads, in the order in which rows hold them.
    #[must_use]
    pub fn inputs(self) -> Vec<Input> {
        const PRICES: [Input; 5] = [Input::Open, Input::High, Input::Low, Input::Close, Input::Volume];
        let mut inputs = Vec::new();
        let mut reals = 0;
        for input in self.0.inputs {
            if input.kind == InputType::Price {
                let reads = |at: usize| input.flags.bits() >> at & 1 == 1;
                inputs
                    .extend(PRICES.iter().enumerate().filter(|(at, _)| reads(*at)).map(|(_, price)| *price));
            } else {
                inputs.push(Input::Real(reals));
                reals += 1;
            }
        }
        inputs
    }

    /// Its parameters, in order.
    #[must_use]
    pub fn params(self) -> Vec<Param> {
        let range = |kind: OptInputType| match kind {
            OptInputType::IntegerRange { min, max, default, .. } => Range::Whole {
                min: i64::from(min),
                max: i64::from(max).min(PERIOD_MAX),
                default: i64::from(default),
            },
            OptInputType::RealRange { min, max, default, .. } => Range::Real { min, max, default },
            OptInputType::IntegerList { values, default } => Range::Choice { of: values, default },
            // No function has a list of reals; if one comes, its default is all it may be.
            OptInputType::RealList { default, .. } => Range::Real { min: default, max: default, default },
        };
        let params = self.0.opt_inputs.iter();
        params
            .map(|p| Param { name: words(p.param_name, "optIn"), doc: p.hint, range: range(p.kind) })
            .collect()
    }

    /// What it makes, in order.
    #[must_use]
    pub fn outputs(self) -> Vec<Output> {
        let outputs = self.0.outputs.iter();
        outputs
            .map(|o| Output { name: words(o.param_name, "out"), is_whole: o.kind == OutputType::Integer })
            .collect()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}
impl Eq for Function {}

/// `optInFastK_Period` as `fast-k-period`, `optInMAType` as `ma-type`.
fn words(name: &str, prefix: &str) -> String {
    let letters: Vec<char> = name.strip_prefix(prefix).unwrap_or(name).chars().collect();
    let mut text = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|i| letters[i]);
        let after = letters.get(at + 1);
        let begins = |b: char| !b.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase);
        let starts = letter.is_ascii_uppercase() && before.is_some_and(|b| b != '_' && begins(b));
        if starts || *letter == '_' {
            text.push('-');
        }
        if *letter != '_' {
            text.push(letter.to_ascii_lowercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_words() {
        for (name, prefix, want) in [
            ("optInTimePeriod", "optIn", "time-period"),
            ("optInFastK_Period", "optIn", "fast-k-period"),
            ("optInMAType", "optIn", "ma-type"),
            ("optInNbDevUp", "optIn", "nb-dev-up"),
            ("optInROC1Period", "optIn", "roc1-period"),
            ("outMACDSignal", "out", "macd-signal"),
            ("outRealUpperBand", "out", "real-upper-band"),
        ] {
            assert_eq!(words(name, prefix), want);
        }
    }

    #[test]
    fn everything_talib_has_is_there_with_its_inputs() {
        assert_eq!(Function::all().count(), 237);
        let stoch = Function::find("stoch").unwrap();
        assert_eq!(stoch.inputs(), [Input::High, Input::Low, Input::Close]);
        assert_eq!((stoch.group(), stoch.outputs().len()), ("Momentum Indicators", 2));
        assert_eq!(Function::find("OBV").unwrap().inputs(), [Input::Real(0), Input::Volume]);
        assert_eq!(Function::find("BETA").unwrap().inputs(), [Input::Real(0), Input::Real(1)]);
        assert!(Function::find("nothing").is_none());
    }

    #[test]
    fn no_function_exceeds_the_bounds() {
        for f in Function::all() {
            assert!(f.inputs().len() <= crate::limits::INPUTS_MAX, "{}", f.name());
            assert!(f.outputs().len() <= crate::limits::OUTPUTS_MAX, "{}", f.name());
            let mut names: Vec<String> = f.params().into_iter().map(|p| p.name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), f.params().len(), "{}", f.name());
        }
    }
}
