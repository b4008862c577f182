//! Unconstrained numbers to stationary (invertible) polynomials and back, through partial autocorrelations.
//!
//! Source: Monahan, A note on enforcing stationarity in autoregressive-moving average models, Biometrika 71 (1984):
//! partial autocorrelations r_k in (−1, 1) and the Durbin–Levinson recursion reach every stationary polynomial once.
//! r = u / √(1 + u²) keeps a polynomial tail, so a root near the circle stays reachable.

/// Largest partial autocorrelation: the edge of the allowed root region.
const PARTIAL_MAX: f64 = 0.999_999;

/// Unconstrained values to coefficients φ with 1 − Σ φ B stationary.
pub(super) fn to_coefficients(u: &[f64], out: &mut Vec<f64>) {
    out.clear();
    for value in u {
        let r = (value / (1.0 + value * value).sqrt()).clamp(-PARTIAL_MAX, PARTIAL_MAX);
        let k = out.len();
        let before = out.clone();
        for j in 0..k {
            out[j] -= r * before[k - 1 - j];
        }
        out.push(r);
    }
}

/// The inverse of [`to_coefficients`]; `None` outside the stationary region.
pub(super) fn from_coefficients(phi: &[f64]) -> Option<Vec<f64>> {
    let mut rest = phi.to_vec();
    let mut u = vec![0.0; phi.len()];
    while let Some(r) = rest.pop() {
        if !(r.abs() < PARTIAL_MAX) {
            return None;
        }
        let k = rest.len();
        u[k] = r / (1.0 - r * r).sqrt();
        let before = rest.clone();
        for j in 0..k {
            rest[j] = (before[j] + r * before[k - 1 - j]) / (1.0 - r * r);
        }
    }
    Some(u)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_one_to_one() {
        let u = [0.7, -1.3, 0.2, 5.0];
        let mut phi = Vec::new();
        to_coefficients(&u, &mut phi);
        let back = from_coefficients(&phi).unwrap();
        assert!(u.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-9), "{back:?}");
    }

    #[test]
    fn what_is_not_stationary_has_no_preimage() {
        assert_eq!(from_coefficients(&[1.0]), None);
        assert_eq!(from_coefficients(&[0.5, 0.6]), None);
        assert!(from_coefficients(&[1.2, -0.5]).is_some());
    }
}
