//! Compound annual growth rate: G = (E_T / E_0)^(1 / Y) − 1 with Y = days / 365.
//! Source: definition; years of 365 days because markets for coins never close.

use super::calendar::YEAR_DAYS;
use super::{Basis, Measured, Metric, Unit};

/// Compound annual growth rate.
pub const METRIC: Metric = Metric {
    name: "cagr",
    label: "Growth a year",
    unit: Unit::Share,
    doc: "The yearly growth that compounds to the total return.",
    signed: true,
    compute,
};

/// Days below which a yearly rate is an extrapolation that nobody should read.
const DAYS_MIN: f64 = 30.0;

fn compute(basis: &Basis<'_>) -> Measured {
    let (e_t, e_0, days) = (basis.track.end(), basis.track.start, basis.track.days());
    if days < DAYS_MIN {
        return Measured::absent("needs 30 days");
    }
    let y = days / YEAR_DAYS;
    Measured::of((e_t / e_0).max(0.0).powf(1.0 / y) - 1.0)
}
