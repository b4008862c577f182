//! Rolling-origin walk-forward: at each origin a model that was trained on the past forecasts, and time goes on.
//!
//! At origin t the bars before t are known. Training, when it is due, sees the bars before t − embargo only; the forecast then
//! reads all bars before t. Nothing at or after t is ever passed on: the slices end there.

use crate::lstm::Flow;
use crate::market::{ForecastError, Recipe, Step, Told, Trained, View, train};

/// The plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// First origin, in bars.
    pub first: usize,
    /// Bars from origin to origin.
    pub step: usize,
    /// Bars forecast at each.
    pub horizon: usize,
    /// Origins from training to training.
    pub refit_every: usize,
    /// Bars before an origin that its training may not see.
    pub embargo: usize,
    /// Bars of a training at most; `None` for all of the past.
    pub window: Option<usize>,
}

/// One origin's forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Bars known then.
    pub at: usize,
    /// What was said about the next ones.
    pub steps: Vec<Step>,
}

/// Why there is no walk.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WalkError {
    /// The plan does not fit the bars.
    #[error("{have} bars leave no room for origins from bar {first} with {horizon} bars ahead")]
    NoRoom {
        /// Bars there are.
        have: usize,
        /// First origin.
        first: usize,
        /// Bars ahead.
        horizon: usize,
    },
    /// A step, horizon or distance of zero.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// A training or a forecast failed.
    #[error("at bar {at}: {error}")]
    Forecast {
        /// The origin.
        at: usize,
        /// What failed.
        error: ForecastError,
    },
}

impl Walk {
    /// The origins in a history of `bars`.
    ///
    /// # Errors
    /// [`WalkError::NoRoom`], [`WalkError::Zero`].
    pub fn origins(&self, bars: usize) -> Result<Vec<usize>, WalkError> {
        for (name, value) in [
            ("step", self.step),
            ("horizon", self.horizon),
            ("refit_every", self.refit_every),
            ("first", self.first),
        ] {
            if value == 0 {
                return Err(WalkError::Zero(name));
            }
        }
        let origins: Vec<usize> =
            (self.first..).step_by(self.step).take_while(|t| t + self.horizon <= bars).collect();
        if origins.is_empty() || self.first <= self.embargo {
            return Err(WalkError::NoRoom { have: bars, first: self.first, horizon: self.horizon });
        }
        Ok(origins)
    }
}

/// Walks forward. `tell(origins done, of all)` may cancel, also inside a training.
///
/// # Errors
/// See [`WalkError`].
pub fn walk(
    recipe: &Recipe,
    bars: View<'_>,
    plan: &Walk,
    tell: &mut dyn FnMut(Told) -> Flow,
) -> Result<Vec<Origin>, WalkError> {
    let origins = plan.origins(bars.len())?;
    let (mut model, mut out) = (None::<Trained>, Vec::with_capacity(origins.len()));
    let all = origins.len();
    for (done, at) in origins.into_iter().enumerate() {
        let failed = |error| WalkError::Forecast { at, error };
        if tell(Told { done, all, loss: None }) == Flow::Cancel {
            return Err(failed(ForecastError::Cancelled));
        }
        if model.is_none() || done.is_multiple_of(plan.refit_every) {
            let end = at - plan.embargo;
            let start = plan.window.map_or(0, |window| end.saturating_sub(window));
            let mut inside = |told: Told| tell(Told { done, all, loss: told.loss });
            model = Some(train(recipe, &[bars.slice(start..end)], &mut inside).map_err(failed)?);
        }
        let Some(model) = &model else { continue };
        let steps = model.forecast(bars.slice(0..at), plan.horizon).map_err(failed)?;
        out.push(Origin { at, steps });
    }
    Ok(out)
}
