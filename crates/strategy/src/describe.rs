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
    /// How many instruments it trades.
    pub instruments: Instruments,
    /// What can be set.
    pub params: &'static [Param],
}

/// How many instruments a strategy trades, and what each is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruments {
    /// Fewest.
    pub min: usize,
    /// Most.
    pub max: usize,
    /// What each is for, in their order.
    pub doc: &'static str,
}

impl Instruments {
    /// Just one.
    pub const ONE: Self = Self { min: 1, max: 1, doc: "the instrument it trades" };
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
    /// A text that the strategy reads itself.
    Text {
        /// If not given.
        default: &'static str,
        /// What it looks like.
        form: &'static str,
    },
    /// One of a list.
    Choice {
        /// The list; the first is the default.
        of: &'static [&'static str],
    },
}
