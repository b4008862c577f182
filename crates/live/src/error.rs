//! What can go wrong with a shard on disk.

/// Why bots cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal cannot be used.
    #[error("the bots' journal: {0}")]
    Journal(#[from] journal::Failure),
    /// The journal's records do not lead to what they say.
    #[error("the bots' journal: {0}")]
    Replay(#[from] ReplayError),
    /// The venue cannot be reached from this process, or there is no thread.
    #[error("the bots' venue: {0}")]
    Io(#[from] std::io::Error),
}

/// Why a record does not replay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Its bytes are not a record of a known version.
    #[error("record {seq} cannot be read: {why}")]
    Malformed {
        /// Which.
        seq: u64,
        /// Why.
        why: String,
    },
    /// A saved state cannot be taken on.
    #[error("the snapshot after record {seq}: {why}")]
    Snapshot {
        /// Which.
        seq: u64,
        /// Why.
        why: String,
    },
    /// The same input led to something else than it did then: another program, or a defect.
    #[error("record {seq} was decided otherwise: {what}")]
    Differs {
        /// Which.
        seq: u64,
        /// What.
        what: String,
    },
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSession(u64),
}
