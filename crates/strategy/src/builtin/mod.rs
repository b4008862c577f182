//! The strategies that come with the program, one file each.

mod ema_cross;
mod grid;
mod reading;
mod stance;

use types::{Instrument, Interval};

use crate::{Description, ParamError, Params, Strategy};

/// What a strategy is made for: an instrument and the length of its bars.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// The bars it decides on.
    pub interval: Interval,
}

type Make = fn(&Params, &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError>;

const ALL: &[(&Description, Make)] =
    &[(&ema_cross::DESCRIPTION, ema_cross::make), (&grid::DESCRIPTION, grid::make)];

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
