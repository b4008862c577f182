//! Exact maximum likelihood: variance and constant are concentrated out, the polynomials are searched.
//!
//! ln L = −½ [n ln 2π + n ln σ² + Σ ln F + Σ v²/(F σ²)], at σ² = Σ v²/F / n; the constant is its generalised least squares
//! value, from the same filter run over a series of ones.

use super::filter::{Filter, Sums};
use super::inference::standard_errors;
use super::polynomial::{Arma, difference};
use super::predict::{Point, predict};
use super::spec::{ArimaError, Given, Params, Spec};
use super::starts::{self, Start};
use super::transform;
use crate::optimise::{Difference, Limits, Minimum, minimise};
use crate::{Series, SeriesError};

/// Real factors and conjugate pairs that are followed a few steps, and how many of all are followed to the end.
const FACTORS: usize = 2;
const PAIRS: usize = 5;
const FINISHED: usize = 2;
const FOLLOW: Limits = Limits { iterations_max: 8, gain_min: 1e-2, difference: Difference::Forward };
const APPROACH: Limits = Limits { iterations_max: 150, gain_min: 1e-4, difference: Difference::Forward };
const FINISH: Limits = Limits { iterations_max: 150, gain_min: 1e-9, difference: Difference::Central };

/// How hard the best parameters are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// From the plain starts, without the last digits and without standard errors: to rank orders.
    Plain,
    /// From all starts, to the end.
    Full,
}

/// An estimated model, complete with the series it was estimated on.
#[derive(Clone, Debug)]
pub struct Fit {
    /// What was asked for.
    pub spec: Spec,
    /// What was found.
    pub params: Params,
    /// Standard errors in the order ar, ma, sar, sma, constant; `None` where the likelihood is not curved there
    /// (a parameter on the edge of its region).
    pub standard_errors: Vec<Option<f64>>,
    /// Exact log-likelihood of the differenced series, constants included.
    pub loglik: f64,
    /// Observations of the differenced series.
    pub observed: usize,
    /// Whether the search ended by itself.
    pub converged: bool,
    pub(super) values: Vec<f64>,
}

impl Fit {
    /// −2 ln L + 2k.
    #[must_use]
    pub fn aic(&self) -> f64 {
        -2.0 * self.loglik + 2.0 * self.spec.estimated() as f64
    }

    /// AIC corrected for short series (Hurvich & Tsai 1989); infinite when there are too few observations.
    #[must_use]
    pub fn aicc(&self) -> f64 {
        let (k, n) = (self.spec.estimated() as f64, self.observed as f64);
        if n - k - 1.0 <= 0.0 { f64::INFINITY } else { self.aic() + 2.0 * k * (k + 1.0) / (n - k - 1.0) }
    }

    /// −2 ln L + k ln n.
    #[must_use]
    pub fn bic(&self) -> f64 {
        -2.0 * self.loglik + self.spec.estimated() as f64 * (self.observed as f64).ln()
    }

    /// The distribution of the next `horizon` values, on the scale of the series that was fitted.
    ///
    /// # Errors
    /// [`ArimaError::MissingEnd`] when the last d + s·D values are not all present.
    pub fn forecast(&self, horizon: usize) -> Result<Vec<Point>, ArimaError> {
        predict(&self.spec, &self.params, &self.values, horizon)
    }

    /// One-step prediction errors divided by their standard deviation, in time order, missing values left out.
    #[must_use]
    pub fn residuals(&self) -> Vec<f64> {
        let problem = Problem::new(&self.values, &self.spec);
        let (mut filter, mut out) = (Filter::default(), Vec::new());
        filter.load(&expand(
            &self.spec,
            &self.params.ar,
            &self.params.ma,
            &self.params.sar,
            &self.params.sma,
        ));
        let shift = self.params.constant.unwrap_or(0.0) * problem.regressor - problem.centre;
        let w: Vec<f64> = problem.w.iter().map(|v| v - shift).collect();
        filter.run(&w, false, |v, f| out.push(v / (f * self.params.sigma2).sqrt()));
        out
    }
}

/// The differenced series, centred so that sums of squares do not cancel.
pub(super) struct Problem {
    pub(super) w: Vec<f64>,
    pub(super) centre: f64,
    /// Value of the constant's regressor; 0 without one.
    pub(super) regressor: f64,
}

impl Problem {
    pub(super) fn new(values: &[f64], spec: &Spec) -> Self {
        let mut w = difference(values, spec);
        let regressor = spec.regressor_value();
        let present: Vec<f64> = w.iter().copied().filter(|v| !v.is_nan()).collect();
        let centre =
            if regressor.is_some() { present.iter().sum::<f64>() / present.len().max(1) as f64 } else { 0.0 };
        w.iter_mut().for_each(|v| *v -= centre);
        Self { w, centre, regressor: regressor.unwrap_or(0.0) }
    }

    /// −ln L with everything but the polynomials at its best; infinite where undefined.
    fn objective(&self, filter: &mut Filter, arma: &Arma) -> f64 {
        if !filter.load(arma) {
            return f64::INFINITY;
        }
        let sums = filter.run(&self.w, self.regressor > 0.0, |_, _| {});
        let value = -concentrated(&sums);
        if value.is_finite() { value } else { f64::INFINITY }
    }

    /// The constant in natural units that the sums imply.
    fn constant(&self, sums: &Sums) -> Option<f64> {
        (self.regressor > 0.0).then(|| (self.centre + sums.xy / sums.xx) / self.regressor)
    }
}

fn best_square_sum(sums: &Sums) -> f64 {
    if sums.xx > 0.0 { sums.yy - sums.xy * sums.xy / sums.xx } else { sums.yy }
}

fn concentrated(sums: &Sums) -> f64 {
    let n = sums.observed as f64;
    let sigma2 = best_square_sum(sums) / n;
    -0.5 * (n * (2.0 * std::f64::consts::PI * sigma2).ln() + n + sums.log_f)
}

pub(super) fn expand(spec: &Spec, ar: &[f64], ma: &[f64], sar: &[f64], sma: &[f64]) -> Arma {
    Arma::expand(ar, sar, ma, sma, spec.season().3)
}

/// Splits unconstrained parameters into natural coefficients.
fn natural(spec: &Spec, u: &[f64]) -> [Vec<f64>; 4] {
    let (sp, _, _, _) = spec.season();
    let (ar, rest) = u.split_at(spec.p);
    let (ma, rest) = rest.split_at(spec.q);
    let (sar, sma) = rest.split_at(sp);
    let mut out: [Vec<f64>; 4] = Default::default();
    for (part, values) in out.iter_mut().zip([ar, ma, sar, sma]) {
        transform::to_coefficients(values, part);
    }
    for k in [1, 3] {
        out[k].iter_mut().for_each(|c| *c = -*c);
    }
    out
}

/// Estimates `spec` on `series`.
///
/// # Errors
/// A specification out of bounds, a series too short for it, or no finite likelihood anywhere.
pub fn fit(series: &Series, spec: &Spec) -> Result<Fit, ArimaError> {
    fit_with(series, spec, Effort::Full)
}

/// [`fit`] with less effort if wanted.
///
/// # Errors
/// As [`fit`].
pub fn fit_with(series: &Series, spec: &Spec, effort: Effort) -> Result<Fit, ArimaError> {
    fit_polled(series, spec, effort, &mut || true)
}

/// [`fit_with`] that asks before every evaluation of the likelihood whether to go on.
///
/// # Errors
/// As [`fit`], and [`ArimaError::Cancelled`].
pub fn fit_polled(
    series: &Series,
    spec: &Spec,
    effort: Effort,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Fit, ArimaError> {
    let problem = checked(series, spec)?;
    let mut cancelled = false;
    let best = search(&problem, spec, effort, &mut || {
        cancelled = cancelled || !go_on();
        !cancelled
    });
    if cancelled {
        return Err(ArimaError::Cancelled);
    }
    let best = best.ok_or(ArimaError::NoFit)?;
    let [ar, ma, sar, sma] = natural(spec, &best.at);
    let mut filter = Filter::default();
    filter.load(&expand(spec, &ar, &ma, &sar, &sma));
    let sums = filter.run(&problem.w, problem.regressor > 0.0, |_, _| {});
    let sigma2 = best_square_sum(&sums) / sums.observed as f64;
    let params = Params { ar, ma, sar, sma, constant: problem.constant(&sums), sigma2 };
    let standard_errors = match effort {
        Effort::Full => standard_errors(&problem, spec, &params),
        Effort::Plain => vec![None; spec.estimated() - 1],
    };
    Ok(Fit {
        spec: *spec,
        params,
        standard_errors,
        loglik: concentrated(&sums),
        observed: sums.observed,
        converged: best.converged,
        values: series.values().to_vec(),
    })
}

fn checked(series: &Series, spec: &Spec) -> Result<Problem, ArimaError> {
    spec.check()?;
    let problem = Problem::new(series.values(), spec);
    let have = problem.w.iter().filter(|v| !v.is_nan()).count();
    let need = spec.estimated() + 2;
    if have < need {
        return Err(SeriesError::TooShort { have: have + spec.lost(), need: need + spec.lost() }.into());
    }
    let mut present = problem.w.iter().filter(|v| !v.is_nan());
    let first = present.next().copied().unwrap_or(0.0);
    if present.all(|v| (v - first).abs() <= 1e-12 * (first.abs() + problem.centre.abs())) {
        return Err(SeriesError::Constant.into());
    }
    Ok(problem)
}

/// Plain starts and the best-ranked cancelling ones, a few steps each; then the best of them to the end.
fn search(
    problem: &Problem,
    spec: &Spec,
    effort: Effort,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Minimum> {
    let mut filter = Filter::default();
    // Infinity everywhere ends every search at once.
    let mut objective = |u: &[f64]| {
        if !go_on() {
            return f64::INFINITY;
        }
        let [ar, ma, sar, sma] = natural(spec, u);
        problem.objective(&mut filter, &expand(spec, &ar, &ma, &sar, &sma))
    };
    if spec.coefficients() == 0 {
        let value = objective(&[]);
        return value.is_finite().then(|| Minimum { at: Vec::new(), value, converged: true });
    }
    let cancelling = if effort == Effort::Full { promising(problem, spec) } else { Vec::new() };
    let mut followed: Vec<Minimum> = starts::plain(&problem.w, spec)
        .into_iter()
        .chain(cancelling)
        .filter_map(|start| start.unconstrained())
        .map(|u| minimise(&mut objective, &u, FOLLOW))
        .filter(|m| m.value.is_finite())
        .collect();
    followed.sort_by(|a, b| a.value.total_cmp(&b.value));
    followed
        .into_iter()
        .take(if effort == Effort::Full { FINISHED } else { 1 })
        .map(|m| {
            let near = minimise(&mut objective, &m.at, APPROACH);
            if effort == Effort::Plain {
                return near;
            }
            minimise(&mut objective, &near.at, FINISH)
        })
        .min_by(|a, b| a.value.total_cmp(&b.value))
}

/// The best real factors, and the best angles of conjugate pairs that are better than their neighbours.
fn promising(problem: &Problem, spec: &Spec) -> Vec<Start> {
    let mut filter = Filter::default();
    let mut rank = |start: &Start| {
        filter.load_conditional(&expand(spec, &start.ar, &start.ma, &start.sar, &start.sma));
        best_square_sum(&filter.run(&problem.w, problem.regressor > 0.0, |_, _| {}))
    };
    let mut factors: Vec<(f64, Start)> =
        starts::cancelling(spec).into_iter().map(|s| (rank(&s), s)).collect();
    let mut peaks: Vec<(f64, Start)> = Vec::new();
    for pairs in starts::cancelling_pairs(spec) {
        let values: Vec<f64> = pairs.iter().map(&mut rank).collect();
        for (i, start) in pairs.into_iter().enumerate() {
            let beside = [i.checked_sub(1).map(|b| values[b]), values.get(i + 1).copied()];
            if beside.into_iter().flatten().all(|b| values[i] <= b) {
                peaks.push((values[i], start));
            }
        }
    }
    for list in [&mut factors, &mut peaks] {
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    factors.truncate(FACTORS);
    factors.into_iter().chain(peaks.into_iter().take(PAIRS)).map(|(_, start)| start).collect()
}

/// The log-likelihood at given parameters, without fitting.
///
/// # Errors
/// Wrong counts, a non-stationary polynomial, a bad variance, or a series too short.
pub fn evaluate(series: &Series, spec: &Spec, given: &Given) -> Result<(f64, Params), ArimaError> {
    let fit = fixed(series, spec, given)?;
    Ok((fit.loglik, fit.params))
}

/// The model with given parameters on `series`: its likelihood and forecasts, no standard errors.
///
/// # Errors
/// As [`evaluate`].
pub fn fixed(series: &Series, spec: &Spec, given: &Given) -> Result<Fit, ArimaError> {
    let problem = checked(series, spec)?;
    check_given(spec, given)?;
    let mut filter = Filter::default();
    if !filter.load(&expand(spec, &given.ar, &given.ma, &given.sar, &given.sma)) {
        return Err(ArimaError::NotStationary);
    }
    let mut sums = filter.run(&problem.w, problem.regressor > 0.0, |_, _| {});
    let constant = given.constant.or_else(|| problem.constant(&sums));
    if let Some(c) = given.constant {
        let b = c * problem.regressor - problem.centre;
        sums.yy = sums.yy - 2.0 * b * sums.xy + b * b * sums.xx;
        (sums.xy, sums.xx) = (0.0, 0.0);
    }
    let n = sums.observed as f64;
    let squares = best_square_sum(&sums);
    let sigma2 = given.sigma2.unwrap_or(squares / n);
    let loglik = -0.5 * (n * (2.0 * std::f64::consts::PI * sigma2).ln() + sums.log_f + squares / sigma2);
    let params = Params {
        ar: given.ar.clone(),
        ma: given.ma.clone(),
        sar: given.sar.clone(),
        sma: given.sma.clone(),
        constant,
        sigma2,
    };
    Ok(Fit {
        spec: *spec,
        params,
        standard_errors: vec![None; spec.estimated() - 1],
        loglik,
        observed: sums.observed,
        converged: true,
        values: series.values().to_vec(),
    })
}

fn check_given(spec: &Spec, given: &Given) -> Result<(), ArimaError> {
    let (sp, _, sq, _) = spec.season();
    let counts = [
        ("ar", given.ar.len(), spec.p),
        ("ma", given.ma.len(), spec.q),
        ("sar", given.sar.len(), sp),
        ("sma", given.sma.len(), sq),
    ];
    if let Some((name, have, need)) = counts.into_iter().find(|(_, have, need)| have != need) {
        return Err(ArimaError::Count { name, have, need });
    }
    if given.sigma2.is_some_and(|s| !(s > 0.0 && s.is_finite())) {
        return Err(ArimaError::Variance);
    }
    if given.constant.is_some() && spec.regressor_value().is_none() {
        return Err(ArimaError::Count { name: "constant", have: 1, need: 0 });
    }
    for polynomial in [&given.ar, &given.sar] {
        transform::from_coefficients(polynomial).ok_or(ArimaError::NotStationary)?;
    }
    Ok(())
}
