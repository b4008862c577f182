//! How the archive fails. A failed import has changed nothing.

use std::io;
use std::path::{Path, PathBuf};

use types::InstrumentId;

/// A failure of the archive; `Display` says what is wrong, [`Error::advice`] what a person can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of the imported file.
    #[error("line {line}: {what}")]
    Line {
        /// Counted from 1, header and empty lines too.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The imported file as a whole.
    #[error("{0}")]
    Input(String),
    /// A number of the command line, or a wish that makes no sense.
    #[error("{0}")]
    Request(String),
    /// The data contradict what the archive holds.
    #[error("{0}")]
    Conflict(String),
    /// A stored file is not what was written.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The archive holds nothing of this name.
    #[error("the archive holds no {what} of {id}{known}")]
    Unknown {
        /// `1m bars`, `trades`.
        what: String,
        /// Of which instrument.
        id: InstrumentId,
        /// What it holds instead, as the end of the sentence.
        known: String,
    },
    /// Another process imports.
    #[error("another import is running on this archive")]
    Busy,
}

impl Error {
    /// From an I/O error on `path`.
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn line(line: u64, what: impl Into<String>) -> Self {
        Self::Line { line, what: what.into() }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), what: what.into() }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Io { .. } => {
                "check that the file exists, may be read or written, and that the disk has room"
            }
            Self::Line { .. } => "mend the line and import again; nothing was imported",
            Self::Input(_) => "see `tradewind data import --help` for the formats; nothing was imported",
            Self::Request(_) => "see `tradewind data --help`",
            Self::Conflict(_) => {
                "import under another symbol, or give --replace to let the new file win; nothing was imported"
            }
            Self::Damaged { .. } => "import the source again with --replace",
            Self::Unknown { .. } => {
                "`tradewind data list` shows what is there; `tradewind data import` adds to it"
            }
            Self::Busy => "wait for it to end",
        }
    }
}
