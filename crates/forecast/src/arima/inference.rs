//! Standard errors from the curvature of the likelihood in natural parameters (observed information).
//!
//! The variance is concentrated out; it is asymptotically independent of the rest. Second differences, with the step
//! shortened where the likelihood ends; a parameter on the edge of its region has no standard error.

use super::filter::Filter;
use super::fit::{Problem, expand};
use super::spec::{Params, Spec};
use crate::linalg::inverse_spd;

/// In the order ar, ma, sar, sma, constant.
pub(super) fn standard_errors(problem: &Problem, spec: &Spec, params: &Params) -> Vec<Option<f64>> {
    let mut at: Vec<f64> =
        [&params.ar, &params.ma, &params.sar, &params.sma].into_iter().flatten().copied().collect();
    at.extend(params.constant);
    let n = at.len();
    if n == 0 {
        return Vec::new();
    }
    let mut filter = Filter::default();
    let mut cost = |x: &[f64]| negative_loglik(problem, spec, &mut filter, x);
    let steps: Vec<f64> = (0..n)
        .map(|i| {
            let constant = i == n - 1 && params.constant.is_some();
            let unit = if constant { params.sigma2.sqrt() * 0.1 / problem.regressor } else { 1.0 };
            unit * 1e-4
        })
        .collect();
    let Some(hessian) = second_differences(&mut cost, &at, &steps) else { return vec![None; n] };
    match inverse_spd(&hessian, n) {
        Some(covariance) => {
            (0..n).map(|i| Some(covariance[i * n + i].sqrt()).filter(|v| v.is_finite())).collect()
        }
        None => vec![None; n],
    }
}

fn negative_loglik(problem: &Problem, spec: &Spec, filter: &mut Filter, x: &[f64]) -> f64 {
    let (sp, _, sq, _) = spec.season();
    let (ar, rest) = x.split_at(spec.p);
    let (ma, rest) = rest.split_at(spec.q);
    let (sar, rest) = rest.split_at(sp);
    let (sma, constant) = rest.split_at(sq);
    if !filter.load(&expand(spec, ar, ma, sar, sma)) {
        return f64::INFINITY;
    }
    let sums = filter.run(&problem.w, problem.regressor > 0.0, |_, _| {});
    let b = constant.first().map_or(0.0, |c| c * problem.regressor - problem.centre);
    let squares = sums.yy - 2.0 * b * sums.xy + b * b * sums.xx;
    let n = sums.observed as f64;
    0.5 * (n * (squares / n).ln() + sums.log_f)
}

/// The Hessian by central second differences; `None` where the function is not defined on both sides.
fn second_differences(f: &mut impl FnMut(&[f64]) -> f64, at: &[f64], steps: &[f64]) -> Option<Vec<f64>> {
    let n = at.len();
    let mut hessian = vec![0.0; n * n];
    let mut moved = |i: usize, a: f64, j: usize, b: f64| {
        let mut x = at.to_vec();
        x[i] += a * steps[i];
        x[j] += b * steps[j];
        f(&x)
    };
    let here = moved(0, 0.0, 0, 0.0);
    for i in 0..n {
        for j in 0..=i {
            let value = if i == j {
                moved(i, 1.0, i, 0.0) - 2.0 * here + moved(i, -1.0, i, 0.0)
            } else {
                let same = moved(i, 1.0, j, 1.0) + moved(i, -1.0, j, -1.0);
                (same - moved(i, 1.0, j, -1.0) - moved(i, -1.0, j, 1.0)) / 4.0
            };
            if !value.is_finite() {
                return None;
            }
            hessian[i * n + j] = value / (steps[i] * steps[j]);
            hessian[j * n + i] = hessian[i * n + j];
        }
    }
    Some(hessian)
}
