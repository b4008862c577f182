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

use types::{Instrument, Interval};

use crate::{Description, Forecaster, ParamError, Params, Strategy};

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

/// Makes the forecast-driven strategy with a forecaster of one's own, such as a trained model.
///
/// # Errors
/// What is wrong with a parameter.
pub fn make_with_forecaster(
    pairs: &[(&str, &str)],
    settings: &[Setting<'_>],
    forecaster: Box<dyn Forecaster>,
) -> Result<Box<dyn Strategy>, ParamError> {
    let params = Params::parse(&forecast_driven::DESCRIPTION, pairs)?;
    check(&forecast_driven::DESCRIPTION, settings)?;
    forecast_driven::with(&params, settings, forecaster)
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
