//! What can go wrong, and what a caller can do about it.

use std::path::PathBuf;

use types::Refusal;

use crate::{KeysError, Stage};

/// Why a host could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the data directory. Talk to it through its control socket, or stop it.
    #[error("the data directory {} is in use by process {pid}", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// Who holds it, as far as it said so.
        pid: String,
        /// How far that process is.
        stage: Stage,
    },
    /// A file or directory could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The journal cannot be used.
    #[error("the journal: {0}")]
    Journal(journal::Failure),
    /// The history cannot be used.
    #[error("{0}")]
    History(history::Failure),
    /// A snapshot or record is damaged or contradicts another. Nothing was changed.
    #[error("{0}")]
    Damaged(String),
    /// A key file is damaged, of another master key, or readable by others.
    #[error("{0}")]
    Keys(#[from] KeysError),
}

/// Why a command got no receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The exchange said no; nothing changed.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Its deadline had passed when its turn came; nothing changed.
    #[error("the deadline passed before the command's turn came")]
    Late,
    /// Too many commands are waiting; nothing changed. Try again.
    #[error("too many commands are waiting")]
    Busy,
    /// The disk is almost full, and the command is none that makes the exchange smaller; nothing changed. It ends by itself when
    /// there is space again.
    #[error("the disk is almost full: only cancels are accepted until there is space again")]
    NoRoom,
    /// The host is stopping, or its journal failed. A command that had been handed in may or may not have taken effect:
    /// look it up after the restart.
    #[error("the exchange accepts no commands any more")]
    Stopped,
}
