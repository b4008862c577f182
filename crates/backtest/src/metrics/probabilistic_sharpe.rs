//! Probabilistic Sharpe ratio: the probability that the true ratio is above 0,
//! PSR = Φ(SR √(n − 1) / √(1 − γ₃ SR + (γ₄ − 1)/4 · SR²)), SR per period.
//! Source: Bailey & López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012.

use super::{Measured, Metric, Unit, stats};

/// Probabilistic Sharpe ratio.
pub const METRIC: Metric = Metric {
    name: "probabilistic_sharpe",
    label: "Probability that Sharpe is above 0",
    unit: Unit::Probability,
    doc: "How sure the track makes us that the true Sharpe ratio is above zero, if this was the only trial.",
    signed: false,
    compute: |basis| {
        against(&basis.shares, 0.0).map_or_else(|| Measured::absent("returns do not vary"), Measured::of)
    },
};

/// PSR(SR*) = Φ((SR − SR*) √(n − 1) / √(1 − γ₃ SR + (γ₄ − 1)/4 · SR²)); `None` without scatter.
#[must_use]
pub fn against(x: &[f64], benchmark: f64) -> Option<f64> {
    let s = stats::deviation(x).filter(|s| *s > 0.0)?;
    let sr = stats::mean(x)? / s;
    let (g3, g4) = stats::shape(x)?;
    let scale = 1.0 - g3 * sr + (g4 - 1.0) / 4.0 * sr * sr;
    if scale <= 0.0 {
        return None;
    }
    Some(stats::normal_cdf((sr - benchmark) * ((x.len() - 1) as f64).sqrt() / scale.sqrt()))
}
