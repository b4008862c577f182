//! Append-only input log: group commit, snapshots, versioned encoding, recovery.
//!
//! One writer ([`Journal`]) owns a directory; the caller makes sure of that with a lock of its own. Records are opaque
//! bytes with consecutive numbers, first is 1; [`encoding`] is the codec of the exchange's commands.

pub mod encoding;
mod failure;
pub mod limits;
mod snapshot;
mod writer;

pub use failure::Failure;
pub use snapshot::{Snapshot, Snapshots};
pub use writer::{Config, Durability, Journal, Record, Records, Recovery};
