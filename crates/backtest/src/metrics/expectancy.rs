//! Expectancy: the mean profit of a closed trade after fees, quote asset. Source: definition.

use super::{Basis, Measured, Metric, Unit, stats};

/// Expectancy.
pub const METRIC: Metric = Metric {
    name: "expectancy",
    label: "Profit a trade",
    unit: Unit::Money,
    doc: "The mean profit of a closed trade, after fees.",
    signed: true,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let trades = &basis.track.trades;
    let profits: Vec<f64> = trades.iter().map(|t| t.profit).collect();
    let shares: Vec<f64> = trades.iter().map(super::Trade::share).collect();
    match (stats::mean(&profits), stats::mean(&shares)) {
        (Some(profit), Some(share)) => {
            Measured::of(profit).note(format!("{} of what was put in", Unit::Share.text(share, true)))
        }
        _ => Measured::absent("no closed trade"),
    }
}
