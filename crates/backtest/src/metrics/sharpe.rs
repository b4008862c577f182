//! Sharpe ratio with a confidence interval.
//!
//! SR = x̄ / s of period returns (risk-free rate 0: the account holds no bonds), yearly SR_a = SR √P.
//! Its standard error, for returns that are not normal: σ(SR) = √((1 − γ₃ SR + (γ₄ − 1)/4 · SR²) / n), with skewness γ₃ and
//! kurtosis γ₄; for normal returns it is Lo's √((1 + SR²/2) / n). The interval is SR ± 1.96 σ(SR).
//! Sources: Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58(4), 2002; Mertens, "Comments on variance of
//! the IID estimator in Lo (2002)", 2002. Known limit: returns are taken as independent.

use super::{Basis, Measured, Metric, Unit, stats};

/// Sharpe ratio.
pub const METRIC: Metric = Metric {
    name: "sharpe",
    label: "Sharpe",
    unit: Unit::Ratio,
    doc: "Mean return per unit of scatter, scaled to a year, with its 95 % interval.",
    signed: true,
    compute,
};

/// Φ⁻¹(0.975).
const Z: f64 = 1.959_963_984_540_054;

/// SR per period and its standard error; `None` without scatter.
#[must_use]
pub fn per_period(x: &[f64]) -> Option<(f64, f64)> {
    let s = stats::deviation(x).filter(|s| *s > 0.0)?;
    let sr = stats::mean(x)? / s;
    let (g3, g4) = stats::shape(x)?;
    let variance = (1.0 - g3 * sr + (g4 - 1.0) / 4.0 * sr * sr) / x.len() as f64;
    Some((sr, variance.max(0.0).sqrt()))
}

fn compute(basis: &Basis<'_>) -> Measured {
    let Some((sr, error)) = per_period(&basis.shares) else { return Measured::absent("returns do not vary") };
    let root = basis.per_year.sqrt();
    let note = format!("from {} {} returns", basis.shares.len(), basis.period.adjective());
    Measured::of(sr * root).between((sr - Z * error) * root, (sr + Z * error) * root).note(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_lo_for_a_normal_shape_and_mertens_otherwise() {
        // −1 and 3 in equal numbers: mean 1, γ₃ = 0, γ₄ = 1, so σ(SR) = 1/√n however large SR is.
        let x: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { -1.0 } else { 3.0 }).collect();
        let (sr, error) = per_period(&x).unwrap();
        // s² = 100 · 4 / 99.
        assert!((sr - 1.0 / (400.0_f64 / 99.0).sqrt()).abs() < 1e-12);
        assert!((error - 0.1).abs() < 1e-12);
        assert_eq!(per_period(&[0.5, 0.5]), None);
    }
}
