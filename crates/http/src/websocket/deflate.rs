//! Agreeing to `permessage-deflate` (RFC 7692) with a client, without keeping anything from message to message: what is sent can
//! then be deflated once for all who hear it, and a connection costs no window of 32 KiB.

use hyper::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};

const NAME: &str = "permessage-deflate";
/// The answer to an offer that suits.
const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The answer to the first offer that can be taken, if there is one.
pub(super) fn answer(headers: &HeaderMap) -> Option<HeaderValue> {
    let lines = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().filter_map(|value| value.to_str().ok());
    let suits = lines.flat_map(|line| line.split(',')).any(suits);
    suits.then(|| HeaderValue::from_static(AGREED))
}

/// Whether an offer is one of ours with parameters that we understand and can keep (§7.1: each at most once).
fn suits(offer: &str) -> bool {
    let mut parts = offer.split(';').map(str::trim);
    if parts.next() != Some(NAME) {
        return false;
    }
    let mut seen = Vec::new();
    parts.all(|part| {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (part, None),
        };
        let once = !seen.contains(&name);
        seen.push(name);
        let bits = |text: &str| (8..=15).any(|bits: u8| bits.to_string() == text);
        once && match (name, value) {
            (
                "server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits",
                None,
            ) => true,
            // A client's smaller window is its own affair; ours is the largest.
            ("client_max_window_bits", Some(value)) => bits(value),
            ("server_max_window_bits", Some("15")) => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_taken_if_it_can_be_kept() {
        let agreed = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            lines.iter().for_each(|line| {
                headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(line).unwrap());
            });
            answer(&headers).is_some()
        };
        // What browsers, Python's websockets and node's ws send.
        assert!(agreed(&["permessage-deflate; client_max_window_bits"]));
        assert!(agreed(&[
            "permessage-deflate; server_max_window_bits=12, permessage-deflate; client_max_window_bits=12"
        ]));
        assert!(agreed(&[
            "x-webkit-deflate-frame",
            "permessage-deflate;server_no_context_takeover; server_max_window_bits=\"15\""
        ]));
        for line in [
            "",
            "x-webkit-deflate-frame",
            "permessage-deflate; server_max_window_bits=12",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits; client_max_window_bits",
            "permessage-deflate; unheard_of",
            "permessage-deflate; server_no_context_takeover=1",
        ] {
            assert!(!agreed(&[line]), "{line:?}");
        }
        assert!(!agreed(&[]));
    }
}
