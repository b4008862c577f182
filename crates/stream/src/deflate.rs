//! Messages deflated (RFC 7692) once for all who hear them.
//!
//! Nothing is kept from message to message, and each part of a message is deflated on its own and ends on a whole byte. So the
//! deflated bytes of an event are made once, and a message of several events is their bytes one behind the other; what is too
//! short to gain anything, or somebody's own, stands between them as it is. A private text never shares a window with a public one:
//! how long a message becomes tells nothing of it.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

/// The end of whatever is flushed; of the last part it is not sent (§7.2.1).
const FLUSH_MARKER: [u8; 4] = [0, 0, 0xff, 0xff];
/// Longest block of bytes as they are (RFC 1951 §3.2.4).
const STORED_LEN_MAX: usize = 65_535;

thread_local! {
    // Its tables are larger than most of what it is given.
    static STATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// Bytes deflated on their own, up to a whole byte.
pub(crate) fn part(bytes: &[u8]) -> Bytes {
    STATE.with_borrow_mut(|state| {
        state.reset();
        let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
        loop {
            let read = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
            let rest = bytes.get(read..).unwrap_or_default();
            // Into memory, from a state that is whole: there is no error.
            let _ = state.compress_vec(rest, &mut out, FlushCompress::Sync);
            // What is left over would have filled the room.
            if out.len() < out.capacity() {
                return out.into();
            }
            out.reserve(out.len().max(64));
        }
    })
}

/// A message put together of deflated parts and bytes as they are.
#[derive(Debug, Default)]
pub(crate) struct Message {
    out: Vec<u8>,
    plain: Vec<u8>,
}

impl Message {
    /// Bytes as they are.
    pub(crate) fn plain(&mut self, bytes: &[u8]) {
        self.plain.extend_from_slice(bytes);
    }

    /// What [`part`] made.
    pub(crate) fn deflated(&mut self, part: &[u8]) {
        self.store();
        self.out.extend_from_slice(part);
    }

    fn store(&mut self) {
        for block in self.plain.chunks(STORED_LEN_MAX) {
            let len = u16::try_from(block.len()).unwrap_or(u16::MAX);
            self.out.push(0);
            self.out.extend_from_slice(&len.to_le_bytes());
            self.out.extend_from_slice(&(!len).to_le_bytes());
            self.out.extend_from_slice(block);
        }
        self.plain.clear();
    }

    /// The message's bytes.
    pub(crate) fn finish(mut self) -> Bytes {
        let stored_last = !self.plain.is_empty();
        self.store();
        if stored_last || !self.out.ends_with(&FLUSH_MARKER) {
            // An empty block, of which only the first byte is sent.
            self.out.push(0);
        } else {
            self.out.truncate(self.out.len() - FLUSH_MARKER.len());
        }
        self.out.into()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use flate2::{Decompress, FlushDecompress};
    use proptest::prelude::*;

    use super::*;

    /// As a client does it.
    pub(crate) fn inflate(message: &[u8]) -> Vec<u8> {
        let all = [message, &FLUSH_MARKER].concat();
        let mut state = Decompress::new(false);
        let mut out = Vec::with_capacity(4 * 1024 * 1024);
        state.decompress_vec(&all, &mut out, FlushDecompress::Sync).unwrap();
        assert_eq!(state.total_in(), all.len() as u64, "nothing is left over");
        out
    }

    #[test]
    fn long_texts_become_short_and_short_ones_come_back() {
        let book = r#"["100000.01","0.25"],"#.repeat(50);
        let mut message = Message::default();
        message.deflated(&part(book.as_bytes()));
        let message = message.finish();
        assert!(message.len() * 10 < book.len(), "{} of {}", message.len(), book.len());
        assert_eq!(inflate(&message), book.as_bytes());
        assert_eq!(inflate(&Message::default().finish()), b"");
    }

    proptest! {
        #[test]
        fn any_parts_in_any_order_come_back(
            parts in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..3_000), 1_usize..40), 0..6),
        ) {
            let (mut message, mut want) = (Message::default(), Vec::new());
            for (deflate, bytes, times) in parts {
                let bytes = bytes.repeat(times);
                if deflate { message.deflated(&part(&bytes)) } else { message.plain(&bytes) }
                want.extend(bytes);
            }
            prop_assert_eq!(inflate(&message.finish()), want);
        }
    }
}
