//! The words of `docs/stream.md`: what clients ask and what the server answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::frame::{Format, pack};
use crate::limits::PING_ID_LEN_MAX;
use crate::ring::Since;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Follow rooms.
    Subscribe {
        /// Which.
        rooms: Vec<String>,
        /// Where the client was, by room.
        #[serde(default)]
        since: BTreeMap<String, Since>,
    },
    /// Follow them no longer.
    Unsubscribe {
        /// Which.
        rooms: Vec<String>,
    },
    /// Say something.
    Ping {
        /// Comes back.
        id: PingId,
    },
}

/// A client's own mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PingId {
    /// A whole number.
    Number(u64),
    /// A short text.
    Text(String),
}

/// Reads a request.
///
/// # Errors
/// What is wrong with it, for the client.
pub fn read(text: &str) -> Result<Request, String> {
    let request: Request = serde_json::from_str(text).map_err(|error| {
        format!("the message is not a request: {error}; wanted is an `op` of subscribe, unsubscribe or ping")
    })?;
    match &request {
        Request::Ping { id: PingId::Text(id) } if id.len() > PING_ID_LEN_MAX => {
            Err(format!("the `id` of a ping has at most {PING_ID_LEN_MAX} bytes"))
        }
        Request::Subscribe { rooms, .. } | Request::Unsubscribe { rooms } if rooms.is_empty() => {
            Err("`rooms` is empty".to_owned())
        }
        _ => Ok(request),
    }
}

/// A message of the server that is no event.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply<'a> {
    /// The first one.
    Hello {
        /// The connection's name, for people and logs.
        connection: &'a str,
        /// This run of the server.
        epoch: &'a str,
        /// How often the server pings, seconds.
        ping_s: u64,
        /// Most rooms.
        rooms_max: usize,
        /// Milliseconds since 1970.
        server_time: i64,
    },
    /// The room is followed from `offset` on.
    Subscribed {
        /// Which.
        room: &'a str,
        /// Its epoch.
        epoch: &'a str,
        /// Its last event.
        offset: u64,
        /// Whether what was missed follows.
        recovered: bool,
        /// The room's state, unless recovered.
        snapshot: Option<&'a RawValue>,
    },
    /// The room is followed no longer.
    Unsubscribed {
        /// Which.
        room: &'a str,
    },
    /// Something could not be done.
    Error {
        /// A stable word.
        code: &'a str,
        /// What, why, what to do.
        detail: &'a str,
        /// The room it was about, as the client wrote it.
        room: Option<&'a str>,
    },
    /// The answer to a ping.
    Pong {
        /// The client's mark.
        id: &'a PingId,
    },
}

impl Reply<'_> {
    /// As it is sent.
    #[must_use]
    pub fn bytes(&self, format: Format) -> Bytes {
        // A structure of texts, numbers and JSON always becomes JSON.
        let json = serde_json::to_vec(self).unwrap_or_default();
        match format {
            Format::Json => json.into(),
            Format::MessagePack => pack(&json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_as_documented_and_nothing_else_does() {
        let text = r#"{"op":"subscribe","rooms":["book:BTCUSDT"],"since":{"book:BTCUSDT":{"epoch":"a","offset":12}}}"#;
        let Ok(Request::Subscribe { rooms, since }) = read(text) else { panic!() };
        assert_eq!((rooms.len(), since["book:BTCUSDT"].offset), (1, 12));
        assert_eq!(read(r#"{"op":"ping","id":1}"#), Ok(Request::Ping { id: PingId::Number(1) }));
        assert_eq!(read(r#"{"id":"a","op":"ping"}"#), Ok(Request::Ping { id: PingId::Text("a".into()) }));
        for text in [
            "",
            "[]",
            "{}",
            r#"{"op":"dance"}"#,
            r#"{"op":"ping"}"#,
            r#"{"op":"ping","id":[1]}"#,
            r#"{"op":"subscribe","rooms":"book:BTCUSDT"}"#,
            r#"{"op":"subscribe","rooms":[]}"#,
            r#"{"op":"subscribe","rooms":["a"],"form":1}"#,
            r#"{"op":"subscribe","rooms":["a"],"since":{"a":{"epoch":"e","offset":-1}}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&format!(r#"{{"op":"ping","id":"{}"}}"#, "x".repeat(PING_ID_LEN_MAX + 1))).is_err());
    }

    #[test]
    fn replies_are_the_same_in_both_formats() {
        let snapshot = RawValue::from_string(r#"{"bids":[["1","2"]]}"#.into()).unwrap();
        let reply = Reply::Subscribed {
            room: "book:BTCUSDT",
            epoch: "a.1",
            offset: 7,
            recovered: false,
            snapshot: Some(&snapshot),
        };
        let json: serde_json::Value = serde_json::from_slice(&reply.bytes(Format::Json)).unwrap();
        let packed: serde_json::Value = rmp_serde::from_slice(&reply.bytes(Format::MessagePack)).unwrap();
        assert_eq!(json, packed);
        assert_eq!(
            (json["type"].as_str(), json["snapshot"]["bids"][0][1].as_str()),
            (Some("subscribed"), Some("2"))
        );
    }
}
