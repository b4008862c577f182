//! Alpha and beta against holding the instrument: least squares x_t = α + β m_t + ε over period returns x and market returns m;
//! β = cov(x, m) / var(m), α = x̄ − β m̄, told per year as α P.
//! Source: Jensen, Journal of Finance 23(2), 1968, with a risk-free rate of 0. The first period is left out: the price at its
//! opening is not known.

use super::{Basis, Measured, Metric, Unit, stats};

/// Alpha.
pub const ALPHA: Metric = Metric {
    name: "alpha",
    label: "Alpha a year",
    unit: Unit::Share,
    doc: "Return a year that holding the instrument in the same measure does not explain.",
    signed: true,
    compute: |basis| match fit(basis) {
        Some((alpha, _)) => Measured::of(alpha * basis.per_year),
        None => Measured::absent("the market did not move"),
    },
};

/// Beta.
pub const BETA: Metric = Metric {
    name: "beta",
    label: "Beta",
    unit: Unit::Ratio,
    doc: "How much of the instrument's moves the account follows.",
    signed: true,
    compute: |basis| match fit(basis) {
        Some((_, beta)) => Measured::of(beta),
        None => Measured::absent("the market did not move"),
    },
};

/// α per period and β; `None` if the market did not move or there are fewer than three periods.
#[must_use]
pub fn fit(basis: &Basis<'_>) -> Option<(f64, f64)> {
    let returns = basis.returns.get(1..).filter(|r| r.len() >= 2)?;
    let x: Vec<f64> = returns.iter().map(|r| r.share).collect();
    let m: Vec<f64> = returns.iter().map(|r| r.market).collect();
    let (x_mean, m_mean) = (stats::mean(&x)?, stats::mean(&m)?);
    let covariance: f64 = x.iter().zip(&m).map(|(x, m)| (x - x_mean) * (m - m_mean)).sum();
    let variance: f64 = m.iter().map(|m| (m - m_mean).powi(2)).sum();
    if variance <= 0.0 {
        return None;
    }
    let beta = covariance / variance;
    Some((x_mean - beta * m_mean, beta))
}

#[cfg(test)]
mod tests {
    use super::super::basis::tests::daily;
    use super::*;

    #[test]
    fn half_the_market_plus_a_constant_is_found_again() {
        // x = 0.001 + 0.5 m, day by day.
        let moves = [0.0, 0.02, -0.01, 0.03, -0.02, 0.01];
        let (mut price, mut equity) = (vec![100.0], vec![1_000.0]);
        for m in &moves[1..] {
            price.push(price.last().unwrap() * (1.0 + m));
            equity.push(equity.last().unwrap() * (1.0 + 0.001 + 0.5 * m));
        }
        let (alpha, beta) = fit(&Basis::of(&daily(1_000.0, &equity, &price), None)).unwrap();
        assert!((alpha - 0.001).abs() < 1e-12 && (beta - 0.5).abs() < 1e-12);
        assert_eq!(fit(&Basis::of(&daily(1.0, &[1.0; 5], &[1.0; 5]), None)), None);
    }
}
