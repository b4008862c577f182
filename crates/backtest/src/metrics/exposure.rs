//! Exposure: the share of points at which a position was open. Source: definition.

use super::{Basis, Measured, Metric, Unit};

/// Time in the market.
pub const METRIC: Metric = Metric {
    name: "exposure",
    label: "Time in the market",
    unit: Unit::Share,
    doc: "The share of time with a position.",
    signed: false,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let position = &basis.track.position;
    if position.is_empty() {
        return Measured::absent("no point");
    }
    let share =
        |keep: fn(f64) -> bool| position.iter().filter(|v| keep(**v)).count() as f64 / position.len() as f64;
    let (long, short) = (share(|v| v > 0.0), share(|v| v < 0.0));
    let text = |v| Unit::Share.text(v, false);
    Measured::of(long + short).note(format!("long {}, short {}", text(long), text(short)))
}
