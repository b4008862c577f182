//! The distribution of future values.
//!
//! y_{n+h} = Σ δ_j y_{n+h−j} + w_{n+h}. Two sources of error: future shocks, with the ψ-weights of φ(B)(1−B)^d… (their
//! squares summed), and what the filter does not know of the present state (zero once it is steady), carried forward by
//! the same recursion.

use super::filter::Filter;
use super::fit::expand;
use super::polynomial::{difference, integration, psi};
use super::spec::{ArimaError, Params, Spec};

/// One step of a forecast: a normal distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation (parameters taken as known).
    pub se: f64,
}

/// The next `horizon` values after `values`.
pub(super) fn predict(
    spec: &Spec,
    params: &Params,
    values: &[f64],
    horizon: usize,
) -> Result<Vec<Point>, ArimaError> {
    let need = spec.lost();
    let tail = &values[values.len().saturating_sub(need)..];
    if tail.len() < need || tail.iter().any(|v| v.is_nan()) {
        return Err(ArimaError::MissingEnd { need });
    }
    let arma = expand(spec, &params.ar, &params.ma, &params.sar, &params.sma);
    let shift = params.constant.unwrap_or(0.0) * spec.regressor_value().unwrap_or(0.0);
    let w: Vec<f64> = difference(values, spec).iter().map(|v| v - shift).collect();
    let mut filter = Filter::default();
    if !filter.load(&arma) {
        return Err(ArimaError::NotStationary);
    }
    filter.run(&w, false, |_, _| {});
    let delta = integration(spec);
    let weights = psi(&combined(&arma.ar, &delta), &arma.ma, horizon);
    let mut state = State::new(&filter, &arma.ar);
    let (mut means, mut rows, mut spread) = (tail.to_vec(), Vec::<Vec<f64>>::new(), 0.0);
    let mut out = Vec::with_capacity(horizon);
    for h in 0..horizon {
        let (mean, row) = state.advance();
        let carried: f64 = delta.iter().enumerate().map(|(j, d)| d * means[means.len() - 1 - j]).sum();
        let mut row = row.to_vec();
        for (j, d) in delta.iter().enumerate().take(h) {
            row.iter_mut().zip(&rows[h - 1 - j]).for_each(|(a, b)| *a += d * b);
        }
        // The first prediction's covariance holds the first shock already; the ψ-weights begin with the second.
        let present = state.variance(&row);
        if h > 0 {
            spread += weights[h - 1] * weights[h - 1];
        }
        means.push(mean + shift + carried);
        rows.push(row);
        out.push(Point {
            mean: mean + shift + carried,
            se: ((spread + present) * params.sigma2).max(0.0).sqrt(),
        });
    }
    Ok(out)
}

/// φ(B)(1 − Σ δ B) as coefficients.
fn combined(ar: &[f64], delta: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; ar.len() + delta.len()];
    out[..ar.len()].copy_from_slice(ar);
    for (j, d) in delta.iter().enumerate() {
        out[j] += d;
        for (k, phi) in ar.iter().enumerate() {
            out[j + k + 1] -= phi * d;
        }
    }
    out
}

/// The predicted state, its covariance, and the row of Tʰ that picks w_{n+1+h} out of it.
struct State {
    phi: Vec<f64>,
    mean: Vec<f64>,
    row: Vec<f64>,
    covariance: Vec<f64>,
    started: bool,
}

impl State {
    fn new(filter: &Filter, ar: &[f64]) -> Self {
        let (mean, covariance) = filter.next_state();
        let mut phi = ar.to_vec();
        phi.resize(mean.len(), 0.0);
        let mut row = vec![0.0; mean.len()];
        row[0] = 1.0;
        Self { phi, mean: mean.to_vec(), row, covariance: covariance.to_vec(), started: false }
    }

    /// The next w and the row that makes it from the state after n.
    fn advance(&mut self) -> (f64, &[f64]) {
        let r = self.row.len();
        if self.started {
            // row · T: T[i][0] = φ_i, T[i][i+1] = 1.
            let first = (0..r).map(|i| self.row[i] * self.phi[i]).sum();
            self.row.rotate_right(1);
            self.row[0] = first;
        }
        self.started = true;
        (self.row.iter().zip(&self.mean).map(|(a, b)| a * b).sum(), &self.row)
    }

    fn variance(&self, row: &[f64]) -> f64 {
        // The filter keeps the upper triangle.
        let r = row.len();
        let at = |i: usize, j: usize| self.covariance[i.min(j) * r + i.max(j)];
        (0..r).map(|i| row[i] * (0..r).map(|j| at(i, j) * row[j]).sum::<f64>()).sum()
    }
}
