//! The forms in which one payload is sent.

use http::websocket::Utf8Bytes;

use crate::call::TimeUnit;
use crate::json::Json;

/// One text per time unit, made when first wanted.
#[derive(Debug, Default)]
pub(crate) struct PerUnit {
    millis: Option<Utf8Bytes>,
    micros: Option<Utf8Bytes>,
}

impl PerUnit {
    /// The place of a unit's text.
    pub(crate) const fn of(&mut self, unit: TimeUnit) -> &mut Option<Utf8Bytes> {
        match unit {
            TimeUnit::Millis => &mut self.millis,
            TimeUnit::Micros => &mut self.micros,
        }
    }
}

/// For a combined connection: `{"stream":…,"data":…}`.
pub(crate) fn combined(stream: &str, payload: &str) -> Json {
    Json::object(|o| {
        o.text("stream", stream);
        o.raw("data", payload);
    })
}

/// For a subscription of the WebSocket API: `{"subscriptionId":…,"event":…}`.
pub(crate) fn subscribed(subscription: u64, payload: &str) -> Json {
    Json::object(|o| {
        o.int("subscriptionId", subscription);
        o.raw("event", payload);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_wrapped_as_clients_expect() {
        assert_eq!(combined("a@trade", "{}").as_str(), r#"{"stream":"a@trade","data":{}}"#);
        assert_eq!(subscribed(0, "{}").as_str(), r#"{"subscriptionId":0,"event":{}}"#);
    }
}
