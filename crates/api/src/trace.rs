//! The trace that a request belongs to, by W3C Trace Context (Recommendation of 23 November 2021): the caller's, or a new one.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use traces::{Context, Kind, Span};

use crate::auth::serial;

/// What every answer says.
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// A trace: 16 bytes that are not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId {
    number: u128,
    /// Where the caller is in it.
    caller: Option<Context>,
}

impl TraceId {
    /// The caller's, if it sent a good one; else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(traces::HEADER).and_then(|value| value.to_str().ok());
        let caller: Option<Context> = sent.and_then(|text| text.parse().ok());
        Self { number: caller.map_or_else(serial, |caller| caller.trace), caller }
    }

    /// As a header.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(Bytes::from(self.to_string())).ok()
    }

    /// What is done here for the caller.
    pub(crate) fn span(self, method: &Method) -> Span {
        let name = || if traces::is_on() { method.to_string() } else { String::new() };
        match self.caller {
            Some(caller) => Span::begin(Kind::Server, name(), Some(caller)),
            None => Span::first(Kind::Server, name(), self.number),
        }
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.number)
    }
}

/// How a request was answered, on its span.
pub(crate) fn answered(span: &mut Span, path: &str, route: Option<&str>, method: &Method, status: u16) {
    if span.context().is_none() {
        return;
    }
    if let Some(route) = route {
        span.rename(|| format!("{method} {route}"));
        span.set("http.route", || route.to_owned());
    }
    span.set("http.request.method", || method.to_string());
    span.set("url.path", || path.to_owned());
    span.set("http.response.status_code", || i64::from(status));
    // A caller's mistake is no failure of the server (OpenTelemetry's semantic conventions for HTTP).
    if status >= 500 {
        span.fail("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_trace_is_kept_and_anything_else_is_a_new_one() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(traces::HEADER, text.parse().unwrap());
            TraceId::of(&headers).to_string()
        };
        assert_eq!(of(&format!("00-{trace}-00f067aa0ba902b7-01")), trace);
        let wrong = format!("00-{trace}-00f067aa0ba902b7-01-more");
        assert_ne!(of(&wrong), of(&wrong));
        assert_eq!(TraceId::of(&HeaderMap::new()).to_string().len(), 32);
    }
}
