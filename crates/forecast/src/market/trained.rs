//! Trained models of a market, and what they say about its next bars.

use super::bars::View;
use super::neural::NeuralModel;
use super::recipe::{Algorithm, ForecastError};
use crate::arima::{self, Given, Point, Spec};
use crate::ets;
use crate::prophet::{self, Uncertainty};
use crate::{Series, baseline};

/// Share of futures inside `low` to `high`.
pub const INTERVAL: f64 = 0.8;
/// The normal distribution's 90 % point.
const TENTH: f64 = 1.281_551_565_544_600_4;
/// Logarithms are modelled in per cent, where likelihoods are well scaled.
const PERCENT: f64 = 100.0;
/// Missing values between joined markets: enough that one says nothing about the next.
const APART: usize = 200;
/// Bars that ARIMA reads to forecast: its filter has long been steady after them.
const RECENT: usize = 5_000;

/// One bar of a forecast, in units of the price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The median (and for a symmetric distribution of the logarithm its centre).
    pub mean: f64,
    /// 10 % of futures lie below.
    pub low: f64,
    /// 10 % of futures lie above.
    pub high: f64,
}

/// An ARIMA of 100 ln(close).
#[derive(Clone, Debug, PartialEq)]
pub struct ArimaModel {
    /// Its order.
    pub spec: Spec,
    /// Its parameters, all given.
    pub given: Given,
    /// Log-likelihood of its training.
    pub loglik: f64,
    /// AICc of its training.
    pub aicc: f64,
}

impl ArimaModel {
    pub(super) fn new(fit: &arima::Fit) -> Self {
        let p = &fit.params;
        let given = Given {
            ar: p.ar.clone(),
            ma: p.ma.clone(),
            sar: p.sar.clone(),
            sma: p.sma.clone(),
            constant: p.constant,
            sigma2: Some(p.sigma2),
        };
        Self { spec: fit.spec, given, loglik: fit.loglik, aicc: fit.aicc() }
    }
}

/// A trained model.
#[derive(Clone, Debug)]
pub enum Trained {
    /// The last price.
    Naive,
    /// The price a season earlier.
    SeasonalNaive {
        /// Bars of a season.
        period: usize,
    },
    /// A straight line.
    Drift,
    /// Exponential smoothing of 100 ln(close).
    Ets(ets::Fit),
    /// ARIMA of 100 ln(close).
    Arima(Box<ArimaModel>),
    /// Prophet of 100 ln(close).
    Prophet(Box<prophet::Model>),
    /// LSTM on features.
    Lstm(Box<NeuralModel>),
}

/// 100 ln(close).
pub(super) fn logs(bars: View<'_>) -> Result<Series, ForecastError> {
    Ok(Series::new(bars.close.iter().map(|v| PERCENT * v.ln()).collect())?)
}

/// Several markets in a row, apart.
pub(super) fn joined(markets: &[View<'_>]) -> Result<Series, ForecastError> {
    let mut values = Vec::new();
    for market in markets {
        if !values.is_empty() {
            values.extend(std::iter::repeat_n(f64::NAN, APART));
        }
        values.extend(market.close.iter().map(|v| PERCENT * v.ln()));
    }
    Ok(Series::new(values)?)
}

impl Trained {
    /// Its kind.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Naive => Algorithm::Naive,
            Self::SeasonalNaive { .. } => Algorithm::SeasonalNaive,
            Self::Drift => Algorithm::Drift,
            Self::Ets(_) => Algorithm::Ets,
            Self::Arima(_) => Algorithm::Arima,
            Self::Prophet(_) => Algorithm::Prophet,
            Self::Lstm(_) => Algorithm::Lstm,
        }
    }

    /// The next `horizon` bars after `bars`, which end now and may begin when the training did or later.
    ///
    /// # Errors
    /// Too few bars, a horizon beyond what the model was trained for.
    pub fn forecast(&self, bars: View<'_>, horizon: usize) -> Result<Vec<Step>, ForecastError> {
        let points = match self {
            Self::Lstm(model) => return model.forecast(bars, horizon),
            Self::Prophet(model) => return prophet_steps(model, bars, horizon),
            Self::Naive => baseline::naive(&logs(bars)?, horizon)?,
            Self::SeasonalNaive { period } => baseline::seasonal_naive(&logs(bars)?, *period, horizon)?,
            Self::Drift => baseline::drift(&logs(bars)?, horizon)?,
            Self::Ets(fit) => {
                // The bars may begin later than the training did, so the level begins with them.
                let (series, mut fit) = (logs(bars)?, fit.clone());
                fit.first[0] = series.values()[0] - fit.first[1];
                fit.forecast(&series, horizon)
            }
            Self::Arima(model) => {
                let recent = bars.slice(bars.len().saturating_sub(RECENT)..bars.len());
                arima::fixed(&logs(recent)?, &model.spec, &model.given)?.forecast(horizon)?
            }
        };
        Ok(points.iter().map(|p| price(*p)).collect())
    }
}

fn price(p: Point) -> Step {
    let at = |v: f64| (v / PERCENT).exp();
    Step { mean: at(p.mean), low: at(p.mean - TENTH * p.se), high: at(p.mean + TENTH * p.se) }
}

fn prophet_steps(model: &prophet::Model, bars: View<'_>, horizon: usize) -> Result<Vec<Step>, ForecastError> {
    let Some(last) = bars.times.last() else { return Err(super::bars::BarsError::Empty.into()) };
    let times: Vec<f64> = (1..=horizon).map(|h| last + h as f64 * bars.step_s).collect();
    let asked = Uncertainty { samples: 300, width: INTERVAL, seed: 1 };
    let at = |v: f64| (v / PERCENT).exp();
    let points = model.predict(&times, &[], asked)?;
    Ok(points.iter().map(|p| Step { mean: at(p.yhat), low: at(p.lower), high: at(p.upper) }).collect())
}
