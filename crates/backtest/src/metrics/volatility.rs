//! Volatility: σ_a = s √P, the standard deviation s of period returns (divisor n − 1) times the root of periods a year P.
//! Source: definition; assumes returns without memory, as all √P scaling does (Lo, Financial Analysts Journal 58, 2002).

use super::{Basis, Measured, Metric, Unit, stats};

/// Yearly volatility.
pub const METRIC: Metric = Metric {
    name: "volatility",
    label: "Volatility a year",
    unit: Unit::Share,
    doc: "How much returns scatter, scaled to a year.",
    signed: false,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let Some(s) = stats::deviation(&basis.shares) else { return Measured::absent("needs two periods") };
    Measured::of(s * basis.per_year.sqrt())
}
