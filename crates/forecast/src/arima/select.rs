//! Order selection: D by the strength of the season, d by KPSS tests, then every (p, q)(P, Q) within bounds by AICc.
//!
//! As in Hyndman & Khandakar, Automatic Time Series Forecasting, Journal of Statistical Software 27 (2008), without the
//! stepwise short cut. Orders with a root within 1 % of the unit circle are passed over: their likelihood is that of nearly
//! cancelling factors, and their forecasts are worth less than their AICc says. Every candidate is fitted from the plain
//! starts; the winner then from all of them.

use super::fit::{Effort, Fit, fit_polled};
use super::spec::{ArimaError, Regressor, Spec};
use super::transform::from_coefficients;
use crate::Series;
use crate::stats::{kpss, seasonal_strength};

/// Roots must lie outside this radius.
const ROOT_MIN: f64 = 1.01;
/// 5 % point of the KPSS statistic for a level (Kwiatkowski et al. 1992).
const KPSS_CRITICAL: f64 = 0.463;
/// Strength above which a season is differenced away (Wang, Smith & Hyndman 2006).
const STRENGTH_MIN: f64 = 0.64;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Largest p.
    pub p_max: usize,
    /// Largest q.
    pub q_max: usize,
    /// Largest P and Q.
    pub seasonal_max: usize,
    /// Largest p + q + P + Q.
    pub total_max: usize,
    /// Differences, instead of by test.
    pub d: Option<usize>,
    /// Steps in a season, if there is one.
    pub period: Option<usize>,
    /// Whether a mean or a drift is tried beside none.
    pub constant: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { p_max: 5, q_max: 5, seasonal_max: 2, total_max: 5, d: None, period: None, constant: true }
    }
}

/// A candidate and what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// The order.
    pub spec: Spec,
    /// Its AICc; infinite without a fit.
    pub aicc: f64,
    /// False if a root lies too near the unit circle.
    pub admissible: bool,
}

/// The chosen model and everything that was tried, best first.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The winner, fitted in full.
    pub fit: Fit,
    /// All candidates, best first.
    pub tried: Vec<Tried>,
}

/// Selects an order. `go_on(done, all)` is asked at every step of every candidate; `false` gives up.
///
/// # Errors
/// A period out of range, [`ArimaError::Cancelled`], or no candidate that can be fitted.
pub fn select(
    series: &Series,
    bounds: &Bounds,
    go_on: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Selection, ArimaError> {
    let (d, seasonal_d) = differences(series, bounds)?;
    let specs = candidates(bounds, d, seasonal_d);
    let mut tried = try_all(series, &specs, go_on)?;
    tried.sort_by(|a, b| {
        (!a.admissible, a.aicc).partial_cmp(&(!b.admissible, b.aicc)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut last = ArimaError::NoFit;
    for candidate in tried.iter().filter(|t| t.aicc.is_finite()) {
        match fit_polled(series, &candidate.spec, Effort::Full, &mut || go_on(specs.len(), specs.len())) {
            // From more starts a better maximum may be found, and that one too near the circle.
            Ok(full) if !candidate.admissible || admissible(&full) => {
                return Ok(Selection { fit: full, tried });
            }
            Ok(_) => {
                let plain = fit_polled(series, &candidate.spec, Effort::Plain, &mut || {
                    go_on(specs.len(), specs.len())
                })?;
                return Ok(Selection { fit: plain, tried });
            }
            Err(ArimaError::Cancelled) => return Err(ArimaError::Cancelled),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// Fits every combination of the orders, in the order given: AICc compares only those with equal differences.
///
/// # Errors
/// [`ArimaError::Cancelled`].
pub fn try_all(
    series: &Series,
    specs: &[Spec],
    go_on: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Vec<Tried>, ArimaError> {
    let mut out = Vec::with_capacity(specs.len());
    for (done, spec) in specs.iter().enumerate() {
        if !go_on(done, specs.len()) {
            return Err(ArimaError::Cancelled);
        }
        out.push(match fit_polled(series, spec, Effort::Plain, &mut || go_on(done, specs.len())) {
            Err(ArimaError::Cancelled) => return Err(ArimaError::Cancelled),
            Ok(fit) => Tried { spec: *spec, aicc: fit.aicc(), admissible: admissible(&fit) },
            Err(_) => Tried { spec: *spec, aicc: f64::INFINITY, admissible: false },
        });
    }
    Ok(out)
}

/// (d, D) by their tests.
fn differences(series: &Series, bounds: &Bounds) -> Result<(usize, usize), ArimaError> {
    let mut values = series.values().to_vec();
    let mut seasonal_d = 0;
    if let Some(period) = bounds.period {
        Spec::new(0, 0, 0).seasonal(0, 1, 0, period).check()?;
        if seasonal_strength(&values, period).is_some_and(|s| s > STRENGTH_MIN) {
            seasonal_d = 1;
            values = lagged(&values, period);
        }
    }
    if let Some(d) = bounds.d {
        return Ok((d, seasonal_d));
    }
    let mut d = 0;
    while d < 2 && kpss(&values).is_some_and(|s| s > KPSS_CRITICAL) {
        values = lagged(&values, 1);
        d += 1;
    }
    Ok((d, seasonal_d))
}

fn lagged(values: &[f64], lag: usize) -> Vec<f64> {
    values.iter().skip(lag).zip(values).map(|(now, before)| now - before).collect()
}

fn candidates(bounds: &Bounds, d: usize, seasonal_d: usize) -> Vec<Spec> {
    let seasonal_max = if bounds.period.is_some() { bounds.seasonal_max } else { 0 };
    let constants: &[Regressor] = match (bounds.constant, d + seasonal_d) {
        (true, 0) => &[Regressor::None, Regressor::Mean],
        (true, 1) => &[Regressor::None, Regressor::Drift],
        _ => &[Regressor::None],
    };
    let mut out = Vec::new();
    for p in 0..=bounds.p_max {
        for q in 0..=bounds.q_max {
            for (seasonal_p, seasonal_q) in
                (0..=seasonal_max).flat_map(|p| (0..=seasonal_max).map(move |q| (p, q)))
            {
                if p + q + seasonal_p + seasonal_q > bounds.total_max {
                    continue;
                }
                let mut spec = Spec::new(p, d, q);
                if let Some(period) = bounds.period {
                    spec = spec.seasonal(seasonal_p, seasonal_d, seasonal_q, period);
                }
                out.extend(constants.iter().map(|c| spec.with(*c)));
            }
        }
    }
    out
}

/// All roots outside [`ROOT_MIN`]: z → r z turns that into stationarity.
fn admissible(fit: &Fit) -> bool {
    let away = |list: &[f64], sign: f64| {
        let scaled: Vec<f64> = list
            .iter()
            .scan(1.0, |power, c| {
                *power *= ROOT_MIN;
                Some(sign * c * *power)
            })
            .collect();
        from_coefficients(&scaled).is_some()
    };
    let p = &fit.params;
    away(&p.ar, 1.0) && away(&p.sar, 1.0) && away(&p.ma, -1.0) && away(&p.sma, -1.0)
}
