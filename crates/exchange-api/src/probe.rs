//! Runs the parsers of hostile input on anything, for fuzzing: no input may panic, and what is parsed keeps its rules.
//! Nothing here is of use to a server.

use types::Time;

use crate::auth;
use crate::handlers::ticker;
use crate::params::{Params, symbols};
use crate::timezone;

/// Names that the typed readers are tried on, beside those in the input.
const NAMES: &[&str] = &["symbol", "symbols", "limit", "timestamp", "recvWindow", "timeZone", "windowSize"];

/// A REST request's query and body.
pub fn rest(query: &str, body: &str) {
    let payload = auth::without_signature(query, body);
    assert!(payload.len() <= query.len() + body.len(), "a signed text only loses its signature");
    if let Ok(params) = Params::from_query_and_body(query, body) {
        read(&params);
    }
}

/// A WebSocket API request's parameters.
pub fn json(text: &str) {
    if let Ok(params) = Params::from_json(text) {
        read(&params);
        // The encoded form decodes to the same parameters.
        let again = Params::from_query_and_body(&params.sorted_payload_encoded(), "");
        let signed: Vec<&str> = params.names().filter(|name| *name != "signature").collect();
        if let Ok(again) = again {
            for name in signed {
                assert_eq!(params.get(name), again.get(name), "{name}");
            }
        }
    }
}

fn read(params: &Params) {
    for name in params.names().chain(NAMES.iter().copied()) {
        let _ = (params.int(name), params.time(name), params.bool(name), params.client_id(name));
        let _ = params.get(name).map(symbols);
        let _ = params.get(name).map(ticker::window);
    }
    let _ = (params.symbol(), params.limit(500, 1_000), timezone::offset_ns(params), params.only(NAMES));
    let now = Time::from_millis(1_790_000_000_000);
    if let Ok(end) = auth::deadline(params, now) {
        // A request inside its window has not seen its end yet, and the window has a largest size.
        assert!(end >= now, "a request is taken after its end");
        assert!(end.since(now) <= 62_000_000_000, "a request lives too long");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn anything_can_be_parsed(query in ".{0,200}", body in ".{0,200}") {
            rest(&query, &body);
            json(&query);
        }

        #[test]
        fn near_misses_can_be_parsed(
            pairs in prop::collection::vec(("[a-zA-Z%&=+]{0,12}|timestamp|recvWindow|signature|symbols", "[-0-9.eE+%\\[\\]\",A-Z]{0,24}|17900000000[0-9]{2}"), 0..12),
        ) {
            let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            rest(&query.join("&"), "");
            let members: Vec<String> = pairs.iter().map(|(name, value)| format!("{name:?}:{value:?}")).collect();
            json(&format!("{{{}}}", members.join(",")));
        }
    }
}
