//! Numbers of the command line, exact: a rate or a time is never read through a float.

use types::decimal::{self, DecimalError};

use crate::failure::{Exit, Failure};

/// A decimal of an option, in units of 10^-`scale`.
pub(super) fn decimal(option: &str, text: &str, scale: u8, unit: &str) -> Result<i128, Failure> {
    decimal::parse(text, scale).map_err(|error| {
        let why = match error {
            DecimalError::TooPrecise => format!("it has more than {scale} decimals"),
            DecimalError::Malformed => "it is not a number".to_owned(),
            DecimalError::OutOfRange => "it is too large".to_owned(),
        };
        wrong(option, text, &why, &format!("give {unit}, like 10 or 2.5"))
    })
}

/// A share in basis points or percent, in units of 10^-8, from 0 to `most` of them.
pub(super) fn rate(option: &str, text: Option<&str>, scale: u8, most: u32) -> Result<Option<u32>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let unit = if scale == 4 { "basis points" } else { "percent" };
    let value = decimal(option, text, scale, unit)?;
    let found = u32::try_from(value).ok().filter(|v| *v <= most);
    let why = format!("it is not between 0 and {}", decimal::format_short(i128::from(most), scale));
    found.map(Some).ok_or_else(|| wrong(option, text, &why, &format!("give {unit}")))
}

/// Milliseconds as nanoseconds.
pub(super) fn nanoseconds(option: &str, text: Option<&str>) -> Result<i64, Failure> {
    let Some(text) = text else { return Ok(0) };
    let value = decimal(option, text, 6, "milliseconds")?;
    let found = i64::try_from(value).ok().filter(|ns| (0..=86_400_000_000_000).contains(ns));
    found.ok_or_else(|| wrong(option, text, "it is not between 0 and a day", "give milliseconds"))
}

/// A wrong option.
pub(super) fn wrong(option: &str, text: &str, why: &str, advice: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{option} {text} is not possible")).because(why).advise(advice)
}
