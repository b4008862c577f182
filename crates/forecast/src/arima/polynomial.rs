//! Lag polynomials: expanding seasonal products, differencing, ψ-weights.

use super::spec::Spec;

/// `w_t = Σ ar[k] w_{t−1−k} + ε_t + Σ ma[k] ε_{t−1−k}`: the seasonal products written out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arma {
    pub(super) ar: Vec<f64>,
    pub(super) ma: Vec<f64>,
}

impl Arma {
    /// Expands (1 − Σφ B)(1 − ΣΦ Bˢ) and (1 + Σθ B)(1 + ΣΘ Bˢ).
    pub(super) fn expand(ar: &[f64], sar: &[f64], ma: &[f64], sma: &[f64], period: usize) -> Self {
        Self { ar: product(ar, sar, period, -1.0), ma: product(ma, sma, period, 1.0) }
    }

    /// Length of the state vector: max(p, q + 1) of the expanded polynomials.
    pub(super) fn state_len(&self) -> usize {
        self.ar.len().max(self.ma.len() + 1)
    }
}

/// (1 + sign Σ a B)(1 + sign Σ b Bˢ) − 1, coefficients again with `sign` taken out.
fn product(a: &[f64], b: &[f64], period: usize, sign: f64) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() * period];
    out[..a.len()].copy_from_slice(a);
    for (k, seasonal) in b.iter().enumerate() {
        let at = (k + 1) * period - 1;
        out[at] += seasonal;
        for (j, regular) in a.iter().enumerate() {
            out[at + j + 1] += sign * regular * seasonal;
        }
    }
    out
}

/// The differenced series; `NaN` where any part is missing.
pub(super) fn difference(values: &[f64], spec: &Spec) -> Vec<f64> {
    let (_, seasonal_d, _, period) = spec.season();
    let mut out = values.to_vec();
    for lag in std::iter::repeat_n(period, seasonal_d).chain(std::iter::repeat_n(1, spec.d)) {
        out = out.iter().skip(lag).zip(&out).map(|(now, before)| now - before).collect();
    }
    out
}

/// δ with (1−B)^d (1−Bˢ)^D = 1 − Σ δ_j B^j, so y_t = w_t + Σ δ_j y_{t−j}.
pub(super) fn integration(spec: &Spec) -> Vec<f64> {
    let (_, seasonal_d, _, period) = spec.season();
    let mut poly = vec![1.0];
    for lag in std::iter::repeat_n(period, seasonal_d).chain(std::iter::repeat_n(1, spec.d)) {
        let mut next = poly.clone();
        next.resize(poly.len() + lag, 0.0);
        for (i, c) in poly.iter().enumerate() {
            next[i + lag] -= c;
        }
        poly = next;
    }
    poly[1..].iter().map(|c| -c).collect()
}

/// ψ₀ … ψ_{len−1} of θ(B)/φ(B): ψ₀ = 1, ψ_j = θ_j + Σ φ_k ψ_{j−k}.
pub(super) fn psi(ar: &[f64], ma: &[f64], len: usize) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::with_capacity(len);
    for j in 0..len {
        let own = if j == 0 { 1.0 } else { ma.get(j - 1).copied().unwrap_or(0.0) };
        let carried: f64 = ar.iter().take(j).enumerate().map(|(k, phi)| phi * out[j - 1 - k]).sum();
        out.push(own + carried);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12)
    }

    #[test]
    fn seasonal_products_are_written_out() {
        let arma = Arma::expand(&[0.5], &[0.4], &[0.3], &[0.2], 4);
        assert!(close(&arma.ar, &[0.5, 0.0, 0.0, 0.4, -0.2]), "{arma:?}");
        assert!(close(&arma.ma, &[0.3, 0.0, 0.0, 0.2, 0.06]), "{arma:?}");
        assert_eq!(arma.state_len(), 6);
    }

    #[test]
    fn integrating_undoes_differencing() {
        let spec = Spec::new(0, 1, 0).seasonal(0, 1, 0, 3);
        let y: Vec<f64> = (0..20).map(|t| f64::from(t * t % 7) + 0.1 * f64::from(t)).collect();
        let (w, delta) = (difference(&y, &spec), integration(&spec));
        for t in 4..20 {
            let back: f64 = w[t - 4] + delta.iter().enumerate().map(|(j, d)| d * y[t - 1 - j]).sum::<f64>();
            assert!((back - y[t]).abs() < 1e-12);
        }
    }

    #[test]
    fn psi_weights_of_an_arma() {
        assert!(close(&psi(&[0.5], &[0.4], 4), &[1.0, 0.9, 0.45, 0.225]));
    }
}
