//! Times as text: how sources write them, and how they are shown.

use types::Time;

use crate::series::{civil, days};

/// `2022-01-01T00:00:00Z`, with as many decimals of a second as it has.
#[must_use]
pub fn iso(at: Time) -> String {
    let (year, month, day) = civil(at);
    let rest = at.0.rem_euclid(86_400_000_000_000);
    let (seconds, nanos) = (rest / 1_000_000_000, rest % 1_000_000_000);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{clock}");
    if nanos != 0 {
        let decimals = format!(".{nanos:09}");
        text.push_str(decimals.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// A time as sources write it: seconds, milliseconds, microseconds or nanoseconds since 1970 (told apart by their size; whole
/// or with decimals), or a date with or without a time of day and a zone. Without a zone it is UTC. Eight digits are a date
/// (`20240131`); other numbers below [`EARLIEST`] are no time.
#[must_use]
pub fn parse(text: &str) -> Option<Time> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return if text.len() == 8 { compact_date(text.as_bytes()) } else { number(text, "") };
    }
    if let Some((whole, decimals)) = text.split_once('.')
        && whole.bytes().all(|b| b.is_ascii_digit())
        && decimals.bytes().all(|b| b.is_ascii_digit())
    {
        return number(whole, decimals);
    }
    date(text.as_bytes())
}

/// Seconds (March 1973) below which a number is a year, a price or a mistake, but no market's time.
pub const EARLIEST: i64 = 100_000_000;

/// Sizes at which a number counts seconds, milliseconds, ...: each reaches from 1973 to the year 5138.
const UNITS: [(i64, u32); 4] =
    [(100_000_000_000, 9), (100_000_000_000_000, 6), (100_000_000_000_000_000, 3), (i64::MAX, 0)];

fn number(whole: &str, decimals: &str) -> Option<Time> {
    if whole.is_empty() || whole.len() > 19 || decimals.len() > 18 {
        return None;
    }
    let value: i64 = whole.parse().ok()?;
    if value < EARLIEST {
        return None;
    }
    let (_, digits) = UNITS.iter().find(|(below, _)| value < *below)?;
    let mut nanos = value.checked_mul(10_i64.pow(*digits))?;
    let mut unit = 10_i64.pow(*digits);
    for digit in decimals.bytes() {
        unit /= 10;
        nanos = nanos.checked_add(i64::from(digit - b'0') * unit)?;
    }
    Some(Time(nanos))
}

fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 9 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
}

fn date(text: &[u8]) -> Option<Time> {
    let head = text.get(..10)?;
    let separator = head[4];
    if !matches!(separator, b'-' | b'/' | b'.') || head[7] != separator {
        return None;
    }
    let start = midnight(digits(&head[..4])?, digits(&head[5..7])?, digits(&head[8..])?)?;
    let rest = &text[10..];
    let nanos = match rest {
        [] => 0,
        [b'T' | b't' | b' ', clock @ ..] => time_of_day(clock)?,
        _ => return None,
    };
    Some(Time(start.checked_add(nanos)?))
}

fn compact_date(text: &[u8]) -> Option<Time> {
    midnight(digits(&text[..4])?, digits(&text[4..6])?, digits(&text[6..])?).map(Time)
}

/// Nanoseconds of a date that exists.
fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || civil_day(year, month, day) != day {
        return None;
    }
    days(year, month, day).checked_mul(86_400_000_000_000)
}

/// The day back, if the date exists; another one if it does not.
fn civil_day(year: i64, month: i64, day: i64) -> i64 {
    days(year, month, day).checked_mul(86_400_000_000_000).map_or(0, |ns| civil(Time(ns)).2)
}

/// Nanoseconds since midnight UTC of `23:01`, `23:01:00`, `23:01:00.5`, each with `Z`, `UTC` or `+01:00` behind it.
fn time_of_day(text: &[u8]) -> Option<i64> {
    let zone_at = text.iter().position(|b| matches!(b, b'Z' | b'z' | b'+' | b'-' | b' ' | b'U'));
    let (clock, zone) = text.split_at(zone_at.unwrap_or(text.len()));
    let (hms, fraction) = match clock.iter().position(|b| *b == b'.' || *b == b',') {
        Some(at) => (&clock[..at], &clock[at + 1..]),
        None => (clock, &[][..]),
    };
    let mut parts = hms.split(|b| *b == b':');
    let mut next = |max: i64| digits(parts.next()?).filter(|n| *n < max);
    let (hours, minutes) = (next(24)?, next(60)?);
    let seconds = if hms.len() > 5 { next(60)? } else { 0 };
    if parts.next().is_some() || fraction.len() > 9 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let nanos = (0..9).fold(0, |n, at| n * 10 + i64::from(fraction.get(at).map_or(0, |b| b - b'0')));
    let local = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + nanos;
    Some(local - offset(zone)?)
}

/// Nanoseconds that a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let zone = zone.trim_ascii();
    let (sign, rest) = match zone {
        [] | [b'Z' | b'z'] | b"UTC" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.len() {
        2 => (digits(rest)?, 0),
        4 => (digits(&rest[..2])?, digits(&rest[2..])?),
        5 if rest[2] == b':' => (digits(&rest[..2])?, digits(&rest[3..])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_instant_is_the_same() {
        let want = Time(1_640_991_660_000_000_000);
        for text in [
            "1640991660",
            "1640991660000",
            "1640991660000000",
            "1640991660000000000",
            "1640991660.000",
            "2021-12-31 23:01:00.000000",
            "2021-12-31 23:01",
            "2021-12-31T23:01:00Z",
            "2021-12-31T23:01:00.000+00:00",
            "2022-01-01 00:01:00+01:00",
            "2021-12-31 18:01:00-0500",
            "2021/12/31 23:01:00 UTC",
        ] {
            assert_eq!(parse(text), Some(want), "{text}");
        }
        assert_eq!(parse("1970-01-01"), Some(Time(0)));
        assert_eq!(parse("20211231"), parse("2021-12-31"));
        assert_eq!(parse("1640991660.123456789"), Some(Time(1_640_991_660_123_456_789)));
        assert_eq!(iso(want), "2021-12-31T23:01:00Z");
        assert_eq!(iso(Time(-1_500_000)), "1969-12-31T23:59:59.9985Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "NaN",
            "2021",
            "2021-13-01",
            "2021-02-29",
            "2021-00-10",
            "2021-12-31X",
            "2021-12-31 24:00",
            "-5",
            "2021-12-31 23:61",
            "2021-12-31 23:01:00+1",
            "99999999999999999999",
            "2021-12-31 23:01:00 CET",
            ".",
            "20211301",
            "2021.5",
            "2021-12-31 99999999999999999999:00",
            "9999-01-01",
            "2021-12-3",
            "1.2.3",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = Time((seed >> 2).cast_signed());
            assert_eq!(parse(&iso(at)), Some(at));
        }
    }
}
