//! Sortino ratio: SoR = x̄ / d · √P with the downside deviation d = √(Σ min(x, 0)² / n) over all n periods (target 0).
//! Source: Sortino & van der Meer, Journal of Portfolio Management 17(4), 1991.

use super::{Basis, Measured, Metric, Unit, stats};

/// Sortino ratio.
pub const METRIC: Metric = Metric {
    name: "sortino",
    label: "Sortino",
    unit: Unit::Ratio,
    doc: "Like Sharpe, but only scatter below zero counts as risk.",
    signed: true,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let x = &basis.shares;
    let Some(mean) = stats::mean(x) else { return Measured::absent("no period") };
    let d = (x.iter().map(|v| v.min(0.0).powi(2)).sum::<f64>() / x.len() as f64).sqrt();
    if d > 0.0 {
        Measured::of(mean / d * basis.per_year.sqrt())
    } else {
        Measured::absent("no losing period")
    }
}
