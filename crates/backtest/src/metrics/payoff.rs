//! Payoff ratio: mean win / |mean loss| over closed trades, after fees. Source: definition.

use super::{Basis, Measured, Metric, Unit, stats};

/// Payoff ratio.
pub const METRIC: Metric = Metric {
    name: "payoff",
    label: "Payoff",
    unit: Unit::Ratio,
    doc: "The mean win over the mean loss.",
    signed: false,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let profits = |keep: fn(f64) -> bool| -> Vec<f64> {
        basis.track.trades.iter().map(|t| t.profit).filter(|p| keep(*p)).collect()
    };
    let (wins, losses) = (stats::mean(&profits(|p| p > 0.0)), stats::mean(&profits(|p| p < 0.0)));
    match (wins, losses) {
        (Some(win), Some(loss)) => Measured::of(win / -loss),
        _ => Measured::absent("needs a winning and a losing trade"),
    }
}
