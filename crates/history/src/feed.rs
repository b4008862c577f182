//! The way in: one owner feeds what the exchange applied, in order.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use types::{AccountId, Event, Time};

use crate::shared::Shared;
use crate::{Failure, Reader, Retention, disk};

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
#[derive(Clone, Copy, Debug)]
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
    shared: Arc<Shared>,
    internal_from: AccountId,
    thread: Option<JoinHandle<()>>,
}

/// Opens the store at `path` (a file that is created if absent), repairs it after a crash and compacts it when much of
/// it is free space. The file stays locked until the feed and every reader are dropped.
///
/// Call [`Reader::persist`] before a snapshot is made the newest one, so that what is fed after a recovery always joins
/// what is stored.
pub fn open(path: &Path, config: &Config) -> Result<(Feed, Reader), Failure> {
    let opened = disk::open(path)?;
    let shared = Arc::new(Shared::new(opened.db, opened.seq, opened.fold));
    let (for_thread, path, retention) = (Arc::clone(&shared), path.to_owned(), config.retention);
    let thread = std::thread::Builder::new()
        .name("history".to_owned())
        .spawn(move || disk::run(&for_thread, &path, retention))
        .map_err(|error| Failure::Storage(error.to_string()))?;
    let reader = Reader::new(Arc::clone(&shared));
    Ok((Feed { shared, internal_from: config.internal_from, thread: Some(thread) }, reader))
}

impl Feed {
    /// Takes in applied commands; readers see them when this returns. Commands that are stored already are skipped, so a
    /// recovery may feed everything after its snapshot. Refuses a gap in the numbers once something is stored.
    /// Waits for the disk when [`crate::limits::PENDING_MAX`] rows are pending.
    pub fn apply<'a>(&mut self, batch: impl IntoIterator<Item = Applied<'a>>) -> Result<(), Failure> {
        self.shared.check()?;
        let mut guard = self.shared.write();
        let state = &mut *guard;
        for command in batch {
            let stored = state.fresh.seq;
            if command.seq <= stored {
                continue;
            }
            if stored > 0 && command.seq != stored + 1 {
                return Err(Failure::Gap { stored, fed: command.seq });
            }
            state.fold.command(&command, self.internal_from, &mut state.fresh);
            state.fresh.seq = command.seq;
        }
        let (seq, rows) = (state.fresh.seq, state.fresh.rows());
        drop(guard);
        self.shared.fed(seq, rows)
    }

    /// Writes everything pending and stops the store's thread.
    pub fn close(mut self) -> Result<(), Failure> {
        self.end();
        self.shared.check()
    }

    fn end(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            // The thread catches panics of its work; a panic outside of it leaves `durable` where it was, which is true.
            let _ = thread.join();
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end();
    }
}
