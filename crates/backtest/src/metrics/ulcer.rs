//! Ulcer index: U = √(Σ d_t² / n) with the drawdown d_t at every point.
//! Source: Martin & McCann, "The Investor's Guide to Fidelity Funds", 1989.

use super::{Basis, Measured, Metric, Unit};

/// Ulcer index.
pub const METRIC: Metric = Metric {
    name: "ulcer",
    label: "Ulcer index",
    unit: Unit::Share,
    doc: "Depth and length of all drawdowns in one number.",
    signed: false,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let equity = &basis.track.equity;
    if equity.is_empty() {
        return Measured::absent("no point");
    }
    let mut high = basis.track.start;
    let squares = equity.iter().map(|e| {
        high = high.max(*e);
        (e / high - 1.0).powi(2)
    });
    Measured::of((squares.sum::<f64>() / equity.len() as f64).sqrt())
}
