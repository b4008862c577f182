//! Closed trades: how many, and how many a day. Source: definition.

use super::calendar::length;
use super::{Measured, Metric, Unit};

/// Closed trades.
pub const COUNT: Metric = Metric {
    name: "trades",
    label: "Trades",
    unit: Unit::Count,
    doc: "Positions that were opened and closed.",
    signed: false,
    compute: |basis| {
        let trades = &basis.track.trades;
        let held: i64 = trades.iter().map(super::Trade::held).sum();
        let mean = i64::try_from(trades.len()).ok().filter(|n| *n > 0).map(|n| held / n);
        let note = mean.map_or_else(String::new, |ms| format!("average {}", length(ms)));
        Measured::of(trades.len() as f64).note(note)
    },
};

/// Closed trades a day.
pub const PER_DAY: Metric = Metric {
    name: "trades_per_day",
    label: "Trades a day",
    unit: Unit::PerDay,
    doc: "Closed trades over days.",
    signed: false,
    compute: |basis| Measured::of(basis.track.trades.len() as f64 / basis.track.days()),
};
