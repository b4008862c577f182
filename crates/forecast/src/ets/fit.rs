//! Estimation, selection and forecasts of exponential smoothing.

use crate::arima::Point;
use crate::optimise::{Difference, Limits, minimise};
use crate::{Series, SeriesError};

const LIMITS: Limits = Limits { iterations_max: 120, gain_min: 1e-7, difference: Difference::Central };
/// Damping stays in a range where it can be told from none and from no trend.
const DAMPING: (f64, f64) = (0.8, 0.98);
/// Longest season.
const PERIOD_MAX: usize = 168;

/// The trend's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// None: (A,N,·).
    None,
    /// Additive: (A,A,·).
    Additive,
    /// Additive and damped: (A,Ad,·).
    Damped,
}

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The trend.
    pub trend: Trend,
    /// Steps in a season, if it has one.
    pub period: Option<usize>,
}

/// Why there is no model.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum EtsError {
    /// The data.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// A season out of range.
    #[error("a season of {0} steps is out of range: 2 to 168")]
    Period(usize),
    /// No parameters with a finite likelihood.
    #[error("no parameters with a finite likelihood were found")]
    NoFit,
}

/// An estimated model with its state after the last value.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The form.
    pub form: Form,
    /// α, β, γ, φ; zero or one where the form has none.
    pub smoothing: [f64; 4],
    /// Level and trend before the first value.
    pub first: [f64; 2],
    /// The season before the first value, oldest place first; empty without.
    pub first_season: Vec<f64>,
    /// Variance of the one-step errors.
    pub sigma2: f64,
    /// Gaussian log-likelihood, constants included.
    pub loglik: f64,
    /// Values present.
    pub observed: usize,
}

/// The state while running through a series.
struct State {
    level: f64,
    trend: f64,
    /// Place 0 is the next step's.
    season: std::collections::VecDeque<f64>,
}

impl Form {
    /// Its name in the literature's notation.
    #[must_use]
    pub fn name(self) -> String {
        let trend = match self.trend {
            Trend::None => "N",
            Trend::Additive => "A",
            Trend::Damped => "Ad",
        };
        format!("ETS(A,{trend},{})", if self.period.is_some() { "A" } else { "N" })
    }

    /// Estimated numbers, the variance included.
    fn estimated(self) -> usize {
        let trend = match self.trend {
            Trend::None => 0,
            Trend::Additive => 2,
            Trend::Damped => 3,
        };
        3 + trend + self.period.map_or(0, |p| p)
    }
}

impl Fit {
    /// AIC corrected for short series; infinite with too few values.
    #[must_use]
    pub fn aicc(&self) -> f64 {
        let (k, n) = (self.form.estimated() as f64, self.observed as f64);
        if n - k - 1.0 <= 0.0 {
            return f64::INFINITY;
        }
        -2.0 * self.loglik + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)
    }

    /// The next values after `series`, which may be longer than the one it was estimated on.
    #[must_use]
    pub fn forecast(&self, series: &Series, horizon: usize) -> Vec<Point> {
        let mut state = State::new(self.first, &self.first_season);
        state.run(series.values(), self.smoothing);
        let [alpha, beta, gamma, phi] = self.smoothing;
        let (mut out, mut spread, mut course, mut power) = (Vec::with_capacity(horizon), 1.0, 0.0, 1.0);
        for h in 1..=horizon {
            // φ + φ² + … + φʰ.
            power *= phi;
            let before = course;
            course += power;
            if h > 1 {
                let season = match self.form.period {
                    Some(m) if (h - 1).is_multiple_of(m) => gamma,
                    _ => 0.0,
                };
                let c = alpha + beta * before + season;
                spread += c * c;
            }
            let season = match state.season.len() {
                0 => 0.0,
                m => state.season[(h - 1) % m],
            };
            out.push(Point {
                mean: state.level + course * state.trend + season,
                se: (self.sigma2 * spread).sqrt(),
            });
        }
        out
    }
}

impl State {
    fn new(first: [f64; 2], season: &[f64]) -> Self {
        Self { level: first[0], trend: first[1], season: season.iter().copied().collect() }
    }

    /// Runs through the values; (Σ e², values present).
    fn run(&mut self, values: &[f64], [alpha, beta, gamma, phi]: [f64; 4]) -> (f64, usize) {
        let (mut squares, mut count) = (0.0, 0);
        for value in values {
            let season = self.season.pop_front();
            let trend = phi * self.trend;
            let expected = self.level + trend + season.unwrap_or(0.0);
            let error = if value.is_nan() { 0.0 } else { value - expected };
            if !value.is_nan() {
                squares += error * error;
                count += 1;
            }
            self.level += trend + alpha * error;
            self.trend = trend + beta * error;
            if let Some(season) = season {
                self.season.push_back(season + gamma * error);
            }
        }
        (squares, count)
    }
}

/// A series and a form, with where the search begins.
struct Problem<'a> {
    values: &'a [f64],
    observed: f64,
    form: Form,
    level: f64,
    trend: f64,
    season: Vec<f64>,
    /// Size of a usual change, the unit of the first state's search.
    scale: f64,
}

impl Problem<'_> {
    /// Smoothing parameters and first state of unconstrained numbers.
    fn decode(&self, u: &[f64]) -> ([f64; 4], [f64; 2]) {
        let share = |v: f64| 1.0 / (1.0 + (-v).exp());
        let inner = |v: f64| share(v).clamp(1e-4, 0.9999);
        let alpha = inner(u[0]);
        let (mut smoothing, mut first) = ([alpha, 0.0, 0.0, 1.0], [self.level + u[1] * self.scale, 0.0]);
        let mut rest = u[2..].iter().copied();
        let mut next = || rest.next().unwrap_or(0.0);
        if self.form.trend != Trend::None {
            // 0 < β < α keeps the trend's weights falling.
            smoothing[1] = alpha * inner(next());
            first[1] = self.trend + next() * self.scale;
        }
        if self.form.trend == Trend::Damped {
            smoothing[3] = DAMPING.0 + (DAMPING.1 - DAMPING.0) * share(next());
        }
        if self.form.period.is_some() {
            smoothing[2] = (1.0 - alpha) * inner(next());
        }
        (smoothing, first)
    }

    /// −ln L up to a constant.
    fn cost(&self, u: &[f64]) -> f64 {
        let (smoothing, first) = self.decode(u);
        let (squares, _) = State::new(first, &self.season).run(self.values, smoothing);
        let value = 0.5 * self.observed * (squares / self.observed).ln();
        if value.is_finite() { value } else { f64::INFINITY }
    }

    /// A responsive, a middling and a sluggish level: the likelihood may have a hill at each end.
    fn starts(&self) -> [Vec<f64>; 3] {
        let trend = match self.form.trend {
            Trend::None => 0,
            Trend::Additive => 2,
            Trend::Damped => 3,
        };
        [0.5, -2.0, 3.0].map(|alpha| {
            let mut u = vec![-2.0; 2 + trend + usize::from(self.form.period.is_some())];
            (u[0], u[1]) = (alpha, 0.0);
            if trend > 0 {
                u[3] = 0.0;
            }
            u
        })
    }
}

/// Estimates one form.
///
/// # Errors
/// A series too short for it, a season out of range.
pub fn fit(series: &Series, form: Form) -> Result<Fit, EtsError> {
    let values = series.values();
    if let Some(period) = form.period.filter(|p| !(2..=PERIOD_MAX).contains(p)) {
        return Err(EtsError::Period(period));
    }
    let need = (form.estimated() + 2).max(form.period.map_or(0, |p| 2 * p));
    if series.observed() < need {
        return Err(SeriesError::TooShort { have: series.observed(), need }.into());
    }
    let (level, trend, season) = beginning(values, form);
    let observed = series.observed() as f64;
    let problem = Problem { values, observed, form, level, trend, season, scale: spread(values).max(1e-12) };
    let best = problem
        .starts()
        .iter()
        .map(|start| minimise(|u| problem.cost(u), start, LIMITS))
        .filter(|m| m.value.is_finite())
        .min_by(|a, b| a.value.total_cmp(&b.value))
        .ok_or(EtsError::NoFit)?;
    let (smoothing, first) = problem.decode(&best.at);
    let (squares, observed) = State::new(first, &problem.season).run(values, smoothing);
    let sigma2 = squares / problem.observed;
    let loglik = -0.5 * problem.observed * ((2.0 * std::f64::consts::PI * sigma2).ln() + 1.0);
    if !loglik.is_finite() {
        return Err(EtsError::NoFit);
    }
    Ok(Fit { form, smoothing, first, first_season: problem.season, sigma2, loglik, observed })
}

/// The form with the smallest AICc; with a season also the seasonal ones.
///
/// # Errors
/// As [`fit`], when no form can be fitted.
pub fn select(series: &Series, period: Option<usize>) -> Result<Fit, EtsError> {
    let seasons = [None, period];
    let count = if period.is_some() { 2 } else { 1 };
    let forms = seasons[..count].iter().flat_map(|period| {
        [Trend::None, Trend::Additive, Trend::Damped].map(|trend| Form { trend, period: *period })
    });
    let (mut best, mut refused) = (None::<Fit>, EtsError::NoFit);
    for form in forms {
        match fit(series, form) {
            Ok(found) if best.as_ref().is_none_or(|b| found.aicc() < b.aicc()) => best = Some(found),
            Ok(_) => {}
            Err(e) => refused = e,
        }
    }
    best.ok_or(refused)
}

/// Level, trend and season to begin with.
fn beginning(values: &[f64], form: Form) -> (f64, f64, Vec<f64>) {
    let span = form.period.map_or(10, |p| 2 * p).min(values.len());
    let places: Vec<usize> = (0..span).filter(|t| !values[*t].is_nan()).collect();
    let head: Vec<(f64, f64)> = places.iter().map(|t| (*t as f64, values[*t])).collect();
    let n = head.len().max(1) as f64;
    let (t_mean, y_mean) =
        (head.iter().map(|p| p.0).sum::<f64>() / n, head.iter().map(|p| p.1).sum::<f64>() / n);
    let sxx: f64 = head.iter().map(|p| (p.0 - t_mean).powi(2)).sum();
    let sxy: f64 = head.iter().map(|p| (p.0 - t_mean) * (p.1 - y_mean)).sum();
    let slope = if form.trend != Trend::None && sxx > 0.0 { sxy / sxx } else { 0.0 };
    let level = y_mean - slope * (t_mean + 1.0);
    let season = form.period.map_or_else(Vec::new, |period| {
        let place = |k: usize| {
            let list: Vec<f64> = places
                .iter()
                .zip(&head)
                .filter(|(t, _)| **t % period == k)
                .map(|(_, p)| p.1 - level - slope * (p.0 + 1.0))
                .collect();
            if list.is_empty() { 0.0 } else { list.iter().sum::<f64>() / list.len() as f64 }
        };
        let raw: Vec<f64> = (0..period).map(place).collect();
        let mean = raw.iter().sum::<f64>() / period as f64;
        raw.iter().map(|v| v - mean).collect()
    });
    (level, slope, season)
}

/// Root mean square of the changes.
fn spread(values: &[f64]) -> f64 {
    let changes: Vec<f64> = values.windows(2).map(|w| w[1] - w[0]).filter(|v| v.is_finite()).collect();
    (changes.iter().map(|v| v * v).sum::<f64>() / changes.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn series(f: impl Fn(f64, f64) -> f64) -> Series {
        let mut random = Random::new(4);
        Series::new((0..200).map(|t| f(f64::from(t), random.normal())).collect()).unwrap()
    }

    #[test]
    fn the_form_follows_the_series() {
        let flat = select(&series(|_, e| 10.0 + e), None).unwrap();
        assert!(flat.form.trend == Trend::None && flat.smoothing[0] < 0.2, "{flat:?}");
        let line = select(&series(|t, e| 10.0 + 2.0 * t + e), None).unwrap();
        assert_eq!(line.form.trend, Trend::Additive);
        let wave = series(|t, e| 5.0 * (t * std::f64::consts::TAU / 12.0).sin() + e);
        let wave_fit = select(&wave, Some(12)).unwrap();
        assert_eq!(wave_fit.form.period, Some(12));
        for (h, p) in wave_fit.forecast(&wave, 12).iter().enumerate() {
            let want = 5.0 * ((200 + h) as f64 * std::f64::consts::TAU / 12.0).sin();
            assert!((p.mean - want).abs() < 1.5 && (0.5..2.0).contains(&p.se), "{h}: {p:?} {want}");
        }
    }

    #[test]
    fn variances_of_simple_smoothing_are_the_textbooks() {
        let walk = Series::new((0..50).map(|t| f64::from(t * 7919 % 101)).collect()).unwrap();
        let found = fit(&walk, Form { trend: Trend::None, period: None }).unwrap();
        let alpha = found.smoothing[0];
        for (h, p) in found.forecast(&walk, 5).iter().enumerate() {
            let want = (found.sigma2 * (1.0 + h as f64 * alpha * alpha)).sqrt();
            assert!((p.se - want).abs() < 1e-9 * want);
        }
    }

    #[test]
    fn the_simulated_spread_is_the_formulas() {
        // The error after h steps is a sum of h shocks whose weights the state equations give.
        let line = series(|t, e| 10.0 + 0.5 * t + 3.0 * e);
        for trend in [Trend::Additive, Trend::Damped] {
            let mut found = fit(&line, Form { trend, period: Some(4) }).unwrap();
            found.smoothing = [0.4, 0.15, 0.2, if trend == Trend::Damped { 0.9 } else { 1.0 }];
            let points = found.forecast(&line, 9);
            for h in 1..=9_usize {
                // Response of y_h to a unit shock at step k.
                let weight = |k: usize| {
                    let mut state = State::new([0.0, 0.0], &[0.0; 4]);
                    let path: Vec<f64> = (1..h).map(|t| if t == k { 1.0 } else { f64::NAN }).collect();
                    state.run(&path, found.smoothing);
                    state.level + found.smoothing[3] * state.trend + state.season[0]
                };
                let spread = 1.0 + (1..h).map(|k| weight(k).powi(2)).sum::<f64>();
                let want = (found.sigma2 * spread).sqrt();
                assert!(
                    (points[h - 1].se - want).abs() < 1e-9 * want,
                    "{trend:?} {h}: {} {want}",
                    points[h - 1].se
                );
            }
        }
    }

    #[test]
    fn what_is_too_short_is_refused() {
        let short = Series::new(vec![1.0, 2.0, 1.0]).unwrap();
        assert!(matches!(select(&short, None), Err(EtsError::Series(SeriesError::TooShort { .. }))));
        let form = Form { trend: Trend::None, period: Some(1) };
        assert_eq!(fit(&short, form), Err(EtsError::Period(1)));
    }
}
