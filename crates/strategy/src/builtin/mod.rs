//! The strategies that come with the program, one file each.

mod ema_cross;

use types::{Instrument, Interval};

use crate::{Description, ParamError, Params, Strategy};

/// What a strategy is made for: its main instrument and the length of its bars.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// The bars it decides on.
    pub interval: Interval,
}

type Make = fn(&Params, Setting<'_>) -> Result<Box<dyn Strategy>, ParamError>;

const ALL: &[(&Description, Make)] = &[(&ema_cross::DESCRIPTION, ema_cross::make)];

/// Every built-in strategy.
pub fn all() -> impl Iterator<Item = &'static Description> {
    ALL.iter().map(|(description, _)| *description)
}

/// The strategy called `name`.
#[must_use]
pub fn describe(name: &str) -> Option<&'static Description> {
    all().find(|d| d.name == name)
}

/// Makes a strategy; `None` if there is none called `name`.
///
/// # Errors
/// What is wrong with a parameter.
pub fn make(
    name: &str,
    pairs: &[(&str, &str)],
    setting: Setting<'_>,
) -> Option<Result<Box<dyn Strategy>, ParamError>> {
    let (description, make) = ALL.iter().find(|(d, _)| d.name == name)?;
    Some(Params::parse(description, pairs).and_then(|params| make(&params, setting)))
}
