//! The model as a function of its parameters: values, Jacobian, log-posterior.

use super::features::Feature;
use super::options::{Growth, Mode};

/// Prior standard deviations of the published model.
const K_SD: f64 = 5.0;
const M_SD: f64 = 5.0;
const SIGMA_SD: f64 = 0.5;

/// Everything about a history that the estimation needs, scaled.
#[derive(Clone, Debug)]
pub(super) struct Design {
    pub(super) growth: Growth,
    /// Scaled times, 0 at the first and 1 at the last.
    pub(super) t: Vec<f64>,
    /// Scaled values.
    pub(super) y: Vec<f64>,
    /// Change points in scaled time, rising.
    pub(super) changes: Vec<f64>,
    /// Features, row-major.
    pub(super) x: Vec<f64>,
    /// Which features multiply the trend.
    pub(super) multiplicative: Vec<bool>,
    /// 1 / prior variance of each feature.
    pub(super) precision: Vec<f64>,
    /// τ.
    pub(super) tau: f64,
}

/// k, m, δ, β in one vector, in this order.
pub(super) type Theta = Vec<f64>;

impl Design {
    pub(super) fn new(features: &[Feature], growth: Growth, tau: f64) -> Self {
        Self {
            growth,
            t: Vec::new(),
            y: Vec::new(),
            changes: Vec::new(),
            x: Vec::new(),
            multiplicative: features.iter().map(|f| f.mode == Mode::Multiplicative).collect(),
            precision: features.iter().map(|f| 1.0 / (f.prior_scale * f.prior_scale)).collect(),
            tau,
        }
    }

    /// Number of parameters without σ.
    pub(super) fn len(&self) -> usize {
        2 + self.changes.len() + self.precision.len()
    }

    /// True if the model is linear in its parameters.
    pub(super) fn is_linear(&self) -> bool {
        !self.multiplicative.iter().any(|m| *m)
    }

    /// Ridge weight of every parameter; 0 for δ, which has the Laplace prior instead.
    pub(super) fn ridge(&self) -> Vec<f64> {
        let mut ridge = vec![1.0 / (K_SD * K_SD), 1.0 / (M_SD * M_SD)];
        ridge.resize(2 + self.changes.len(), 0.0);
        ridge.extend(&self.precision);
        ridge
    }

    /// Derivatives of the trend: by k, m and every δ, into `out`.
    fn trend_row(&self, t: f64, out: &mut [f64]) {
        match self.growth {
            Growth::Flat => out[..2].copy_from_slice(&[0.0, 1.0]),
            Growth::Linear => {
                out[..2].copy_from_slice(&[t, 1.0]);
                for (o, change) in out[2..].iter_mut().zip(&self.changes) {
                    *o = (t - change).max(0.0);
                }
            }
        }
    }

    /// The trend at scaled time `t`.
    pub(super) fn trend(&self, theta: &[f64], t: f64) -> f64 {
        match self.growth {
            Growth::Flat => theta[1],
            Growth::Linear => {
                let bends = self.changes.iter().zip(&theta[2..]).map(|(s, d)| d * (t - s).max(0.0));
                theta[0] * t + theta[1] + bends.sum::<f64>()
            }
        }
    }

    /// (1 + X_m β_m, X_a β_a) of a row of X.
    pub(super) fn components(&self, theta: &[f64], row: &[f64]) -> (f64, f64) {
        let beta = &theta[2 + self.changes.len()..];
        let (mut factor, mut sum) = (1.0, 0.0);
        for ((x, b), multiplies) in row.iter().zip(beta).zip(&self.multiplicative) {
            if *multiplies { factor += x * b } else { sum += x * b }
        }
        (factor, sum)
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        let width = self.precision.len();
        (0..self.t.len()).map(move |i| &self.x[i * width..(i + 1) * width])
    }

    /// Fitted values over the history.
    pub(super) fn fitted(&self, theta: &[f64]) -> Vec<f64> {
        self.t
            .iter()
            .zip(self.rows())
            .map(|(t, row)| {
                let (factor, sum) = self.components(theta, row);
                self.trend(theta, *t) * factor + sum
            })
            .collect()
    }

    /// Σ (y − ŷ)².
    pub(super) fn squares(&self, theta: &[f64]) -> f64 {
        self.fitted(theta).iter().zip(&self.y).map(|(f, y)| (y - f) * (y - f)).sum()
    }

    /// Gram matrix Jᵀ J and Jᵀ (y − ŷ + J θ) of the model linearised at `theta`.
    pub(super) fn normal_equations(&self, theta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (n, bends) = (self.len(), 2 + self.changes.len());
        let (mut gram, mut right, mut j) = (vec![0.0; n * n], vec![0.0; n], vec![0.0; n]);
        for ((t, y), row) in self.t.iter().zip(&self.y).zip(self.rows()) {
            let (factor, sum) = self.components(theta, row);
            let trend = self.trend(theta, *t);
            self.trend_row(*t, &mut j[..bends]);
            j[..bends].iter_mut().for_each(|v| *v *= factor);
            for ((out, x), multiplies) in j[bends..].iter_mut().zip(row).zip(&self.multiplicative) {
                *out = if *multiplies { trend * x } else { *x };
            }
            let carried: f64 = j.iter().zip(theta).map(|(a, b)| a * b).sum();
            let target = y - trend * factor - sum + carried;
            for (a, value) in j.iter().enumerate() {
                if *value == 0.0 {
                    continue;
                }
                right[a] += value * target;
                for (g, other) in gram[a * n + a..(a + 1) * n].iter_mut().zip(&j[a..]) {
                    *g += value * other;
                }
            }
        }
        for a in 0..n {
            for b in 0..a {
                gram[a * n + b] = gram[b * n + a];
            }
        }
        (gram, right)
    }

    /// The σ that maximises the posterior given Σ r²: 4σ⁴ + nσ² − Σr² = 0.
    pub(super) fn best_sigma(&self, squares: f64) -> f64 {
        let n = self.y.len() as f64;
        // The difference n − √(n² + 16 s) written without cancellation.
        let variance = 2.0 * squares / (n + (n * n + 16.0 * squares).sqrt());
        variance.max(f64::MIN_POSITIVE).sqrt().max(1e-12)
    }

    /// Log-posterior without constants.
    pub(super) fn log_posterior(&self, theta: &[f64], sigma: f64) -> f64 {
        let bends = 2 + self.changes.len();
        let mut lp = -0.5 * (theta[0] / K_SD).powi(2) - 0.5 * (theta[1] / M_SD).powi(2);
        lp -= theta[2..bends].iter().map(|d| d.abs()).sum::<f64>() / self.tau;
        lp -= theta[bends..].iter().zip(&self.precision).map(|(b, p)| 0.5 * b * b * p).sum::<f64>();
        lp -= 0.5 * (sigma / SIGMA_SD).powi(2);
        lp - self.y.len() as f64 * sigma.ln() - self.squares(theta) / (2.0 * sigma * sigma)
    }
}
