//! Where the search for the best parameters begins.
//!
//! The likelihood of a mixed model has several maxima, the best of them often where an autoregressive and a moving-average
//! root almost cancel. So the starts are: nothing, Hannan–Rissanen's two regressions (Biometrika 69, 1982), and nearly
//! cancelling factors 1 − ρ Bᵏ or conjugate pairs at a grid of angles, ranked by their conditional sum of squares.

use super::spec::Spec;
use super::transform::from_coefficients;
use crate::linalg::solve;

/// Angles of conjugate pairs tried: one about every hundredth of a half-turn, the width of a pair of modulus 0.99.
const ANGLES: usize = 150;
/// Moduli (autoregressive, moving-average) of the nearly cancelling factors.
const MODULI: [(f64, f64); 2] = [(0.985, 0.95), (0.98, 0.997)];

/// The natural coefficients of a start: ar, ma, sar, sma.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) ar: Vec<f64>,
    pub(super) ma: Vec<f64>,
    pub(super) sar: Vec<f64>,
    pub(super) sma: Vec<f64>,
}

impl Start {
    fn zero(spec: &Spec) -> Self {
        let (sp, _, sq, _) = spec.season();
        Self { ar: vec![0.0; spec.p], ma: vec![0.0; spec.q], sar: vec![0.0; sp], sma: vec![0.0; sq] }
    }

    /// As unconstrained parameters in the order ar, ma, sar, sma; `None` outside the region.
    pub(super) fn unconstrained(&self) -> Option<Vec<f64>> {
        let flip = |v: &[f64]| v.iter().map(|c| -c).collect::<Vec<_>>();
        let mut u = from_coefficients(&self.ar)?;
        u.extend(from_coefficients(&flip(&self.ma))?);
        u.extend(from_coefficients(&self.sar)?);
        u.extend(from_coefficients(&flip(&self.sma))?);
        Some(u)
    }
}

/// Starts worth following whatever their likelihood: nothing, and the regressions.
pub(super) fn plain(w: &[f64], spec: &Spec) -> Vec<Start> {
    let zero = Start::zero(spec);
    let mut starts = vec![zero.clone()];
    let mut seasonal = zero;
    // The usual seasonal moving average of an over-differenced season.
    if let (Some(last), Some(s)) = (seasonal.sma.first_mut(), spec.seasonal) {
        *last = if s.d > 0 { -0.5 } else { 0.3 };
        if let Some(first) = seasonal.ma.first_mut().filter(|_| spec.d > 0) {
            *first = -0.3;
        }
        starts.push(seasonal);
    }
    starts.extend(hannan_rissanen(w, spec));
    starts
}

/// Starts with nearly cancelling real factors: 1 ∓ ρ Bᵏ, also seasonal.
pub(super) fn cancelling(spec: &Spec) -> Vec<Start> {
    let zero = Start::zero(spec);
    let (sp, _, sq, _) = spec.season();
    let mut starts = Vec::new();
    for ((ar, ma), sign) in MODULI.into_iter().flat_map(|m| [(m, 1.0), (m, -1.0)]) {
        for k in 0..spec.p.min(spec.q) {
            let mut start = zero.clone();
            (start.ar[k], start.ma[k]) = (sign * ar, -sign * ma);
            starts.push(start);
        }
        if sp.min(sq) >= 1 {
            let mut start = zero.clone();
            (start.sar[0], start.sma[0]) = (sign * ar, -sign * ma);
            starts.push(start);
        }
    }
    starts
}

/// Starts with nearly cancelling conjugate pairs, in order of their angle, one list for each pair of moduli.
pub(super) fn cancelling_pairs(spec: &Spec) -> Vec<Vec<Start>> {
    if spec.p.min(spec.q) < 2 {
        return Vec::new();
    }
    let at = |ar: f64, ma: f64, step: usize| {
        let cosine = (std::f64::consts::PI * step as f64 / ANGLES as f64).cos();
        let mut start = Start::zero(spec);
        start.ar[..2].copy_from_slice(&[2.0 * ar * cosine, -ar * ar]);
        start.ma[..2].copy_from_slice(&[-2.0 * ma * cosine, ma * ma]);
        start
    };
    MODULI.into_iter().map(|(ar, ma)| (1..ANGLES).map(|step| at(ar, ma, step)).collect()).collect()
}

/// Long autoregression for the shocks, then a regression on lags and lagged shocks; missing values skip their rows.
fn hannan_rissanen(w: &[f64], spec: &Spec) -> Option<Start> {
    let present: Vec<f64> = w.iter().copied().filter(|v| !v.is_nan()).collect();
    let mean = present.iter().sum::<f64>() / present.len().max(1) as f64;
    let centred: Vec<f64> = w.iter().map(|v| v - mean).collect();
    let (sp, _, sq, period) = spec.season();
    let long = (spec.p + spec.q + 4).max(if sp + sq > 0 { period + 2 } else { 0 }).min(w.len() / 4);
    let long_lags: Vec<Lag> = (1..=long).map(Lag::Value).collect();
    let phi = regress(&centred, &[], &long_lags)?;
    let shocks: Vec<f64> = (0..w.len())
        .map(|t| {
            if t < long {
                return f64::NAN;
            }
            centred[t] - phi.iter().enumerate().map(|(k, c)| c * centred[t - 1 - k]).sum::<f64>()
        })
        .collect();
    let lags: Vec<Lag> = (1..=spec.p)
        .map(Lag::Value)
        .chain((1..=spec.q).map(Lag::Shock))
        .chain((1..=sp).map(|k| Lag::Value(k * period)))
        .chain((1..=sq).map(|k| Lag::Shock(k * period)))
        .collect();
    let b = regress(&centred, &shocks, &lags)?;
    let (ar, rest) = b.split_at(spec.p);
    let (ma, rest) = rest.split_at(spec.q);
    let (sar, sma) = rest.split_at(sp);
    let mut start = Start { ar: ar.to_vec(), ma: ma.to_vec(), sar: sar.to_vec(), sma: sma.to_vec() };
    // Shrink towards nothing until it lies inside the region.
    for _ in 0..40 {
        if start.unconstrained().is_some() {
            return Some(start);
        }
        for part in [&mut start.ar, &mut start.ma, &mut start.sar, &mut start.sma] {
            part.iter_mut().for_each(|c| *c *= 0.9);
        }
    }
    None
}

#[derive(Clone, Copy, Debug)]
enum Lag {
    Value(usize),
    Shock(usize),
}

/// Least squares of `values` on the lags, by normal equations with a whisper of ridge.
fn regress(values: &[f64], shocks: &[f64], lags: &[Lag]) -> Option<Vec<f64>> {
    let n = lags.len();
    let reach = lags
        .iter()
        .map(|l| match l {
            Lag::Value(k) | Lag::Shock(k) => *k,
        })
        .max()
        .unwrap_or(0);
    let (mut a, mut b, mut row, mut rows) = (vec![0.0; n * n], vec![0.0; n], vec![0.0; n], 0_usize);
    for t in reach..values.len() {
        for (x, lag) in row.iter_mut().zip(lags) {
            *x = match lag {
                Lag::Value(k) => values[t - k],
                Lag::Shock(k) => shocks[t - k],
            };
        }
        if values[t].is_nan() || row.iter().any(|x| x.is_nan()) {
            continue;
        }
        rows += 1;
        for i in 0..n {
            b[i] += row[i] * values[t];
            for j in 0..n {
                a[i * n + j] += row[i] * row[j];
            }
        }
    }
    if rows < 2 * n {
        return None;
    }
    for i in 0..n {
        a[i * n + i] *= 1.0 + 1e-9;
    }
    solve(&mut a, &mut b)?;
    Some(b)
}
