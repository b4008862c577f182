//! Frames as clients send them, whole and broken.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame with a first byte (flags and kind), masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ 0..=125 => out.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..=65_535 => {
            out.push(0x80 | 126);
            out.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

fn deflated(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.flush().unwrap();
    let mut bytes = encoder.get_ref().clone();
    assert!(bytes.ends_with(&FLUSH_MARKER));
    bytes.truncate(bytes.len() - FLUSH_MARKER.len());
    bytes
}

/// Everything said in some bytes, handed over in pieces of a length.
fn read(bytes: &[u8], piece: usize, inflates: bool) -> Result<Vec<Message>, Fault> {
    let mut decoder = Decoder::new(1_000, inflates);
    let mut said = Vec::new();
    for part in bytes.chunks(piece) {
        decoder.feed(part);
        while let Some(message) = decoder.next()? {
            said.push(message);
        }
    }
    assert!(
        decoder.parts.is_some() || decoder.begun.is_some() || decoder.bytes.capacity() == 0,
        "an idle one holds nothing"
    );
    Ok(said)
}

fn text(text: &str) -> Message {
    Message::Text(text.into())
}

#[test]
fn messages_come_whole_however_their_bytes_and_frames_are_cut() {
    let mut bytes = frame(0x81, "all at once".as_bytes());
    bytes.extend(frame(0x01, "in ".as_bytes()));
    // A character may be cut, and a ping may come between.
    bytes.extend(frame(0x00, &"ü".as_bytes()[..1]));
    bytes.extend(frame(0x89, b"are you there"));
    bytes.extend(frame(0x80, &"ü".as_bytes()[1..]));
    bytes.extend(frame(0x82, "binary".as_bytes()));
    bytes.extend(frame(0x8a, b""));
    bytes.extend(frame(0x81, "x".repeat(300).as_bytes()));
    bytes.extend(frame(0x81, b""));
    bytes.extend(frame(0x88, &[0x03, 0xe8, b'b']));
    let want = [
        text("all at once"),
        Message::Ping(Bytes::from_static(b"are you there")),
        text("in ü"),
        text("binary"),
        Message::Pong,
        text(&"x".repeat(300)),
        text(""),
        Message::Close(Some(CloseCode::Normal)),
    ];
    for piece in [1, 2, 3, 7, 64, 10_000] {
        assert_eq!(read(&bytes, piece, false).unwrap(), want, "in pieces of {piece}");
    }
}

#[test]
fn deflated_messages_are_inflated_whole_and_in_parts() {
    let long = "round and round it goes ".repeat(20);
    for said in ["", "a", "grüße", &long] {
        let packed = deflated(said);
        assert_eq!(read(&frame(0xc1, &packed), 5, true).unwrap(), [text(said)], "{said}");
        let (front, back) = packed.split_at(packed.len() / 2);
        let mut cut = frame(0x41, front);
        cut.extend(frame(0x80, back));
        assert_eq!(read(&cut, 5, true).unwrap(), [text(said)], "{said}");
    }
    // Where it was agreed to, a message need not be deflated.
    assert_eq!(read(&frame(0x81, b"plain"), 5, true).unwrap(), [text("plain")]);
    // A few bytes that become more than a message may be.
    assert_eq!(read(&frame(0xc1, &deflated(&"x".repeat(1_000_000))), 9, true).unwrap_err(), TOO_LARGE);
    assert_eq!(read(&frame(0xc1, &deflated(&"x".repeat(1_001))), 9, true).unwrap_err(), TOO_LARGE);
    assert_eq!(read(&frame(0xc1, &deflated(&"x".repeat(1_000))), 9, true).unwrap().len(), 1);
    assert_eq!(read(&frame(0xc1, &[0xff, 0xff, 0xff]), 9, true).unwrap_err(), PROTOCOL);
}

#[test]
fn what_no_client_may_send_is_told_apart() {
    let unmasked = vec![0x81, 0x01, b'a'];
    let long_ping = frame(0x89, &[0; 126]);
    let (mut twice, mut alone) = (frame(0x01, b"a"), frame(0x01, b"a"));
    twice.extend(frame(0x81, b"b"));
    alone.extend(frame(0xc0, b"b"));
    let mut together = frame(0x01, &[b'x'; 600]);
    together.extend(frame(0x80, &[b'x'; 600]));
    for (what, bytes, want) in [
        ("not masked", unmasked, PROTOCOL),
        ("a ping of 126 bytes", long_ping, PROTOCOL),
        ("a ping in two frames", frame(0x09, b""), PROTOCOL),
        ("a deflated ping", frame(0xc9, b""), PROTOCOL),
        ("deflated, not agreed to", frame(0xc1, b""), PROTOCOL),
        ("reserved bits", frame(0xa1, b""), PROTOCOL),
        ("reserved bits", frame(0x91, b""), PROTOCOL),
        ("no such kind", frame(0x83, b""), PROTOCOL),
        ("no such control", frame(0x8b, b""), PROTOCOL),
        ("goes on with nothing", frame(0x80, b"a"), PROTOCOL),
        ("begins twice", twice, PROTOCOL),
        ("a later frame that says deflated", alone, PROTOCOL),
        ("half a code", frame(0x88, &[3]), PROTOCOL),
        ("a code that may not be sent", frame(0x88, &[0x03, 0xed]), PROTOCOL),
        ("a reason that is no text", frame(0x88, &[0x03, 0xe8, 0xff]), NOT_UTF8),
        ("no text", frame(0x81, &[0xff]), NOT_UTF8),
        ("no text either", frame(0x82, &[0xc3]), NOT_UTF8),
        ("too large", frame(0x81, &[b'x'; 1_001]), TOO_LARGE),
        ("too large together", together, TOO_LARGE),
        ("absurd", vec![0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], TOO_LARGE),
    ] {
        assert_eq!(read(&bytes, 3, false).unwrap_err(), want, "{what}");
    }
}
