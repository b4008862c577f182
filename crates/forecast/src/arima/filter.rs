//! The Kalman filter of an ARMA process: prediction errors and their variances, missing values allowed.
//!
//! Harvey's form makes two things cheap. After an observation the filtered covariance has a zero first row, so the
//! prediction step is a shift: `P'[i][j] = P[i+1][j+1] − P[i+1][0] P[j+1][0] / F + R_i R_j`. And P − R Rᵀ is positive
//! semi-definite, so its trace bounds every entry: when the trace is negligible the filter is steady (F = 1, gain = R) and
//! costs O(r) from then on. Cost: O(r²) per observation before, O(r) after. No allocation after construction.

use super::polynomial::Arma;
use super::stationary::state_covariance;

/// The trace of P − R Rᵀ below which the filter counts as steady: log F is then wrong by less than this per step.
const STEADY: f64 = 1e-13;

/// How often steadiness is looked for.
const STEADY_EVERY: usize = 8;

/// Sums over the observations that the concentrated likelihood needs. The regressor is a constant series of ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Observations present.
    pub(super) observed: usize,
    /// Σ ln F.
    pub(super) log_f: f64,
    /// Σ v² / F of the series.
    pub(super) yy: f64,
    /// Σ v x / F.
    pub(super) xy: f64,
    /// Σ x² / F of the regressor.
    pub(super) xx: f64,
}

/// Workspace for one model shape. Only the upper triangle of `p` is kept.
#[derive(Debug, Default)]
pub(super) struct Filter {
    r: usize,
    phi: Vec<f64>,
    gain: Vec<f64>,
    p: Vec<f64>,
    column: Vec<f64>,
    y: Vec<f64>,
    x: Vec<f64>,
}

impl Filter {
    /// Loads a model; `false` when it is not stationary.
    pub(super) fn load(&mut self, arma: &Arma) -> bool {
        self.resize(arma);
        state_covariance(arma, &mut self.p).is_some()
    }

    fn resize(&mut self, arma: &Arma) {
        let r = arma.state_len();
        self.r = r;
        self.phi.clear();
        self.phi.extend_from_slice(&arma.ar);
        self.phi.resize(r, 0.0);
        self.gain.clear();
        self.gain.push(1.0);
        self.gain.extend_from_slice(&arma.ma);
        self.gain.resize(r + 1, 0.0);
        self.p.clear();
        self.p.resize(r * r, 0.0);
        self.column.clear();
        self.column.resize(r + 1, 0.0);
        for state in [&mut self.y, &mut self.x] {
            state.clear();
            state.resize(r + 1, 0.0);
        }
    }

    /// Loads a model as if its past were known to be zero (conditional sum of squares): rough near the circle, but quick
    /// enough to rank hundreds of starting points.
    pub(super) fn load_conditional(&mut self, arma: &Arma) {
        self.resize(arma);
        self.settle();
    }

    /// Runs over `w` (`NaN` missing) and sums up; with `regressor` also over a series of ones at the same times.
    /// `residual(v, F)` is told every prediction error.
    pub(super) fn run(&mut self, w: &[f64], regressor: bool, residual: impl FnMut(f64, f64)) -> Sums {
        // The usual small models get loops of a known length, which the compiler unrolls: about twice as quick.
        match self.r {
            1 => self.run_sized::<1>(w, regressor, residual),
            2 => self.run_sized::<2>(w, regressor, residual),
            3 => self.run_sized::<3>(w, regressor, residual),
            4 => self.run_sized::<4>(w, regressor, residual),
            _ => self.run_sized::<0>(w, regressor, residual),
        }
    }

    /// [`Self::run`] for a state of `R` elements; 0 stands for any length.
    fn run_sized<const R: usize>(
        &mut self,
        w: &[f64],
        regressor: bool,
        mut residual: impl FnMut(f64, f64),
    ) -> Sums {
        let mut sums = Sums::default();
        let (mut steady, mut product) = (false, 1.0_f64);
        for (t, value) in w.iter().enumerate() {
            if value.is_nan() {
                self.skip(regressor);
                steady = false;
                continue;
            }
            steady = steady || (t % STEADY_EVERY == 0 && self.excess() < STEADY);
            let f = if steady { 1.0 } else { self.p[0] };
            let v = value - self.y[0];
            sums.observed += 1;
            let weight = 1.0 / f;
            sums.yy += v * v * weight;
            residual(v, f);
            if steady {
                shift::<R>(&mut self.y, &self.phi, *value, &self.gain, v);
            } else {
                // One logarithm for many factors: it costs as much as the rest of a small model's step.
                product *= f;
                if !(1e-100..1e100).contains(&product) {
                    sums.log_f += product.ln();
                    product = 1.0;
                }
                let r = if R == 0 { self.r } else { R };
                for (c, p) in self.column[..r].iter_mut().zip(&self.p[..r]) {
                    *c = p * weight;
                }
                shift::<R>(&mut self.y, &self.phi, *value, &self.column, v);
            }
            if regressor {
                let u = 1.0 - self.x[0];
                sums.xy += v * u * weight;
                sums.xx += u * u * weight;
                shift::<R>(&mut self.x, &self.phi, 1.0, if steady { &self.gain } else { &self.column }, u);
            }
            if !steady {
                self.shift_covariance::<R>(f);
            }
        }
        sums.log_f += product.ln();
        if steady {
            self.settle();
        }
        sums
    }

    /// The state's prediction for the next step and its covariance (r × r, upper triangle).
    pub(super) fn next_state(&self) -> (&[f64], &[f64]) {
        (&self.y[..self.r], &self.p)
    }

    /// trace(P − R Rᵀ): how far the filter is from steady.
    fn excess(&self) -> f64 {
        (0..self.r).map(|i| self.p[i * self.r + i] - self.gain[i] * self.gain[i]).sum()
    }

    /// P' = shift of the filtered covariance, plus R Rᵀ. `column` holds `P[·][0] / F`.
    fn shift_covariance<const R: usize>(&mut self, f: f64) {
        let r = if R == 0 { self.r } else { R };
        let (gain, column) = (&self.gain[..=r], &self.column[..=r]);
        let mut rows = self.p.as_mut_slice();
        for i in 0..r {
            let (row, below) = std::mem::take(&mut rows).split_at_mut(r);
            let (gain_i, lost) = (gain[i], column[i + 1] * f);
            if let Some(next) = below.get(..r) {
                // Zips instead of indices: this is the inner loop of every fit, and bounds checks would double it.
                let kept = next[i + 1..].iter().zip(&column[i + 1..]).map(|(p, c)| p - lost * c);
                for ((p, kept), gain_j) in row[i..].iter_mut().zip(kept).zip(&gain[i..]) {
                    *p = kept + gain_i * gain_j;
                }
            }
            row[r - 1] = gain_i * gain[r - 1];
            rows = below;
        }
    }

    /// A missing value: a' = T a, P' = T P Tᵀ + R Rᵀ.
    fn skip(&mut self, regressor: bool) {
        let r = self.r;
        let first: Vec<f64> = self.p[..r].iter().copied().chain([0.0]).collect();
        for i in 0..r {
            for j in i..r {
                let moved = if j + 1 < r { self.p[(i + 1) * r + j + 1] } else { 0.0 };
                self.p[i * r + j] = moved
                    + self.phi[i] * first[j + 1]
                    + self.phi[j] * first[i + 1]
                    + self.phi[i] * self.phi[j] * first[0]
                    + self.gain[i] * self.gain[j];
            }
        }
        let value = self.y[0];
        shift::<0>(&mut self.y, &self.phi, value, &self.gain, 0.0);
        if regressor {
            let value = self.x[0];
            shift::<0>(&mut self.x, &self.phi, value, &self.gain, 0.0);
        }
    }

    /// In the steady state the covariance is R Rᵀ exactly.
    fn settle(&mut self) {
        for i in 0..self.r {
            for j in 0..self.r {
                self.p[i * self.r + j] = self.gain[i] * self.gain[j];
            }
        }
    }
}

/// `a'[i] = φ_i value + a[i+1] + gain[i+1] v`: the state after an observation, predicted one step ahead.
fn shift<const R: usize>(state: &mut [f64], phi: &[f64], value: f64, gain: &[f64], v: f64) {
    let r = if R == 0 { phi.len() } else { R };
    let (state, phi, gain) = (&mut state[..=r], &phi[..r], &gain[..=r]);
    for i in 0..r {
        state[i] = phi[i] * value + state[i + 1] + gain[i + 1] * v;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact Gaussian log-density with unit variance by a dense covariance: the naive twin.
    fn dense(arma: &Arma, w: &[f64]) -> (f64, f64) {
        let n = w.len();
        let long = super::super::polynomial::psi(&arma.ar, &arma.ma, 4000);
        let gamma: Vec<f64> = (0..n).map(|k| long.iter().zip(&long[k..]).map(|(a, b)| a * b).sum()).collect();
        let present: Vec<usize> = (0..n).filter(|t| !w[*t].is_nan()).collect();
        let m = present.len();
        let mut l = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| l[i * m + k] * l[j * m + k]).sum();
                let value = gamma[present[i] - present[j]] - dot;
                l[i * m + j] = if i == j { value.sqrt() } else { value / l[j * m + j] };
            }
        }
        let mut z = vec![0.0; m];
        for i in 0..m {
            let dot: f64 = (0..i).map(|k| l[i * m + k] * z[k]).sum();
            z[i] = (w[present[i]] - dot) / l[i * m + i];
        }
        (2.0 * (0..m).map(|i| l[i * m + i].ln()).sum::<f64>(), z.iter().map(|v| v * v).sum())
    }

    #[test]
    fn the_filter_equals_the_dense_likelihood() {
        let mut w: Vec<f64> = (0..60).map(|t| f64::from(t * 37 % 23) / 7.0 - 1.5).collect();
        for (arma, gaps) in [
            (Arma::expand(&[0.7], &[], &[], &[], 1), vec![]),
            (Arma::expand(&[1.2, -0.5], &[], &[0.4, 0.1], &[], 1), vec![]),
            (Arma::expand(&[0.3], &[0.5], &[-0.4], &[0.6], 4), vec![]),
            (Arma::expand(&[], &[], &[0.3, -0.5], &[], 1), vec![3, 4, 20, 59]),
            (Arma::expand(&[0.9], &[], &[0.8], &[], 1), vec![0, 30, 31, 32]),
        ] {
            for gap in gaps {
                w[gap] = f64::NAN;
            }
            let mut filter = Filter::default();
            assert!(filter.load(&arma));
            let sums = filter.run(&w, false, |_, _| {});
            let (log_f, yy) = dense(&arma, &w);
            assert!((sums.log_f - log_f).abs() < 1e-9, "{arma:?} {} {log_f}", sums.log_f);
            assert!((sums.yy - yy).abs() < 1e-9 * yy, "{arma:?} {} {yy}", sums.yy);
        }
    }

    #[test]
    fn a_unit_root_is_refused() {
        assert!(!Filter::default().load(&Arma::expand(&[1.0], &[], &[], &[], 1)));
        assert!(!Filter::default().load(&Arma::expand(&[1.5], &[], &[], &[], 1)));
    }
}
