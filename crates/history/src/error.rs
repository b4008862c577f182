//! How the store fails. None of these is an expected outcome: each tells what the caller can do.

/// The store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The file is not a database of ours, or its bytes are damaged. Moving it away loses history, not money: trades,
    /// bars and closed orders from before the oldest journal record are gone, everything else is fed again.
    #[error("the history database {path} is damaged ({detail}); move it away to start a new one")]
    Damaged {
        /// The file.
        path: String,
        /// What was found.
        detail: String,
    },
    /// The file was written by another version of the program.
    #[error("the history database has format {found}, this program reads format {known}")]
    Format {
        /// What the file says.
        found: u64,
        /// What this program writes.
        known: u64,
    },
    /// Another process has the file open.
    #[error("the history database is in use by another process")]
    InUse,
    /// The disk refused. The journal has everything: restart and feed again.
    #[error("the history database could not be read or written: {0}")]
    Storage(String),
    /// The disk is almost full: rows stay in memory and are written when there is space again. Try again then.
    #[error("the history database is not written while the disk is almost full")]
    NoSpace,
    /// An earlier write failed, and nothing is taken in any more; the first failure's text.
    #[error("the history database stopped after a failed write: {0}")]
    Stopped(String),
    /// A command number was left out between what is stored and what is fed.
    #[error("history holds commands up to {stored}, the next one fed is {fed}")]
    Gap {
        /// The last one taken in.
        stored: u64,
        /// The one that came.
        fed: u64,
    },
}
