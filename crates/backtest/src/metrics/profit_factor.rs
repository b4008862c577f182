//! Profit factor: PF = Σ wins / |Σ losses| over closed trades, after fees. Source: definition.

use super::{Basis, Measured, Metric, Unit};

/// Profit factor.
pub const METRIC: Metric = Metric {
    name: "profit_factor",
    label: "Profit factor",
    unit: Unit::Ratio,
    doc: "What winning trades earned for each unit that losing trades cost.",
    signed: false,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let profits = basis.track.trades.iter().map(|t| t.profit);
    let wins: f64 = profits.clone().filter(|p| *p > 0.0).sum();
    let losses: f64 = profits.filter(|p| *p < 0.0).sum();
    if losses < 0.0 { Measured::of(wins / -losses) } else { Measured::absent("no losing trade") }
}
