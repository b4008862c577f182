//! Turnover: Σ |price × quantity| / Ē / Y, how often a year the mean equity Ē was traded. Source: definition.

use super::calendar::YEAR_DAYS;
use super::{Basis, Measured, Metric, Unit, stats};

/// Turnover.
pub const METRIC: Metric = Metric {
    name: "turnover",
    label: "Turnover a year",
    unit: Unit::PerYear,
    doc: "How often a year the account's worth was traded, buys and sells counted.",
    signed: false,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let Some(e) = stats::mean(&basis.track.equity) else { return Measured::absent("no point") };
    Measured::of(basis.track.traded / e / (basis.track.days() / YEAR_DAYS))
}
