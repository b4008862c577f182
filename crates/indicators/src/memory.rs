//! What a stream has to remember so that its state can be saved and restored bit for bit.

use crate::limits::ROWS_MAX;
use crate::settings::Settings;

/// How a stream's state is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The state itself: a few numbers or a window.
    State,
    /// The last rows, which alone decide the values that follow.
    Window {
        /// How many.
        rows: usize,
    },
    /// The last rows as long as all values are whole numbers (as prices and quantities in their units are): then sliding sums
    /// are exact and the window alone decides. From the first fraction on, everything that comes.
    WholeWindow {
        /// How many.
        rows: usize,
    },
    /// All rows since the start, because the value depends on every one of them and TA-Lib's stream shows no state; at most
    /// [`ROWS_MAX`], then the stream takes no more.
    Past,
}

/// Functions without sums, averages or counters that outlive their window. The property test of the registry holds each to it.
const WINDOWED: &[&str] = &[
    "ACOS",
    "ADD",
    "ALMA",
    "AROONOSC",
    "ASIN",
    "ATAN",
    "AVGDEV",
    "AVGPRICE",
    "BOP",
    "CEIL",
    "CHOP",
    "CHOPTR",
    "COS",
    "COSH",
    "DIV",
    "EXP",
    "FLOOR",
    "FRACTAL",
    "IBS",
    "ICHIMOKU",
    "IMI",
    "LN",
    "LOG10",
    "MARKETFI",
    "MEDIAN",
    "MEDPRICE",
    "MIDPOINT",
    "MIDPRICE",
    "MINMAX",
    "MULT",
    "PERCENTILE",
    "PERCENTRANK",
    "SI",
    "SIN",
    "SINH",
    "SQRT",
    "SUB",
    "TAN",
    "TANH",
    "TYPPRICE",
    "VHF",
    "WCLPRICE",
];

/// Functions, besides the candlestick patterns, whose only memory beyond the window are sums of differences of prices.
const SUMMING: &[&str] = &["ADR", "AO", "CMOU", "DPO", "ER", "QSTICK", "ULTOSC", "VORTEX"];

impl Memory {
    /// That of TA-Lib's stream for these settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        let name = settings.function().name();
        let rows = settings.lookback() + 1;
        if WINDOWED.binary_search(&name).is_ok() {
            Self::Window { rows }
        } else if name.starts_with("CDL") || SUMMING.binary_search(&name).is_ok() {
            Self::WholeWindow { rows }
        } else {
            Self::Past
        }
    }

    /// How many rows are kept when `whole` says that all so far were whole numbers, and whether older ones may go.
    pub(crate) const fn keeps(self, whole: bool) -> (usize, bool) {
        match self {
            Self::State => (0, true),
            Self::Window { rows } => (rows, true),
            Self::WholeWindow { rows } if whole => (rows, true),
            Self::WholeWindow { .. } | Self::Past => (ROWS_MAX, false),
        }
    }
}

/// Whether sums over `rows` of differences of such values are exact: whole numbers, small enough that every sum stays below 2^53.
pub(crate) fn sums_exactly(value: f64, rows: usize) -> bool {
    /// 2^53 / 8: a sum adds at most a few differences per row, each at most twice the largest value.
    const MOST: f64 = 1_125_899_906_842_624.0;
    value.fract() == 0.0 && value.abs() * (rows as f64) < MOST
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Function;

    #[test]
    fn the_lists_are_sorted_and_name_functions() {
        for list in [WINDOWED, SUMMING] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(list.iter().all(|name| Function::find(name).is_some()));
        }
    }
}
