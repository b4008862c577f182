//! How the text of a setting becomes its value, and what is said when it cannot.

use std::path::PathBuf;
use std::str::FromStr;

use exchange_host::Durability;

use super::keys::SPEED_MAX;

/// Reads a speed in times of normal as percent: `1.5` is 150.
pub(crate) fn speed_percent(text: &str) -> Result<u32, String> {
    let percent = types::decimal::parse_unsigned(text, 2).map_err(|error| error.to_string())?;
    let percent = u32::try_from(percent).ok().filter(|p| *p <= SPEED_MAX * 100);
    percent.ok_or_else(|| format!("is above {SPEED_MAX}"))
}

/// The speed of recorded markets in hundredths.
pub(super) fn paper_percent(text: &str) -> Result<u32, String> {
    let wrong = || "is not a number from 0.01 to 1000000 with at most two decimals".to_owned();
    let hundredths = types::decimal::parse_unsigned(text, 2).map_err(|_| wrong())?;
    u32::try_from(hundredths).ok().filter(|h| (1..=100_000_000).contains(h)).ok_or_else(wrong)
}

/// The parts of a list; `none` has none.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = if text == "none" { "" } else { text };
    text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

pub(super) fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

pub(super) fn parse<T: FromStr>(text: &str, expected: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("is not {expected}"))
}

pub(super) fn range<T: FromStr + PartialOrd + Copy + std::fmt::Display>(
    text: &str,
    min: T,
    max: T,
) -> Result<T, String> {
    let value: T = parse(text, "a whole number in range")?;
    if value < min || value > max { Err(format!("is not between {min} and {max}")) } else { Ok(value) }
}

pub(super) fn origin(text: &str) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    // As browsers write it: without the slash that people copy with it.
    let text = text.strip_suffix('/').unwrap_or(text);
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', ' ', '*']) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err("is not an origin: scheme and host, no path, like https://desk.example.org".into()),
    }
}

/// The address of a feed; where it leads is looked at when it is used.
pub(super) fn address(text: &str, schemes: [&str; 2]) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    if schemes.iter().any(|scheme| text.split_once("://").is_some_and(|(found, _)| found == *scheme)) {
        return Ok(Some(text.to_owned()));
    }
    Err(format!("begins with neither {}:// nor {}://", schemes[0], schemes[1]))
}

pub(super) fn symbols(text: &str) -> Result<Vec<String>, String> {
    let all = words(text);
    match all.iter().find(|symbol| types::Symbol::new(symbol).is_err()) {
        Some(wrong) => Err(format!("holds {wrong:?}, which is no symbol like BTC-PERP")),
        None => Ok(all),
    }
}

pub(super) fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "fsync" => Ok(Durability::Fsync),
        "buffered" => Ok(Durability::Buffered),
        _ => Err("is neither `fsync` nor `buffered`".into()),
    }
}

/// Checked here so that a wrong URL is told with where it came from; the reason never holds the password.
pub(super) fn store_url(text: &str) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    let parsed = text.parse::<store::Location>();
    parsed.map(|_| Some(text.to_owned())).map_err(|error| error.to_string())
}

/// A standby is a server.
pub(super) fn replica_url(text: &str) -> Result<Option<String>, String> {
    let url = store_url(text)?;
    match url.as_deref().map(str::parse) {
        None | Some(Ok(store::Location::Postgres(_))) => Ok(url),
        _ => Err("is not a server like postgres://USER@HOST/DATABASE: only PostgreSQL has standbys".into()),
    }
}

pub(super) fn redis_url(text: &str) -> Result<Option<String>, String> {
    match text {
        "none" => Ok(None),
        url if url.starts_with("redis://") => Ok(Some(url.to_owned())),
        _ => Err("is not an address like redis://127.0.0.1:6379/0".into()),
    }
}

/// Where traces are collected; checked here so that a wrong address is told with where it came from.
pub(super) fn collector(text: &str) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    notify::Outlet::new(text).map_err(|error| error.to_string())?;
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// What other instances call this one; `local` is what each calls itself.
pub(super) fn instance(text: &str) -> Result<Option<types::VenueName>, String> {
    if text == "none" {
        return Ok(None);
    }
    match types::VenueName::new(text) {
        Ok(name) if text != "local" => Ok(Some(name)),
        _ => Err("is not a name of at most 12 small letters and digits, other than local".into()),
    }
}

pub(super) fn filter(text: &str) -> Result<String, String> {
    let checked = tracing_subscriber::EnvFilter::builder().parse(text);
    checked.map(|_| text.to_owned()).map_err(|error| format!("is not a log filter: {error}"))
}

/// Functions that can be computed over the candles that are kept.
pub(super) fn live_indicators(text: &str) -> Result<Vec<indicators::Settings>, String> {
    let all = indicators::Settings::list(text).map_err(|error| format!("cannot be read: {error}"))?;
    if all.len() > 10 {
        return Err("holds more than 10 functions".into());
    }
    match all.iter().find(|settings| settings.lookback() >= 1_000) {
        Some(long) => Err(format!("holds {long}, which needs more than 1,000 candles")),
        None => Ok(all),
    }
}

/// From how many bytes on messages are deflated; `none` for never. Below a hundred there is nothing to gain.
pub(super) fn deflate_from(text: &str) -> Result<Option<usize>, String> {
    if text == "none" { Ok(None) } else { range(text, 100, 1_048_576).map(Some) }
}

/// A number of a Redis database; `none` leaves the one of the address.
pub(super) fn redis_database(text: &str) -> Result<Option<u8>, String> {
    if text == "none" { Ok(None) } else { range(text, 0, 15).map(Some) }
}

/// The address with another database.
pub(super) fn with_database(url: &str, database: u8) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let start = address.find("://").map_or(0, |at| at + 3);
    let host = address.get(start..).unwrap_or_default();
    let end = host.find('/').map_or(address.len(), |at| start + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{database}{query}", address.get(..end).unwrap_or(address))
}

/// A file that is named from the root, so that it does not depend on where the program was started.
pub(super) fn absolute_file(text: &str) -> Result<Option<PathBuf>, String> {
    match text {
        "none" => Ok(None),
        path if path.starts_with('/') && !path.ends_with('/') => Ok(Some(path.into())),
        _ => Err("is neither none nor a file's full path like /var/log/tradewind.log".into()),
    }
}

/// A name of letters, digits, - and _.
pub(super) fn word(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=40).contains(&text.len()) && text.chars().all(good) {
        Ok(text.to_owned())
    } else {
        Err("is not 1 to 40 letters, digits, - and _".into())
    }
}

/// What stands in front of a name in a shared place; a colon at its end, as other programs want it written, is there anyway.
pub(super) fn prefix(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches(':');
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if (1..=40).contains(&text.len()) && text.chars().all(good) {
        Ok(text.to_owned())
    } else {
        Err("is not 1 to 40 letters, digits, - _ . and :".into())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_prefix_may_end_with_a_colon_and_hold_no_blanks() {
        use super::prefix;
        assert_eq!((prefix("crypto:").as_deref(), prefix("a:b.c").as_deref()), (Ok("crypto"), Ok("a:b.c")));
        assert!(prefix(":").is_err() && prefix("a b").is_err() && prefix("a*").is_err());
    }

    use super::*;

    #[test]
    fn a_speed_is_read_exactly() {
        assert_eq!(speed_percent("1.5"), Ok(150));
        assert_eq!(speed_percent("0"), Ok(0));
        for bad in ["1000.01", "-1", "0.001", "fast", "99999999999999999"] {
            assert!(speed_percent(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_redis_database_replaces_that_of_the_address() {
        for (url, expected) in [
            ("redis://h:6379", "redis://h:6379/7"),
            ("redis://h:6379/0", "redis://h:6379/7"),
            ("redis://u:p@h/3?protocol=resp3", "redis://u:p@h/7?protocol=resp3"),
        ] {
            assert_eq!(with_database(url, 7), expected);
        }
    }

    #[test]
    fn an_origin_is_what_browsers_send() {
        assert_eq!(origin("https://desk.example.org/"), Ok(Some("https://desk.example.org".to_owned())));
        for bad in ["https://", "desk.example.org", "https://a/b", "https://*", "https://a b"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
