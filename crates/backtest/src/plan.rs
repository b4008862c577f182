//! A run of a built-in strategy as a person asks for it; can be set up any number of times.

use std::sync::Arc;

use forecast::market::Trained;
use orders::Bracket;
use risk::Limits;
use strategy::builtin::{Setting, describe, make_for, make_with_model, takes_model};
use strategy::{ParamError, Params, Strategy, Value};
use types::{Instrument, Money, Time};

use crate::RunSpec;
use crate::run::{Recording, RunError, Setup, traded, with_shared_assets};

/// What to run, on what, and within which limits.
#[derive(Clone, Debug)]
pub struct Plan {
    spec: RunSpec,
    instruments: Vec<Instrument>,
    limits: Limits,
    model: Option<Model>,
}

/// A trained model that forecasts for the forecast-driven strategy.
#[derive(Clone, Debug)]
pub struct Model {
    /// `name@version#hash`: the run is that of this model and no other.
    pub label: String,
    /// The model.
    pub trained: Arc<Trained>,
    /// The end of the bars it was trained on: what it says of earlier ones proves nothing.
    pub until: Time,
}

/// Why a plan makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// No such strategy.
    #[error("there is no strategy {0:?}; there are {known}", known = names())]
    UnknownStrategy(String),
    /// A parameter or the number of instruments is wrong.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Instruments do not fit together.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A model was given to a strategy that asks none.
    #[error("a trained model forecasts for the strategy \"forecast\", not for {0:?}")]
    Model(String),
}

fn names() -> String {
    strategy::builtin::all().map(|d| d.name).collect::<Vec<_>>().join(", ")
}

impl Plan {
    /// Checks everything that can be checked without data. `spec.params` are as given; defaults are filled in, and the cash is
    /// brought to the scale of the instruments' quote asset. Each instrument comes with the place its data are from.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn new(
        mut spec: RunSpec,
        instruments: Vec<(Instrument, String)>,
        limits: Limits,
    ) -> Result<Self, PlanError> {
        let description =
            describe(&spec.strategy).ok_or_else(|| PlanError::UnknownStrategy(spec.strategy.clone()))?;
        let params = Params::parse(description, &pairs(&spec.params))?;
        spec.params =
            params.iter().map(|(name, value)| (name.to_owned(), text(description, name, value))).collect();
        let (instruments, sources): (Vec<_>, Vec<_>) = instruments.into_iter().unzip();
        let instruments = with_shared_assets(instruments)?;
        spec.traded = instruments.iter().zip(sources).map(|(i, source)| traded(i, source)).collect();
        if let Some(quote) = instruments.first().map(|i| i.market.quote) {
            let cash = rescaled(spec.cash.0, spec.money_scale, quote.scale);
            let too_fine =
                || RunError::Instruments(format!("money in {} has {} decimals", quote.code, quote.scale));
            spec.cash = Money(cash.ok_or_else(too_fine)?);
            (spec.money_scale, spec.quote) = (quote.scale, quote.code.to_string());
        }
        let plan = Self { spec, instruments, limits, model: None };
        plan.strategy()?;
        Ok(plan)
    }

    /// The same with a trained model as the strategy's forecaster; `None` changes nothing.
    ///
    /// # Errors
    /// [`PlanError::Model`].
    pub fn with_model(mut self, model: Option<Model>) -> Result<Self, PlanError> {
        if let Some(model) = model {
            if !takes_model(&self.spec.strategy) {
                return Err(PlanError::Model(self.spec.strategy));
            }
            self.spec.model = Some(model.label.clone());
            self.model = Some(model);
        }
        Ok(self)
    }

    /// The trained model that forecasts, if one does.
    #[must_use]
    pub const fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// Sets what risk lets out.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Sets what guards every position; `None`: nothing.
    pub const fn guard(&mut self, bracket: Option<Bracket>) {
        self.spec.bracket = bracket;
    }

    /// What it is.
    #[must_use]
    pub const fn spec(&self) -> &RunSpec {
        &self.spec
    }

    /// What it may do.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What is traded, by number.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The strategy, fresh.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn strategy(&self) -> Result<Box<dyn Strategy>, PlanError> {
        let interval = self.spec.interval;
        let settings: Vec<_> =
            self.instruments.iter().map(|instrument| Setting { instrument, interval }).collect();
        if let Some(model) = &self.model {
            return Ok(make_with_model(&pairs(&self.spec.params), &settings, Arc::clone(&model.trained))?);
        }
        let made = make_for(&self.spec.strategy, &pairs(&self.spec.params), &settings);
        Ok(made.ok_or_else(|| PlanError::UnknownStrategy(self.spec.strategy.clone()))??)
    }

    /// Ready to be run on these recordings, one per instrument.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn setup<'a>(&self, recordings: Vec<Recording<'a>>) -> Result<Setup<'a>, PlanError> {
        Ok(Setup {
            spec: self.spec.clone(),
            instruments: self.instruments.clone(),
            strategy: self.strategy()?,
            limits: self.limits.clone(),
            recordings,
        })
    }
}

/// Units of 10^-`from` as units of 10^-`to`, if nothing is lost.
fn rescaled(units: i128, from: u8, to: u8) -> Option<i128> {
    let by = 10_i128.pow(u32::from(from.abs_diff(to)));
    if to >= from { units.checked_mul(by) } else { (units % by == 0).then(|| units / by) }
}

fn pairs(params: &[(String, String)]) -> Vec<(&str, &str)> {
    params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A value as it is given on the command line.
fn text(description: &strategy::Description, name: &str, value: &Value) -> String {
    let kind = description.params.iter().find(|p| p.name == name).map(|p| p.kind);
    match (value, kind) {
        (Value::Choice(at), Some(strategy::Kind::Choice { of })) => {
            of.get(*at).copied().unwrap_or_default().to_owned()
        }
        (Value::Choice(at), _) => at.to_string(),
        (Value::Whole(n), _) => n.to_string(),
        (Value::Real(x), _) => x.to_string(),
        (Value::Amount(text) | Value::Text(text), _) => text.clone(),
    }
}
