//! Append-only input log: group commit, snapshots, versioned encoding, recovery.
//!
//! One writer ([`Journal`]) owns a directory of segment files and snapshots. Two writers would destroy it, and nothing here
//! can prevent them: the caller holds a lock over the directory for as long as it has a `Journal`. A [`Reader`] changes nothing
//! and may run beside the writer. Records are opaque bytes with consecutive numbers, first is 1; [`encoding`] is the
//! codec of the exchange's commands.
//!
//! # What holds (invariants D1, D2, D4)
//! * A number that `commit` returned is there after a kill, a power cut (with [`Durability::Fsync`]) and a full disk.
//! * What is there is a prefix of what was appended, each record once, in order: one chain of checksums runs through it all.
//! * After a failed write or sync nothing more is accepted; opening anew reads the disk and writes the tail again.
//! * A damaged byte is refused with file, place and advice. Only what a write that never finished can leave, and what
//!   nothing proves to have been durable, is cut off. How the two are told apart: `block`'s header, docs/adr/.
//! * Files stay below [`limits`]; old segments and snapshots go with [`Snapshots::prune`].
//!
//! # Assumptions about the disk
//! Sectors of 512 bytes are written whole or not at all and a write leaves other sectors alone; a sync that succeeds
//! means what it says; a rename is atomic. These are what ext4 and XFS on honest devices give.

mod block;
pub mod disk;
pub mod encoding;
mod failure;
pub mod limits;
mod reader;
mod records;
mod recovery;
mod roll;
mod segment;
mod snapshot;
mod spare;
mod writer;

pub use failure::Failure;
pub use reader::{From, Reader};
pub use records::{Record, Records, Tail};
pub use snapshot::{Snapshot, Snapshots};
pub use writer::{Config, Durability, Journal, Note, Preparation, Recovery};
