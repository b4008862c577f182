//! Events written out: once as JSON, at most once more as MessagePack, and put together into batches without being written again.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;

use crate::room::Room;

/// How the server's messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Text.
    #[default]
    Json,
    /// Binary.
    MessagePack,
}

/// One event of a room, written out. Clones of its `Arc` share the bytes.
#[derive(Debug)]
pub struct Frame {
    ts: i64,
    json: Bytes,
    /// Made for the first who wants it.
    packed: OnceLock<Bytes>,
}

/// The fields of an event around its data.
#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    room: &'a str,
    offset: u64,
    ts: i64,
    data: &'a serde_json::value::RawValue,
}

impl Frame {
    /// An event with data that is JSON already. `ts` in milliseconds since 1970.
    #[must_use]
    pub fn event(room: &Room, offset: u64, ts: i64, data: &serde_json::value::RawValue) -> Arc<Self> {
        Self::named(&room.to_string(), offset, ts, data)
    }

    pub(crate) fn named(room: &str, offset: u64, ts: i64, data: &serde_json::value::RawValue) -> Arc<Self> {
        let event = Event { r#type: "event", room, offset, ts, data };
        // A structure of texts, integers and JSON always becomes JSON.
        Arc::new(Self {
            ts,
            json: serde_json::to_vec(&event).unwrap_or_default().into(),
            packed: OnceLock::new(),
        })
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self, format: Format) -> Bytes {
        match format {
            Format::Json => self.json.clone(),
            Format::MessagePack => self.packed.get_or_init(|| pack(&self.json)).clone(),
        }
    }

    /// When it was published, milliseconds since 1970.
    #[must_use]
    pub const fn ts(&self) -> i64 {
        self.ts
    }

    /// Length as JSON: what it counts for where bytes are bounded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.json.len()
    }

    /// Never: an event has fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.json.is_empty()
    }
}

/// The same value as MessagePack, with the names of fields.
#[must_use]
pub(crate) fn pack(json: &[u8]) -> Bytes {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    rmp_serde::to_vec_named(&value).unwrap_or_default().into()
}

const JSON_HEAD: &[u8] = br#"{"type":"batch","events":["#;
const JSON_TAIL: &[u8] = b"]}";
/// A map of two: `"type": "batch"`, `"events":`.
const PACKED_HEAD: &[u8] = b"\x82\xa4type\xa5batch\xa6events";

/// One message of all `frames`: the event itself if it is one, else a batch. Nothing is written out again: bytes are copied.
#[must_use]
pub fn batch(frames: &[Arc<Frame>], format: Format) -> Bytes {
    if let [one] = frames {
        return one.bytes(format);
    }
    let parts: Vec<Bytes> = frames.iter().map(|frame| frame.bytes(format)).collect();
    let room = parts.iter().map(|part| part.len() + 1).sum::<usize>() + JSON_HEAD.len() + 8;
    let mut out = Vec::with_capacity(room);
    match format {
        Format::Json => {
            out.extend_from_slice(JSON_HEAD);
            for (n, part) in parts.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(part);
            }
            out.extend_from_slice(JSON_TAIL);
        }
        Format::MessagePack => {
            out.extend_from_slice(PACKED_HEAD);
            // array 32: any number of elements.
            out.push(0xdd);
            out.extend_from_slice(&u32::try_from(parts.len()).unwrap_or(u32::MAX).to_be_bytes());
            for part in &parts {
                out.extend_from_slice(part);
            }
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json, value::to_raw_value};

    use super::*;

    fn frame(offset: u64, data: &Value) -> Arc<Frame> {
        Frame::event(&Room::Orders, offset, 7, &to_raw_value(data).unwrap())
    }

    fn read(bytes: &[u8], format: Format) -> Value {
        match format {
            Format::Json => serde_json::from_slice(bytes).unwrap(),
            Format::MessagePack => rmp_serde::from_slice(bytes).unwrap(),
        }
    }

    #[test]
    fn both_formats_say_the_same_alone_and_in_batches() {
        let data = json!({ "price": "100000.01", "n": 9_007_199_254_740_993_u64, "none": null, "list": ["ü", -5, true] });
        let event = |offset: u64| json!({ "type": "event", "room": "orders", "offset": offset, "ts": 7, "data": data });
        for format in [Format::Json, Format::MessagePack] {
            assert_eq!(read(&batch(&[frame(1, &data)], format), format), event(1));
            // Below and above what fits a short list's head.
            for count in [2_u64, 15, 16, 70_000] {
                let frames: Vec<_> = (1..=count).map(|n| frame(n, &json!(n))).collect();
                let got = read(&batch(&frames, format), format);
                assert_eq!(got["type"], "batch");
                let offsets: Vec<_> =
                    got["events"].as_array().unwrap().iter().map(|e| e["offset"].as_u64().unwrap()).collect();
                assert_eq!(offsets, (1..=count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn an_event_is_packed_once() {
        let frame = frame(1, &json!({ "a": 1 }));
        let (first, second) = (frame.bytes(Format::MessagePack), frame.bytes(Format::MessagePack));
        assert_eq!(first.as_ptr(), second.as_ptr(), "the same bytes");
        assert_eq!(frame.bytes(Format::Json).as_ptr(), frame.bytes(Format::Json).as_ptr());
    }
}
