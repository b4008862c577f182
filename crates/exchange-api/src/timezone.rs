//! `timeZone`: an offset from UTC, `0`, `8`, `-1:00`, `05:45`; from -12:00 to +14:00 (rest-api.md, "uiKlines").

use crate::error::ApiError;
use crate::params::{Params, invalid};

const MINUTE_NS: i64 = 60_000_000_000;

/// The parameter's offset in nanoseconds; 0 if it was not sent.
pub(crate) fn offset_ns(params: &Params) -> Result<i64, ApiError> {
    let Some(text) = params.optional("timeZone")? else { return Ok(0) };
    // A plus sign that was not percent-encoded was read as a space.
    let minutes = minutes(text.trim_start()).ok_or_else(|| invalid("timeZone"))?;
    Ok(minutes * MINUTE_NS)
}

/// Minutes ahead of UTC.
pub(crate) fn minutes(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse::<i64>().ok() } else { None }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    let total = if negative { -total } else { total };
    (minutes < 60 && (-12 * 60..=14 * 60).contains(&total)).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read() {
        for (text, want) in [
            ("0", Some(0)),
            ("8", Some(480)),
            ("+8", Some(480)),
            ("-1:00", Some(-60)),
            ("05:45", Some(345)),
            ("+08:00", Some(480)),
            ("14:00", Some(840)),
            ("14:01", None),
            ("-12:30", None),
            ("1:60", None),
            ("", None),
            ("-", None),
            ("x", None),
            ("1:", None),
            ("100", None),
        ] {
            assert_eq!(minutes(text), want, "{text}");
        }
    }
}
