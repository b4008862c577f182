//! Value at risk: VaR = the 5 % quantile of period returns (historical, linear interpolation).
//! Source: Jorion, "Value at Risk", 2007, historical simulation.

use super::{Basis, Measured, Metric, Unit, stats};

/// Value at risk.
pub const METRIC: Metric = Metric {
    name: "value_at_risk",
    label: "Value at risk (5 %)",
    unit: Unit::Share,
    doc: "One period in twenty was worse than this.",
    signed: true,
    compute,
};

/// The share of periods that are worse.
pub const TAIL: f64 = 0.05;

fn compute(basis: &Basis<'_>) -> Measured {
    let sorted = stats::sorted(&basis.shares);
    let note = format!("{} returns", basis.period.adjective());
    stats::quantile(&sorted, TAIL)
        .map_or_else(|| Measured::absent("no period"), |v| Measured::of(v).note(note))
}
