//! The covariance of the state of a stationary ARMA process, exactly, without solving a Lyapunov equation.
//!
//! Harvey's form: α_{i,t} = φ_{i+1} w_{t−1} + α_{i+1,t−1} + θ_i ε_t, w_t = α_{0,t}. Autocovariances γ come from one linear
//! system of size p + 1 (Brockwell & Davis, Time Series: Theory and Methods, 2nd ed., §3.3, third method); they give the
//! first row `P[0][i] = Σ_m φ_{i+1+m} γ(m+1) + Σ_m θ_{i+m} ψ_m`, and P = T P Tᵀ + R Rᵀ gives every other row from it.
//! Cost: p³/3 + O(r²). Unit innovation variance.

use super::polynomial::{Arma, psi};
use crate::linalg::solve;

/// Fills the r × r matrix `p`. `None` if the process is not stationary enough to have one.
pub(super) fn state_covariance(arma: &Arma, p: &mut [f64]) -> Option<()> {
    let r = arma.state_len();
    let (ar, ma) = (&arma.ar, &arma.ma);
    let phi = |k: usize| ar.get(k).copied().unwrap_or(0.0);
    let theta = |k: usize| if k == 0 { 1.0 } else { ma.get(k - 1).copied().unwrap_or(0.0) };
    let weights = psi(ar, ma, ma.len() + 1);
    let gamma = autocovariances(arma, &weights)?;
    if !(gamma[0] > 0.0) {
        return None;
    }
    for i in 0..r {
        let from_values: f64 = (0..ar.len().saturating_sub(i)).map(|m| phi(i + m) * gamma[m + 1]).sum();
        let from_shocks: f64 = (0..(ma.len() + 1).saturating_sub(i)).map(|m| theta(i + m) * weights[m]).sum();
        p[i] = from_values + from_shocks;
        p[i * r] = p[i];
    }
    // P[i][j] = P[i+1][j+1] + φ_{i+1} P[0][j+1] + φ_{j+1} P[0][i+1] + φ_{i+1} φ_{j+1} P[0][0] + θ_i θ_j, zero beyond the end.
    let first: Vec<f64> = p[..r].iter().copied().chain([0.0]).collect();
    for i in (1..r).rev() {
        for j in (i..r).rev() {
            let beyond = if j + 1 < r { p[(i + 1) * r + j + 1] } else { 0.0 };
            let value = beyond
                + phi(i) * first[j + 1]
                + phi(j) * first[i + 1]
                + phi(i) * phi(j) * first[0]
                + theta(i) * theta(j);
            p[i * r + j] = value;
            p[j * r + i] = value;
        }
    }
    Some(())
}

/// γ(0) … γ(p): γ(k) − Σ φ_j γ(|k−j|) = Σ_{m ≥ k} θ_m ψ_{m−k}.
fn autocovariances(arma: &Arma, weights: &[f64]) -> Option<Vec<f64>> {
    let n = arma.ar.len() + 1;
    let (mut a, mut b) = (vec![0.0; n * n], vec![0.0; n]);
    for k in 0..n {
        a[k * n + k] += 1.0;
        for (j, phi) in arma.ar.iter().enumerate() {
            a[k * n + k.abs_diff(j + 1)] -= phi;
        }
        b[k] = (k..=arma.ma.len()).map(|m| if m == 0 { 1.0 } else { arma.ma[m - 1] } * weights[m - k]).sum();
    }
    solve(&mut a, &mut b)?;
    b.iter().all(|v| v.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P = T P Tᵀ + R Rᵀ, the definition.
    fn residual(arma: &Arma, p: &[f64]) -> f64 {
        let r = arma.state_len();
        let phi = |k: usize| arma.ar.get(k).copied().unwrap_or(0.0);
        let theta = |k: usize| if k == 0 { 1.0 } else { arma.ma.get(k - 1).copied().unwrap_or(0.0) };
        let at = |i: usize, j: usize| if i < r && j < r { p[i * r + j] } else { 0.0 };
        let mut worst = 0.0_f64;
        for i in 0..r {
            for j in 0..r {
                let moved = phi(i) * phi(j) * at(0, 0)
                    + phi(i) * at(0, j + 1)
                    + phi(j) * at(i + 1, 0)
                    + at(i + 1, j + 1);
                worst = worst.max((moved + theta(i) * theta(j) - at(i, j)).abs());
            }
        }
        worst
    }

    #[test]
    fn the_covariance_satisfies_its_definition() {
        for arma in [
            Arma::expand(&[0.7], &[], &[], &[], 1),
            Arma::expand(&[1.3, -0.6], &[], &[0.4], &[], 1),
            Arma::expand(&[0.5, 0.1], &[0.3], &[0.4], &[-0.6], 12),
            Arma::expand(&[], &[], &[0.4, 0.2, 0.9], &[], 1),
            Arma::expand(&[0.99], &[0.95], &[-0.98], &[], 4),
        ] {
            let r = arma.state_len();
            let mut p = vec![0.0; r * r];
            state_covariance(&arma, &mut p).unwrap();
            assert!(residual(&arma, &p) < 1e-9 * p[0], "{arma:?}: {}", residual(&arma, &p));
        }
    }

    #[test]
    fn an_ar1_has_its_textbook_variance() {
        let arma = Arma::expand(&[0.6], &[], &[], &[], 1);
        let mut p = vec![0.0];
        state_covariance(&arma, &mut p).unwrap();
        assert!((p[0] - 1.0 / (1.0 - 0.36)).abs() < 1e-12);
    }
}
