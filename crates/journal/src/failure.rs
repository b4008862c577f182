//! What can go wrong between the journal and its disk, and what the caller can do about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A failure of the journal. None of them is ever repaired by guessing: the message says which file and what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The operating system refused. Before anything was written the call may be tried again; a failed write or sync
    /// poisons the journal (see [`Failure::Poisoned`]).
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: Arc<std::io::Error>,
    },
    /// A write or sync failed earlier. What the disk holds is unknown until it is read again, so nothing more is
    /// accepted: stop, repair the disk, open the journal anew (invariant D1).
    #[error("the journal accepts nothing more since an earlier failure: {reason}")]
    Poisoned {
        /// The first failure.
        reason: String,
    },
    /// Bytes that were once durable are damaged (invariant D4). Restore the file from a backup.
    #[error(
        "{} is damaged at byte {offset}: {what}. It is not used. Restore this file from a backup or another disk; \
         deleting it loses every command from number {seq} on",
        path.display()
    )]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// Where the damage was noticed, in bytes from the start of the file.
        offset: u64,
        /// The first command that cannot be read.
        seq: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// Files are missing: the commands from `from` on cannot be found.
    #[error(
        "in {} the commands from number {from} on are missing ({what}). Restore the missing files from a backup",
        dir.display()
    )]
    Missing {
        /// The journal's directory.
        dir: PathBuf,
        /// First missing command.
        from: u64,
        /// What was looked for.
        what: &'static str,
    },
    /// The file was written by a version this program does not know. Use the program that wrote it, or a newer one.
    #[error("{} has format version {version}, which this program does not know", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The files a reader was about to read were pruned by the running server. Start the walk anew.
    #[error("{} was removed while it was read; start again", path.display())]
    Pruned {
        /// The removed file.
        path: PathBuf,
    },
    /// A mistake of the calling code: a number out of order, a payload that is too long, a snapshot of something not
    /// durable. The journal is unchanged.
    #[error("misuse of the journal: {0}")]
    Misuse(&'static str),
}

impl Failure {
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }
}
