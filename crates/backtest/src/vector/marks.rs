//! Where periods end in a window: once per window, shared by all its trials. The same periods as the metrics' (see
//! [`crate::metrics::basis`]): days from 60 days on, hours from 2 days on, else bars.

use super::Columns;
use crate::metrics::basis::{Calendar, Period};
use crate::sweep::Window;

/// The ends of periods in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    /// The last bar of each period.
    pub ends: Vec<usize>,
    /// What the periods are.
    pub period: Period,
    /// Periods a year.
    pub per_year: f64,
}

impl Marks {
    /// The periods of `window`.
    #[must_use]
    pub fn of(bars: &Columns, window: Window) -> Self {
        let to = window.to.min(bars.len());
        if window.from >= to {
            return Self { ends: Vec::new(), period: Period::Bar, per_year: 1.0 };
        }
        let (first, last) = (bars.opens(window.from).millis(), bars.last_milli(to - 1));
        let calendar = Calendar::of(first, last, to - window.from);
        let bucket = |i: usize| calendar.bucket(bars.last_milli(i));
        let ends = (window.from..to).filter(|i| i + 1 == to || bucket(*i) != bucket(i + 1)).collect();
        Self { ends, period: calendar.period, per_year: calendar.per_year }
    }
}
