//! What a client's bytes say: frames (RFC 6455 §5) put together into messages, inflated where both agreed to it (RFC 7692).
//!
//! The library reads and writes the heads of frames; what is done with them is ours, because its socket keeps a buffer per connection
//! and knows no extension. Between two messages a decoder holds no memory of its own.

use std::io::Cursor;

use bytes::{Buf, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, Utf8Bytes};

/// Longest payload of a control frame (RFC 6455 §5.5).
const CONTROL_LEN_MAX: u64 = 125;
/// The end of a deflated message that is not sent (RFC 7692 §7.2.1).
const FLUSH_MARKER: [u8; 4] = [0, 0, 0xff, 0xff];
/// Room for inflated bytes that is asked for at a time.
const INFLATE_STEP: usize = 4 * 1024;

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A text, or binary bytes that are one.
    Text(Utf8Bytes),
    Ping(Bytes),
    Pong,
    /// Goodbye, with the code to be answered.
    Close(Option<CloseCode>),
}

/// Why a connection cannot go on: the code to close with, and the reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) CloseCode, pub(super) &'static str);

const PROTOCOL: Fault = Fault(CloseCode::Protocol, "protocol error");
const NOT_UTF8: Fault = Fault(CloseCode::Invalid, "not UTF-8");
const TOO_LARGE: Fault = Fault(CloseCode::Size, "the message is too large");

/// A head and the length of what belongs to it.
#[derive(Debug)]
struct Begun {
    kind: OpCode,
    last: bool,
    deflated: bool,
    mask: [u8; 4],
    len: usize,
}

/// The pieces so far of a message in several frames.
#[derive(Debug)]
struct Parts {
    deflated: bool,
    bytes: BytesMut,
}

/// Makes messages of bytes as they come.
#[derive(Debug)]
pub(super) struct Decoder {
    bytes: BytesMut,
    begun: Option<Begun>,
    parts: Option<Parts>,
    len_max: usize,
    inflates: bool,
}

impl Decoder {
    /// For messages of at most `len_max` bytes; whether both agreed to `permessage-deflate`.
    pub(super) fn new(len_max: usize, inflates: bool) -> Self {
        Self { bytes: BytesMut::new(), begun: None, parts: None, len_max, inflates }
    }

    /// Takes what was read.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is all there. After a fault nothing more can be read.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            let Some(frame) = self.frame()? else { return Ok(None) };
            if let Some(message) = self.take(frame)? {
                return Ok(Some(message));
            }
        }
    }

    /// The next frame, its mask taken off.
    fn frame(&mut self) -> Result<Option<(Begun, BytesMut)>, Fault> {
        if self.begun.is_none() {
            self.begun = self.head()?;
        }
        if self.begun.as_ref().is_none_or(|begun| self.bytes.len() < begun.len) {
            return Ok(None);
        }
        let Some(begun) = self.begun.take() else { return Ok(None) };
        let mut payload = if self.bytes.len() == begun.len {
            // The whole allocation goes along: an idle connection keeps none.
            std::mem::take(&mut self.bytes)
        } else {
            self.bytes.split_to(begun.len)
        };
        for (byte, mask) in payload.iter_mut().zip(begun.mask.iter().cycle()) {
            *byte ^= mask;
        }
        Ok(Some((begun, payload)))
    }

    fn head(&mut self) -> Result<Option<Begun>, Fault> {
        let mut cursor = Cursor::new(&self.bytes[..]);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| PROTOCOL)?;
        let read = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let Some((head, len)) = parsed else { return Ok(None) };
        // §5.1: a client masks.
        let Some(mask) = head.mask else { return Err(PROTOCOL) };
        if head.rsv2 || head.rsv3 {
            return Err(PROTOCOL);
        }
        let fits = match head.opcode {
            OpCode::Control(_) => head.is_final && !head.rsv1 && len <= CONTROL_LEN_MAX,
            // Only a message's first frame tells that it is deflated.
            OpCode::Data(Data::Continue) => !head.rsv1 && self.parts.is_some(),
            OpCode::Data(_) => (!head.rsv1 || self.inflates) && self.parts.is_none(),
        };
        if !fits {
            return Err(PROTOCOL);
        }
        let before = self.parts.as_ref().map_or(0, |parts| parts.bytes.len());
        let len = usize::try_from(len).map_err(|_| TOO_LARGE)?;
        if matches!(head.opcode, OpCode::Data(_)) && len.saturating_add(before) > self.len_max {
            return Err(TOO_LARGE);
        }
        self.bytes.advance(read);
        Ok(Some(Begun { kind: head.opcode, last: head.is_final, deflated: head.rsv1, mask, len }))
    }

    fn take(&mut self, (begun, payload): (Begun, BytesMut)) -> Result<Option<Message>, Fault> {
        match begun.kind {
            OpCode::Control(Control::Ping) => Ok(Some(Message::Ping(payload.freeze()))),
            OpCode::Control(Control::Close) => goodbye(&payload).map(|code| Some(Message::Close(code))),
            OpCode::Control(_) => Ok(Some(Message::Pong)),
            OpCode::Data(_) => {
                let parts = match self.parts.take() {
                    Some(mut parts) => {
                        parts.bytes.unsplit(payload);
                        parts
                    }
                    None => Parts { deflated: begun.deflated, bytes: payload },
                };
                if !begun.last {
                    self.parts = Some(parts);
                    return Ok(None);
                }
                let bytes =
                    if parts.deflated { inflate(&parts.bytes, self.len_max)? } else { parts.bytes.freeze() };
                Utf8Bytes::try_from(bytes).map(|text| Some(Message::Text(text))).map_err(|_| NOT_UTF8)
            }
        }
    }
}

/// The code of a client's goodbye, if it gave one (§5.5.1, §7.4).
fn goodbye(payload: &[u8]) -> Result<Option<CloseCode>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(None) } else { Err(PROTOCOL) };
    };
    let code = CloseCode::from(u16::from_be_bytes(*code));
    if !code.is_allowed() {
        return Err(PROTOCOL);
    }
    std::str::from_utf8(reason).map(|_| Some(code)).map_err(|_| NOT_UTF8)
}

/// What was deflated, on its own: a client keeps nothing from message to message (`client_no_context_takeover`).
fn inflate(bytes: &[u8], len_max: usize) -> Result<Bytes, Fault> {
    let mut state = Decompress::new(false);
    let mut out = Vec::new();
    for part in [bytes, &FLUSH_MARKER] {
        let mut rest = part;
        loop {
            out.reserve(INFLATE_STEP);
            let (read, written) = (state.total_in(), out.len());
            let status = state.decompress_vec(rest, &mut out, FlushDecompress::Sync).map_err(|_| PROTOCOL)?;
            if out.len() > len_max {
                return Err(TOO_LARGE);
            }
            let read = usize::try_from(state.total_in() - read).unwrap_or(usize::MAX);
            rest = rest.get(read..).unwrap_or_default();
            let full = out.len() == out.capacity();
            if status == Status::StreamEnd
                || (!full && (rest.is_empty() || (read == 0 && out.len() == written)))
            {
                break;
            }
        }
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests;
