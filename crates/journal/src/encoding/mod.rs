//! The bytes of a journaled command: `{version, at, command}`.

use types::{Command, Time};

/// Why a payload is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not a command of a known version.
    #[error("a record does not hold a command: {0}")]
    Malformed(#[from] types::wire::WireError),
    /// A version this program does not know.
    #[error("a record has version {0}, which this program does not know")]
    Version(u8),
}

/// Appends the bytes of a command taken in at `at` to `out`.
pub fn encode(at: Time, command: &Command, out: &mut Vec<u8>) {
    let _ = (at, command, out);
}

/// Reads what [`encode`] wrote. Never panics, and never allocates more than a small multiple of `payload`.
pub fn decode(payload: &[u8]) -> Result<(Time, Command), DecodeError> {
    match payload {
        [version, ..] => Err(DecodeError::Version(*version)),
        [] => Err(DecodeError::Malformed(types::wire::WireError::Truncated)),
    }
}
