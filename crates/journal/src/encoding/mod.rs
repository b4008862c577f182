//! The bytes of a journaled command: `{version u8, at i64, command}`, little-endian, in the primitives of [`types::wire`].
//!
//! A journal outlives the program that wrote it. So every tag and field order here is permanent: a change of meaning
//! takes a new version number beside the old decoder, never another reading of the same bytes. `testdata/` holds a golden
//! file with one command of every kind that a test compares byte for byte.
//!
//! Invariants: what [`encode`] accepts, [`decode`] gives back equal; [`decode`] never panics, reads every byte, and
//! allocates at most a small multiple of what it was given. Cost: about 100 bytes and a tenth of a microsecond for an order.

mod command;
mod order;

use types::wire::{Reader, WireError, Writer};
use types::{Command, Time};

/// The version that [`encode`] writes.
pub const VERSION: u8 = 1;

/// Why a payload is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not a command of a known version.
    #[error("a record does not hold a command: {0}")]
    Malformed(#[from] WireError),
    /// A version this program does not know. Use the program that wrote it, or a newer one.
    #[error("a record has version {0}, which this program does not know")]
    Version(u8),
}

/// Why a command cannot be journaled: it could not be read back. The exchange refuses all of these, so this is a bug of
/// the caller's, found before it can do harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A batch inside a batch.
    #[error("a batch inside a batch")]
    Nested,
    /// More than [`types::command::BATCH_LEN_MAX`] commands or [`types::command::MEMO_LEN_MAX`] bytes.
    #[error("a batch or memo that is too long")]
    TooLong,
    /// A market whose numbers do not fit together ([`types::Market::new`] would not make it).
    #[error("a market that cannot be listed")]
    Market,
}

/// Appends the bytes of a command taken in at `at` to `out`. On an error `out` is unchanged.
pub fn encode(at: Time, command: &Command, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    let mut w = Writer(out);
    w.u8(VERSION);
    w.i64(at.0);
    let written = command::put(&mut w, command);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Reads what [`encode`] wrote.
pub fn decode(payload: &[u8]) -> Result<(Time, Command), DecodeError> {
    let mut r = Reader::new(payload);
    let version = r.u8()?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let at = Time(r.i64()?);
    let command = command::get(&mut r)?;
    r.end()?;
    Ok((at, command))
}
