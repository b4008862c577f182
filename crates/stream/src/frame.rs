//! Events written out: once as JSON, at most once more as MessagePack, and put together into batches without being written again.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;

use crate::deflate::{Message, part};
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
    /// Whether everybody hears the same.
    public: bool,
    /// Deflated, of either format; made for the first who wants it.
    deflated: [OnceLock<Bytes>; 2],
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
        Self::named((room, &room.to_string()), offset, ts, data)
    }

    /// The same with the room's name at hand.
    pub(crate) fn named(
        (room, name): (&Room, &str),
        offset: u64,
        ts: i64,
        data: &serde_json::value::RawValue,
    ) -> Arc<Self> {
        let event = Event { r#type: "event", room: name, offset, ts, data };
        // A structure of texts, integers and JSON always becomes JSON.
        Arc::new(Self {
            ts,
            json: serde_json::to_vec(&event).unwrap_or_default().into(),
            packed: OnceLock::new(),
            public: room.is_public(),
            deflated: Default::default(),
        })
    }

    /// Its bytes as a part of a deflated message; `None` for what is somebody's own or shorter than `least` bytes.
    fn deflated(&self, format: Format, least: usize) -> Option<&Bytes> {
        if !self.public || self.bytes(format).len() < least {
            return None;
        }
        let [json, packed] = &self.deflated;
        let kept = match format {
            Format::Json => json,
            Format::MessagePack => packed,
        };
        Some(kept.get_or_init(|| part(&self.bytes(format))))
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

/// A piece of a message of several events.
enum Piece<'a> {
    Between(&'a [u8]),
    Event(&'a Frame),
}

/// One message of all `frames`, piece by piece: the event itself if it is one, else a batch.
fn pieces(frames: &[Arc<Frame>], format: Format, mut each: impl FnMut(Piece<'_>)) {
    if let [one] = frames {
        return each(Piece::Event(one));
    }
    match format {
        Format::Json => {
            each(Piece::Between(JSON_HEAD));
            for (n, frame) in frames.iter().enumerate() {
                if n > 0 {
                    each(Piece::Between(b","));
                }
                each(Piece::Event(frame));
            }
            each(Piece::Between(JSON_TAIL));
        }
        Format::MessagePack => {
            each(Piece::Between(PACKED_HEAD));
            // array 32: any number of elements.
            each(Piece::Between(&[0xdd]));
            each(Piece::Between(&u32::try_from(frames.len()).unwrap_or(u32::MAX).to_be_bytes()));
            frames.iter().for_each(|frame| each(Piece::Event(frame)));
        }
    }
}

/// One message of all `frames`: the event itself if it is one, else a batch. Nothing is written out again: bytes are copied.
#[must_use]
pub fn batch(frames: &[Arc<Frame>], format: Format) -> Bytes {
    if let [one] = frames {
        return one.bytes(format);
    }
    let room = frames.iter().map(|frame| frame.bytes(format).len() + 1).sum::<usize>() + JSON_HEAD.len() + 8;
    let mut out = Vec::with_capacity(room);
    pieces(frames, format, |piece| match piece {
        Piece::Between(bytes) => out.extend_from_slice(bytes),
        Piece::Event(frame) => out.extend_from_slice(&frame.bytes(format)),
    });
    out.into()
}

/// The same message deflated (RFC 7692), if one of its events is public and at least `least` bytes long: of each such event the bytes
/// are made once for all who hear it.
#[must_use]
pub fn batch_deflated(frames: &[Arc<Frame>], format: Format, least: usize) -> Option<Bytes> {
    if frames.iter().all(|frame| frame.deflated(format, least).is_none()) {
        return None;
    }
    let mut out = Message::default();
    pieces(frames, format, |piece| match piece {
        Piece::Between(bytes) => out.plain(bytes),
        Piece::Event(frame) => match frame.deflated(format, least) {
            Some(part) => out.deflated(part),
            None => out.plain(&frame.bytes(format)),
        },
    });
    Some(out.finish())
}

/// A message that is made for one client, deflated.
#[must_use]
pub fn deflated(message: &[u8]) -> Bytes {
    let mut out = Message::default();
    out.deflated(&part(message));
    out.finish()
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

    #[test]
    fn long_public_events_are_deflated_once_and_private_ones_never() {
        let book = Room::parse("book:BTCUSDT").unwrap();
        let levels = json!({ "bids": vec![["100000.01", "0.25"]; 100] });
        let data = to_raw_value(&levels).unwrap();
        let (long, short) =
            (Frame::event(&book, 1, 7, &data), Frame::event(&book, 2, 7, &to_raw_value(&json!(1)).unwrap()));
        let private = Frame::event(&Room::Orders, 3, 7, &data);
        for format in [Format::Json, Format::MessagePack] {
            let all = [Arc::clone(&long), Arc::clone(&private), Arc::clone(&short), Arc::clone(&long)];
            for frames in [&all[..1], &all[..2], &all] {
                let message = batch_deflated(frames, format, 1_024).unwrap();
                assert_eq!(crate::deflate::tests::inflate(&message), batch(frames, format));
                assert_eq!(
                    crate::deflate::tests::inflate(&deflated(&batch(frames, format))),
                    batch(frames, format)
                );
            }
            // What is private stands in the message as it is.
            let mixed = batch_deflated(&all, format, 1_024).unwrap();
            assert!(
                mixed.windows(private.bytes(format).len()).any(|part| part == &private.bytes(format)[..])
            );
            assert_eq!(batch_deflated(&[Arc::clone(&private), Arc::clone(&short)], format, 1_024), None);
            assert_eq!(batch_deflated(&[Arc::clone(&long)], format, 1_000_000), None);
            let kept = long.deflated(format, 1_024).unwrap().as_ptr();
            assert_eq!(long.deflated(format, 1_024).unwrap().as_ptr(), kept, "made once");
        }
    }
}
