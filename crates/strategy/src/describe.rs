//! A strategy described for people: what it does, where it comes from, when it fails, what can be set.

/// A built-in strategy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Description {
    /// `ema-cross`.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub idea: &'static str,
    /// Where the idea comes from.
    pub source: &'static str,
    /// When it loses.
    pub fails: &'static str,
    /// What can be set.
    pub params: &'static [Param],
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// `fast`.
    pub name: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
    /// Its type, range and default.
    pub kind: Kind,
}

/// Type, range and default of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number.
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
        /// If not given.
        default: i64,
    },
    /// A signal threshold or a share; never money.
    Real {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// If not given.
        default: f64,
    },
    /// An amount as a decimal text, read at the instrument's scale.
    Amount {
        /// If not given.
        default: &'static str,
    },
    /// One of a list.
    Choice {
        /// The list; the first is the default.
        of: &'static [&'static str],
    },
}
