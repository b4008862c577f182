//! The strategies that come with the program, one file each.

mod atr_trail;
mod basket;
mod bollinger;
mod dca;
mod donchian;
mod ema_cross;
mod execution;
mod forecast_driven;
mod grid;
mod macd;
mod market_maker;
mod pairs;
mod reading;
mod rsi_reversion;
mod rules;
mod stance;
mod twap;
mod vwap;
mod webhook;

use std::sync::Arc;

use forecast::market::Trained;
use types::{Instrument, Interval};

use crate::{Description, ParamError, Params, Strategy, TrainedModel};

/// What a strategy is made for: an instrument and the length of its bars.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// The bars it decides on.
    pub interval: Interval,
}

type Make = fn(&Params, &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError>;

const ALL: &[(&Description, Make)] = &[
    (&ema_cross::DESCRIPTION, ema_cross::make),
    (&macd::DESCRIPTION, macd::make),
    (&rsi_reversion::DESCRIPTION, rsi_reversion::make),
    (&bollinger::DESCRIPTION, bollinger::make),
    (&donchian::DESCRIPTION, donchian::make),
    (&atr_trail::DESCRIPTION, atr_trail::make),
    (&grid::DESCRIPTION, grid::make),
    (&dca::DESCRIPTION, dca::make),
    (&market_maker::DESCRIPTION, market_maker::make),
    (&pairs::DESCRIPTION, pairs::make),
    (&twap::DESCRIPTION, twap::make),
    (&vwap::DESCRIPTION, vwap::make),
    (&basket::DESCRIPTION, basket::make),
    (&rules::DESCRIPTION, rules::make),
    (&forecast_driven::DESCRIPTION, forecast_driven::make),
    (&webhook::DESCRIPTION, webhook::make),
];

/// Every built-in strategy.
pub fn all() -> impl Iterator<Item = &'static Description> {
    ALL.iter().map(|(description, _)| *description)
}

/// The strategy called `name`.
#[must_use]
pub fn describe(name: &str) -> Option<&'static Description> {
    all().find(|d| d.name == name)
}

/// Makes a strategy for one instrument; `None` if there is none called `name`.
///
/// # Errors
/// What is wrong with a parameter.
pub fn make(
    name: &str,
    pairs: &[(&str, &str)],
    setting: Setting<'_>,
) -> Option<Result<Box<dyn Strategy>, ParamError>> {
    make_for(name, pairs, &[setting])
}

/// Makes a strategy for several instruments, each with its own bars; `None` if there is none called `name`.
///
/// # Errors
/// What is wrong with a parameter, or with the number of instruments.
pub fn make_for(
    name: &str,
    pairs: &[(&str, &str)],
    settings: &[Setting<'_>],
) -> Option<Result<Box<dyn Strategy>, ParamError>> {
    let (description, make) = ALL.iter().find(|(d, _)| d.name == name)?;
    let made = Params::parse(description, pairs).and_then(|params| {
        check(description, settings)?;
        make(&params, settings)
    });
    Some(made)
}

/// Whether a strategy decides by a trained model if it is given one.
#[must_use]
pub fn takes_model(name: &str) -> bool {
    name == forecast_driven::DESCRIPTION.name
}

/// Makes the forecast-driven strategy with a trained model, which forecasts from as many bars as the parameter `window` says, or from
/// as many more as it needs.
///
/// # Errors
/// What is wrong with a parameter.
pub fn make_with_model(
    pairs: &[(&str, &str)],
    settings: &[Setting<'_>],
    model: Arc<Trained>,
) -> Result<Box<dyn Strategy>, ParamError> {
    let description = &forecast_driven::DESCRIPTION;
    let params = Params::parse(description, pairs)?;
    check(description, settings)?;
    let market = &settings[0].instrument.market;
    let window = reading::bars(&params, "window");
    let forecaster = TrainedModel::new(model, window, market.price_scale, market.base.scale);
    forecast_driven::with(&params, settings, Box::new(forecaster))
}

/// The number of instruments fits and each is there once.
fn check(description: &Description, settings: &[Setting<'_>]) -> Result<(), ParamError> {
    let wanted = description.instruments;
    if !(wanted.min..=wanted.max).contains(&settings.len()) {
        let name = description.name;
        let number = if wanted.min == wanted.max {
            wanted.min.to_string()
        } else {
            format!("{} to {}", wanted.min, wanted.max)
        };
        let why =
            format!("{name} trades {number} instruments ({}), {} are given", wanted.doc, settings.len());
        return Err(ParamError::Setting { why });
    }
    for (at, setting) in settings.iter().enumerate() {
        let id = setting.instrument.market.id;
        if settings[..at].iter().any(|s| s.instrument.market.id == id) {
            return Err(ParamError::Setting { why: format!("{} is given twice", setting.instrument.id) });
        }
    }
    Ok(())
}
