//! Conditional value at risk (expected shortfall): the mean of the period returns that are not above VaR at 5 %.
//! Source: Rockafellar & Uryasev, Journal of Risk 2(3), 2000.

use super::{Basis, Measured, Metric, Unit, stats, value_at_risk};

/// Conditional value at risk.
pub const METRIC: Metric = Metric {
    name: "conditional_value_at_risk",
    label: "Expected shortfall (5 %)",
    unit: Unit::Share,
    doc: "The mean of the worst twentieth of periods.",
    signed: true,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let sorted = stats::sorted(&basis.shares);
    let Some(limit) = stats::quantile(&sorted, value_at_risk::TAIL) else {
        return Measured::absent("no period");
    };
    let tail: Vec<f64> = sorted.into_iter().take_while(|v| *v <= limit).collect();
    stats::mean(&tail).map_or_else(|| Measured::absent("no period"), Measured::of)
}
