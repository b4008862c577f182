//! What is trained, and the training of it.

use super::bars::{BarsError, View};
use super::neural::{self, Neural};
use super::trained::{ArimaModel, Trained, joined, logs};
use crate::arima::{self, ArimaError, Bounds, Spec};
use crate::ets::{self, EtsError};
use crate::lstm::{Flow, LstmError};
use crate::prophet::{self, Options, ProphetError};
use crate::{Series, SeriesError};

/// The kinds of model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// The last price.
    Naive,
    /// The price of the same time a season earlier.
    SeasonalNaive,
    /// A straight line.
    Drift,
    /// Exponential smoothing.
    Ets,
    /// ARIMA.
    Arima,
    /// Prophet.
    Prophet,
    /// LSTM.
    Lstm,
}

impl Algorithm {
    /// Its name in commands and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::SeasonalNaive => "seasonal-naive",
            Self::Drift => "drift",
            Self::Ets => "ets",
            Self::Arima => "arima",
            Self::Prophet => "prophet",
            Self::Lstm => "lstm",
        }
    }
}

/// How an ARIMA's order is found.
#[derive(Clone, Debug, PartialEq)]
pub enum ArimaRecipe {
    /// This one.
    Order(Spec),
    /// Selected within bounds.
    Select(Bounds),
}

/// What is trained.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipe {
    /// The last price.
    Naive,
    /// The price `period` bars earlier.
    SeasonalNaive {
        /// Bars of a season.
        period: usize,
    },
    /// A straight line.
    Drift,
    /// Exponential smoothing, with this season if any.
    Ets {
        /// Bars of a season.
        period: Option<usize>,
    },
    /// ARIMA.
    Arima(ArimaRecipe),
    /// Prophet.
    Prophet(Box<Options>),
    /// LSTM.
    Lstm(Box<Neural>),
}

impl Recipe {
    /// Its kind.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Naive => Algorithm::Naive,
            Self::SeasonalNaive { .. } => Algorithm::SeasonalNaive,
            Self::Drift => Algorithm::Drift,
            Self::Ets { .. } => Algorithm::Ets,
            Self::Arima(_) => Algorithm::Arima,
            Self::Prophet(_) => Algorithm::Prophet,
            Self::Lstm(_) => Algorithm::Lstm,
        }
    }
}

/// Where a training stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    /// Steps done (batches, candidates).
    pub done: usize,
    /// Steps at most.
    pub all: usize,
    /// The last loss, for those who learn by steps.
    pub loss: Option<f64>,
}

/// Why there is no model or no forecast.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ForecastError {
    /// The bars.
    #[error(transparent)]
    Bars(#[from] BarsError),
    /// The series made of them.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// ARIMA.
    #[error(transparent)]
    Arima(ArimaError),
    /// Exponential smoothing.
    #[error(transparent)]
    Ets(#[from] EtsError),
    /// Prophet.
    #[error(transparent)]
    Prophet(#[from] ProphetError),
    /// LSTM.
    #[error(transparent)]
    Lstm(LstmError),
    /// A model of one market only.
    #[error("{0} models one market; train one model for each symbol")]
    Several(&'static str),
    /// A longer horizon than trained for.
    #[error("the model was trained for {trained} bars ahead, {asked} were asked for")]
    Horizon {
        /// Bars asked for.
        asked: usize,
        /// Bars trained for.
        trained: usize,
    },
    /// The caller gave up.
    #[error("the training was cancelled")]
    Cancelled,
}

impl From<ArimaError> for ForecastError {
    fn from(e: ArimaError) -> Self {
        if e == ArimaError::Cancelled { Self::Cancelled } else { Self::Arima(e) }
    }
}

impl From<LstmError> for ForecastError {
    fn from(e: LstmError) -> Self {
        if matches!(e, LstmError::Cancelled { .. }) { Self::Cancelled } else { Self::Lstm(e) }
    }
}

/// Trains on one market's bars, or on several markets' pooled (LSTM; ARIMA on their joined logarithms).
///
/// # Errors
/// Bars that do not suffice, several markets where one is modelled, cancellation.
pub fn train(
    recipe: &Recipe,
    markets: &[View<'_>],
    tell: &mut dyn FnMut(Told) -> Flow,
) -> Result<Trained, ForecastError> {
    let Some(first) = markets.first() else { return Err(BarsError::Empty.into()) };
    let one = || match markets.len() {
        1 => logs(*first),
        _ => Err(ForecastError::Several(recipe.algorithm().name())),
    };
    if tell(Told { done: 0, all: 1, loss: None }) == Flow::Cancel {
        return Err(ForecastError::Cancelled);
    }
    match recipe {
        Recipe::Naive => Ok(Trained::Naive),
        Recipe::SeasonalNaive { period } => Ok(Trained::SeasonalNaive { period: *period }),
        Recipe::Drift => Ok(Trained::Drift),
        Recipe::Ets { period } => Ok(Trained::Ets(ets::select(&one()?, *period)?)),
        Recipe::Arima(recipe) => train_arima(recipe, &joined(markets)?, tell),
        Recipe::Prophet(options) => {
            let series = one()?;
            let model = prophet::fit(first.times, series.values(), &[], options)?;
            Ok(Trained::Prophet(Box::new(model)))
        }
        Recipe::Lstm(recipe) => {
            let trained = neural::train(markets, recipe, &mut |p| {
                tell(Told {
                    done: (p.epoch - 1) * p.batches + p.batch - 1,
                    all: p.epochs * p.batches,
                    loss: p.loss.map(f64::from),
                })
            })?;
            Ok(Trained::Lstm(Box::new(trained)))
        }
    }
}

fn train_arima(
    recipe: &ArimaRecipe,
    series: &Series,
    tell: &mut dyn FnMut(Told) -> Flow,
) -> Result<Trained, ForecastError> {
    let fit = match recipe {
        ArimaRecipe::Order(spec) => {
            let mut go_on = || tell(Told { done: 0, all: 1, loss: None }) == Flow::Continue;
            arima::fit_polled(series, spec, arima::Effort::Full, &mut go_on)?
        }
        ArimaRecipe::Select(bounds) => {
            arima::select(series, bounds, &mut |done, all| {
                tell(Told { done, all, loss: None }) == Flow::Continue
            })?
            .fit
        }
    };
    Ok(Trained::Arima(Box::new(ArimaModel::new(&fit))))
}
