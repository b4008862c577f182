//! Calmar ratio: C = G / |D|, growth a year over the worst drawdown.
//! Source: Young, "Calmar Ratio: A Smoother Tool", Futures 20(1), 1991 (there over 36 months, here over the whole time).

use super::{Basis, Measured, Metric, Unit, cagr, max_drawdown};

/// Calmar ratio.
pub const METRIC: Metric = Metric {
    name: "calmar",
    label: "Calmar",
    unit: Unit::Ratio,
    doc: "Growth a year over the worst drawdown.",
    signed: true,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let Some(g) = (cagr::METRIC.compute)(basis).value else { return Measured::absent("needs 30 days") };
    let d = max_drawdown::worst(basis).map_or(0.0, |w| w.depth.abs());
    if d > 0.0 { Measured::of(g / d) } else { Measured::absent("never below a high") }
}
