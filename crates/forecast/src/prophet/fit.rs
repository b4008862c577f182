//! Maximum a posteriori: σ in closed form, the rest by exact steps (additive) or a proximal Gauss–Newton (multiplicative).
//!
//! An additive model with σ fixed is a ridge problem with absolute values on the change points, solved exactly; σ and the
//! rest alternate until nothing moves. A multiplicative one is linearised, solved the same way, and the step shortened until
//! the posterior rises.

use super::design::{Design, Theta};
use super::features::{self, Feature};
use super::lasso;
use super::options::{Growth, Options, ProphetError};

/// Most alternations; each raises the posterior.
const ROUNDS_MAX: usize = 500;
/// Rounds end when one gains less than this in log-posterior.
const GAIN_MIN: f64 = 1e-9;

/// An estimated model: plain numbers, so that it can be written down and read back bit for bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Growth rate in scaled units.
    pub k: f64,
    /// Offset in scaled units.
    pub m: f64,
    /// Changes of the rate at the change points.
    pub delta: Vec<f64>,
    /// Coefficients of the features.
    pub beta: Vec<f64>,
    /// Noise in scaled units.
    pub sigma_obs: f64,
    /// Penalised log-posterior without constants, of the scaled history.
    pub log_posterior: f64,
    /// Change points in scaled time.
    pub changepoints: Vec<f64>,
    /// What y was divided by: its largest absolute value.
    pub y_scale: f64,
    /// First time, seconds since the epoch.
    pub start: f64,
    /// Seconds from the first to the last time.
    pub t_scale: f64,
    /// The columns that `beta` belongs to.
    pub features: Vec<Feature>,
    /// Shape of the trend.
    pub growth: Growth,
    /// τ.
    pub tau: f64,
}

impl Model {
    pub(super) fn theta(&self) -> Theta {
        let mut theta = vec![self.k, self.m];
        theta.extend(&self.delta);
        theta.extend(&self.beta);
        theta
    }

    /// Names of the components, one for each coefficient.
    #[must_use]
    pub fn components(&self) -> Vec<&str> {
        self.features.iter().map(|f| f.component.as_str()).collect()
    }
}

/// Estimates the model. `times` in seconds since the epoch, rising; `NaN` in `values` is missing; `regressors[i]` belongs to
/// `options.regressors[i]`.
///
/// # Errors
/// Options out of range, lengths that differ, times that do not rise, values that are not finite, too few values.
pub fn fit(
    times: &[f64],
    values: &[f64],
    regressors: &[Vec<f64>],
    options: &Options,
) -> Result<Model, ProphetError> {
    let (mut design, mut model) = prepare(times, values, regressors, options)?;
    let start = initial(&design);
    let theta =
        if design.is_linear() { alternate(&design, start)? } else { gauss_newton(&mut design, start)? };
    let sigma = design.best_sigma(design.squares(&theta));
    model.log_posterior = design.log_posterior(&theta, sigma);
    store(&mut model, &theta, sigma);
    Ok(model)
}

/// The log-posterior at given scaled parameters (k, m, δ, β, σ), without fitting.
///
/// # Errors
/// As [`fit`], and when the number of parameters is not the model's.
pub fn log_posterior(
    times: &[f64],
    values: &[f64],
    options: &Options,
    theta: &[f64],
    sigma: f64,
) -> Result<f64, ProphetError> {
    let (design, _) = prepare(times, values, &[], options)?;
    if theta.len() != design.len() {
        return Err(ProphetError::Length { what: "theta".to_owned(), have: theta.len(), need: design.len() });
    }
    Ok(design.log_posterior(theta, sigma))
}

fn store(model: &mut Model, theta: &[f64], sigma: f64) {
    let bends = 2 + model.changepoints.len();
    (model.k, model.m, model.sigma_obs) = (theta[0], theta[1], sigma);
    model.delta = theta[2..bends].to_vec();
    model.beta = theta[bends..].to_vec();
}

fn prepare(
    times: &[f64],
    values: &[f64],
    regressors: &[Vec<f64>],
    options: &Options,
) -> Result<(Design, Model), ProphetError> {
    options.check()?;
    check_input(times, values, regressors, options)?;
    let present: Vec<usize> = (0..values.len()).filter(|i| !values[*i].is_nan()).collect();
    if present.len() < 2 {
        return Err(ProphetError::TooShort { have: present.len() });
    }
    let pick = |from: &[f64]| present.iter().map(|i| from[*i]).collect::<Vec<f64>>();
    let (times, values) = (pick(times), pick(values));
    let regressors: Vec<Vec<f64>> = regressors.iter().map(|r| pick(r)).collect();
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let y_scale = if largest > 0.0 { largest } else { 1.0 };
    let (start, t_scale) = (times[0], times[times.len() - 1] - times[0]);
    let features = features::plan(&times, &regressors, options)?;
    let mut design = Design::new(&features, options.growth, options.changepoint_prior_scale);
    design.t = times.iter().map(|t| (t - start) / t_scale).collect();
    design.y = values.iter().map(|v| v / y_scale).collect();
    design.changes = features::changepoints(&design.t, options);
    design.x = features::matrix(&features, &times, &regressors);
    let model = Model {
        k: 0.0,
        m: 0.0,
        delta: Vec::new(),
        beta: Vec::new(),
        sigma_obs: 0.0,
        log_posterior: 0.0,
        changepoints: design.changes.clone(),
        y_scale,
        start,
        t_scale,
        features,
        growth: options.growth,
        tau: options.changepoint_prior_scale,
    };
    Ok((design, model))
}

fn check_input(
    times: &[f64],
    values: &[f64],
    regressors: &[Vec<f64>],
    options: &Options,
) -> Result<(), ProphetError> {
    let need = times.len();
    let length = |what: &str, have: usize| {
        if have == need { Ok(()) } else { Err(ProphetError::Length { what: what.to_owned(), have, need }) }
    };
    length("the series", values.len())?;
    if regressors.len() != options.regressors.len() {
        let what = "the list of regressors".to_owned();
        return Err(ProphetError::Length { what, have: regressors.len(), need: options.regressors.len() });
    }
    for (regressor, column) in options.regressors.iter().zip(regressors) {
        length(&regressor.name, column.len())?;
        finite(&regressor.name, column, false)?;
    }
    finite("the times", times, false)?;
    finite("the series", values, true)?;
    match times.windows(2).position(|w| w[1] <= w[0]) {
        Some(at) => Err(ProphetError::Unsorted { index: at + 1 }),
        None => Ok(()),
    }
}

fn finite(what: &str, values: &[f64], missing_allowed: bool) -> Result<(), ProphetError> {
    match values.iter().position(|v| v.is_infinite() || (v.is_nan() && !missing_allowed)) {
        Some(index) => Err(ProphetError::NotFinite { what: what.to_owned(), index }),
        None => Ok(()),
    }
}

/// A straight line through the ends, as the published program starts.
fn initial(design: &Design) -> Theta {
    let mut theta = vec![0.0; design.len()];
    let last = design.y.len() - 1;
    match design.growth {
        Growth::Linear => (theta[0], theta[1]) = (design.y[last] - design.y[0], design.y[0]),
        Growth::Flat => theta[1] = design.y.iter().sum::<f64>() / design.y.len() as f64,
    }
    theta
}

/// One exact solution of the (linearised) problem at noise `sigma`.
fn step(
    design: &Design,
    normal: &(Vec<f64>, Vec<f64>),
    sigma: f64,
    theta: &[f64],
) -> Result<Theta, ProphetError> {
    let n = design.len();
    let weight = 1.0 / (sigma * sigma);
    let mut h: Vec<f64> = normal.0.iter().map(|g| g * weight).collect();
    for (i, ridge) in design.ridge().iter().enumerate() {
        h[i * n + i] += ridge;
    }
    let b: Vec<f64> = normal.1.iter().map(|v| v * weight).collect();
    let lasso = 2..2 + design.changes.len();
    lasso::minimise(&h, &b, &lasso, 1.0 / design.tau, theta).ok_or(ProphetError::Singular)
}

/// σ and the rest in turn; the Gram matrix of an additive model never changes.
fn alternate(design: &Design, mut theta: Theta) -> Result<Theta, ProphetError> {
    let normal = design.normal_equations(&theta);
    let total: f64 = design.y.iter().map(|y| y * y).sum();
    let mut sigma = design.best_sigma(design.squares(&theta));
    for _ in 0..ROUNDS_MAX {
        theta = step(design, &normal, sigma, &theta)?;
        let next = design.best_sigma(gram_squares(&normal, &theta, total).max(0.0));
        let moved = (next / sigma - 1.0).abs();
        sigma = next;
        if moved < 1e-8 {
            break;
        }
    }
    Ok(theta)
}

/// Σ r² from the Gram matrix: cheap, and exact enough to steer σ.
fn gram_squares((gram, right): &(Vec<f64>, Vec<f64>), theta: &[f64], total: f64) -> f64 {
    let n = theta.len();
    let quadratic: f64 = (0..n)
        .map(|i| theta[i] * gram[i * n..(i + 1) * n].iter().zip(theta).map(|(g, t)| g * t).sum::<f64>())
        .sum();
    total - 2.0 * theta.iter().zip(right).map(|(t, r)| t * r).sum::<f64>() + quadratic
}

/// Linearise, solve, shorten the step until the posterior rises.
fn gauss_newton(design: &mut Design, mut theta: Theta) -> Result<Theta, ProphetError> {
    let score = |design: &Design, theta: &[f64]| {
        let sigma = design.best_sigma(design.squares(theta));
        (design.log_posterior(theta, sigma), sigma)
    };
    let (mut reached, mut sigma) = score(design, &theta);
    for _ in 0..ROUNDS_MAX {
        let normal = design.normal_equations(&theta);
        let goal = step(design, &normal, sigma, &theta)?;
        let mut share = 1.0;
        let (next, value, next_sigma) = loop {
            let trial: Theta = theta.iter().zip(&goal).map(|(a, b)| a + share * (b - a)).collect();
            let (value, sigma) = score(design, &trial);
            if value > reached || share < 1e-6 {
                break (trial, value, sigma);
            }
            share *= 0.5;
        };
        if !(value > reached) {
            break;
        }
        let gain = value - reached;
        (theta, reached, sigma) = (next, value, next_sigma);
        if gain < GAIN_MIN {
            break;
        }
    }
    Ok(theta)
}
