//! Days to recover: from the bottom of the worst drawdown until its high was reached again.
//! Source: definition; without a value while the high was not reached again.

use super::calendar::DAY_MS;
use super::{Basis, Measured, Metric, Unit, max_drawdown};

/// Days to recover.
pub const METRIC: Metric = Metric {
    name: "recovery_days",
    label: "Days to recover",
    unit: Unit::Days,
    doc: "From the bottom of the worst drawdown back to its high.",
    signed: false,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let Some(worst) = max_drawdown::worst(basis) else { return Measured::absent("never below a high") };
    let last = basis.track.times.last().copied().unwrap_or(worst.trough);
    let days = |until: i64| (until - worst.trough) as f64 / DAY_MS as f64;
    worst.recovered.map_or_else(
        || Measured::absent(&format!("not yet, after {:.1} days", days(last))),
        |at| Measured::of(days(at)),
    )
}
