//! The trace that a request belongs to, by W3C Trace Context (Recommendation of 23 November 2021): the caller's, or a new one.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use crate::auth::serial;

/// What callers send.
const PARENT: HeaderName = HeaderName::from_static("traceparent");
/// What every answer says.
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// A trace: 16 bytes that are not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId(u128);

impl TraceId {
    /// The caller's, if it sent a good one; else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(PARENT).and_then(|value| value.to_str().ok());
        sent.and_then(read).unwrap_or_else(|| Self(serial()))
    }

    /// As a header.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(Bytes::from(self.to_string())).ok()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case; later versions may have more behind.
fn read(text: &str) -> Option<TraceId> {
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    if !well_formed || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let of = |part: &str| u128::from_str_radix(part, 16).ok().filter(|number| *number != 0);
    of(span)?;
    of(trace).map(TraceId)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        read(text).map(|trace| trace.to_string())
    }

    #[test]
    fn a_good_trace_is_kept_and_anything_else_is_none() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(of(&format!("00-{trace}-00f067aa0ba902b7-01")), Some(trace.to_owned()));
        assert_eq!(of(&format!("cc-{trace}-00f067aa0ba902b7-01-more")), Some(trace.to_owned()));
        for wrong in [
            String::new(),
            format!("00-{trace}-00f067aa0ba902b7-01-more"),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-00f067aa0ba902b7"),
            format!("00-{}-00f067aa0ba902b7-01", &trace[1..]),
        ] {
            assert_eq!(of(&wrong), None, "{wrong}");
        }
        let (a, b) = (TraceId::of(&HeaderMap::new()), TraceId::of(&HeaderMap::new()));
        assert_ne!(a, b);
        assert_eq!(a.to_string().len(), 32);
    }
}
