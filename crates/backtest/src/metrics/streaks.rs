//! The longest runs of winning and of losing trades, in the order in which they ended. Source: definition.

use super::{Basis, Measured, Metric, Trade, Unit};

/// Longest run of wins.
pub const WINS: Metric = Metric {
    name: "consecutive_wins",
    label: "Wins in a row",
    unit: Unit::Count,
    doc: "The longest run of winning trades.",
    signed: false,
    compute: |basis| longest(basis, |t| t.profit > 0.0),
};

/// Longest run of losses.
pub const LOSSES: Metric = Metric {
    name: "consecutive_losses",
    label: "Losses in a row",
    unit: Unit::Count,
    doc: "The longest run of losing trades.",
    signed: false,
    compute: |basis| longest(basis, |t| t.profit < 0.0),
};

fn longest(basis: &Basis<'_>, keep: fn(&Trade) -> bool) -> Measured {
    let (mut run, mut most) = (0_u32, 0_u32);
    for trade in &basis.track.trades {
        run = if keep(trade) { run + 1 } else { 0 };
        most = most.max(run);
    }
    Measured::of(f64::from(most))
}
