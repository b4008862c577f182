//! When a signed request counts: `timestamp < server time + 1000 ms` and `server time - timestamp ≤ recvWindow`
//! (rest-api.md, "Timing security"). The second half is checked again just before matching, by the deadline given here.

use types::{Time, decimal};

use crate::error::ApiError;
use crate::limits::{AHEAD_MAX_MS, RECV_WINDOW_DEFAULT_MS, RECV_WINDOW_MAX_MS};
use crate::params::{Params, missing};

/// Checks `timestamp` and `recvWindow` against the exchange's time `at`; gives the last moment of the window.
/// The comparison has the precision of the timestamp: one in milliseconds stands for its whole millisecond.
pub(crate) fn deadline(params: &Params, at: Time) -> Result<Time, ApiError> {
    let window_ns = window_us(params)? * 1_000;
    params.mandatory("timestamp")?;
    let sent = params.time("timestamp")?.ok_or_else(|| missing("timestamp"))?;
    let unit_ns = if sent.0 % 1_000_000 == 0 { 1_000_000 } else { 1_000 };
    let now = Time(at.0 - at.0.rem_euclid(unit_ns));
    if sent.since(now) >= AHEAD_MAX_MS * 1_000_000 {
        let message = "Timestamp for this request was 1000ms ahead of the server's time.";
        return Err(ApiError::new(-1021, message));
    }
    if now.since(sent) > window_ns {
        return Err(ApiError::new(-1021, "Timestamp for this request is outside of the recvWindow."));
    }
    Ok(sent.plus_nanos(window_ns + unit_ns - 1))
}

/// `recvWindow` in microseconds: milliseconds with up to three decimals.
fn window_us(params: &Params) -> Result<i64, ApiError> {
    let Some(text) = params.optional("recvWindow")? else { return Ok(RECV_WINDOW_DEFAULT_MS * 1_000) };
    let malformed = || {
        let range = "^([0-9]{1,20})(\\.[0-9]{1,3})?$";
        let message =
            format!("Illegal characters found in parameter 'recvWindow'; legal range is '{range}'.");
        ApiError::new(-1100, message)
    };
    let us = match decimal::parse_unsigned(text, 3) {
        Ok(us) => us,
        Err(decimal::DecimalError::OutOfRange) if !text.starts_with('-') => i64::MAX,
        Err(_) => return Err(malformed()),
    };
    if us > RECV_WINDOW_MAX_MS * 1_000 {
        return Err(ApiError::new(-1131, format!("'recvWindow' must be less than {RECV_WINDOW_MAX_MS}.")));
    }
    Ok(us)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_123_456_789);

    fn check(query: &str) -> Result<Time, i32> {
        deadline(&Params::from_query_and_body(query, "").unwrap(), NOW).map_err(|e| e.code)
    }

    #[test]
    fn a_request_counts_within_its_window_only() {
        let us = NOW.micros();
        for (sent, want) in [
            (us, Ok(())),
            (us - 5_000_000, Ok(())),
            (us - 5_000_001, Err(-1021)),
            (us + 999_999, Ok(())),
            (us + 1_000_000, Err(-1021)),
        ] {
            assert_eq!(check(&format!("timestamp={sent}")).map(|_| ()), want, "{}", sent - us);
        }
        let ms = NOW.millis();
        assert!(check(&format!("timestamp={ms}&recvWindow=0")).is_ok());
        assert_eq!(check(&format!("timestamp={}&recvWindow=5000", ms - 5_000)).map(|_| ()), Ok(()));
        assert_eq!(check(&format!("timestamp={}&recvWindow=5000", ms - 5_001)).map(|_| ()), Err(-1021));
        assert_eq!(check(&format!("timestamp={}", ms + 1_000)), Err(-1021));
        assert_eq!(check("timestamp=1"), Err(-1021));
        assert_eq!(check("timestamp=99999999999999999999"), Err(-1021));
    }

    #[test]
    fn the_window_has_up_to_three_decimals_and_an_end() {
        let ms = NOW.millis();
        assert!(check(&format!("timestamp={ms}&recvWindow=59999.999")).is_ok());
        assert!(check(&format!("timestamp={ms}&recvWindow=60000")).is_ok());
        assert_eq!(check(&format!("timestamp={ms}&recvWindow=60000.001")), Err(-1131));
        assert_eq!(check(&format!("timestamp={ms}&recvWindow=1.0001")), Err(-1100));
        assert_eq!(check(&format!("timestamp={ms}&recvWindow=-1")), Err(-1100));
        assert_eq!(check(&format!("timestamp={ms}&recvWindow=")), Err(-1105));
        assert_eq!(check("recvWindow=5000"), Err(-1102));
        assert_eq!(check("timestamp="), Err(-1102));
        assert_eq!(check("timestamp=abc"), Err(-1100));
    }

    #[test]
    fn the_deadline_is_the_windows_end() {
        let end = check(&format!("timestamp={}&recvWindow=100.5", NOW.millis())).unwrap();
        assert_eq!(end.micros(), NOW.millis() * 1_000 + 100_500 + 999);
    }
}
