//! What the feed, the readers and the store's thread share: rows in memory in two generations, and the database.
//!
//! A row is first in `fresh`; when the thread writes, `fresh` becomes `writing` and stays readable until its transaction
//! is in the file. The lock is held for inserting one group or for copying one page, never across disk work.
//! A reader takes its view of the file while it holds the lock, so no row can be missed between the generations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use redb::Database;

use crate::Failure;
use crate::fold::Fold;
use crate::limits::{PENDING_MAX, PENDING_SECONDS_MAX, PENDING_WAKE};
use crate::pending::Pending;

/// Rows in memory.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) fold: Fold,
    pub(crate) fresh: Pending,
    pub(crate) writing: Arc<Pending>,
    /// Changes whenever rows move from one place to the next.
    pub(crate) generation: u64,
}

/// What the thread is asked for, and how it went.
#[derive(Debug, Default)]
struct Control {
    /// Write, please.
    wanted: bool,
    /// Write a last time and end.
    stopping: bool,
    /// Why no more is written.
    failed: Option<String>,
    /// The last write was put off for lack of disk space.
    no_space: bool,
}

/// Everything shared.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Present until this is dropped.
    db: Option<Database>,
    state: RwLock<State>,
    control: Mutex<Control>,
    changed: Condvar,
    applied: AtomicU64,
    durable: AtomicU64,
}

/// What the thread does next.
pub(crate) enum Work {
    Write,
    End,
}

impl Shared {
    pub(crate) fn new(db: Database, seq: u64, fold: Fold) -> Self {
        let mut state = State { fold, ..State::default() };
        state.fresh.seq = seq;
        Self {
            db: Some(db),
            state: RwLock::new(state),
            control: Mutex::default(),
            changed: Condvar::new(),
            applied: AtomicU64::new(seq),
            durable: AtomicU64::new(seq),
        }
    }

    pub(crate) fn db(&self) -> &Database {
        self.db.as_ref().expect("taken in drop only")
    }

    /// A panic while a lock was held leaves at worst a half-inserted group, which the journal feeds again: go on.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Called by the feed after a group: `rows` are in memory now. Wakes the thread when that is much, waits for it when it
    /// is too much.
    pub(crate) fn fed(&self, seq: u64, rows: usize) -> Result<(), Failure> {
        self.applied.store(seq, Ordering::Release);
        if rows < PENDING_WAKE {
            return Ok(());
        }
        let mut control = self.control();
        control.wanted = true;
        self.changed.notify_all();
        while self.pending_rows() >= PENDING_MAX {
            if let Some(text) = &control.failed {
                return Err(Failure::Stopped(text.clone()));
            }
            control = self.wait(control);
        }
        Ok(())
    }

    fn pending_rows(&self) -> usize {
        let state = self.read();
        state.fresh.rows() + state.writing.rows()
    }

    /// Rows that the next write would take, open bars aside.
    pub(crate) fn fresh_rows(&self) -> usize {
        self.read().fresh.rows()
    }

    fn wait<'a>(&self, control: MutexGuard<'a, Control>) -> MutexGuard<'a, Control> {
        let pause = Duration::from_secs(PENDING_SECONDS_MAX);
        self.changed.wait_timeout(control, pause).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Fails when an earlier write did.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.control().failed.as_ref().map_or(Ok(()), |text| Err(Failure::Stopped(text.clone())))
    }

    /// Waits until command `seq` is durable.
    pub(crate) fn persist(&self, seq: u64) -> Result<u64, Failure> {
        let mut control = self.control();
        control.no_space = false;
        while self.durable() < seq {
            if let Some(text) = &control.failed {
                return Err(Failure::Stopped(text.clone()));
            }
            if control.no_space {
                return Err(Failure::NoSpace);
            }
            control.wanted = true;
            self.changed.notify_all();
            control = self.wait(control);
        }
        Ok(self.durable())
    }

    /// Tells the thread to write a last time and end.
    pub(crate) fn stop(&self) {
        self.control().stopping = true;
        self.changed.notify_all();
    }

    /// Blocks the thread until there is work: asked for, or rows have waited long enough.
    pub(crate) fn next_work(&self) -> Work {
        let mut control = self.control();
        loop {
            if control.stopping {
                return Work::End;
            }
            if std::mem::take(&mut control.wanted) {
                return Work::Write;
            }
            let pause = Duration::from_secs(PENDING_SECONDS_MAX);
            let (guard, timeout) =
                self.changed.wait_timeout(control, pause).unwrap_or_else(PoisonError::into_inner);
            control = guard;
            if timeout.timed_out() && self.read().fresh.rows() > 0 {
                return Work::Write;
            }
        }
    }

    /// Moves the rows in memory to the generation that is being written.
    pub(crate) fn begin_writing(&self) -> Arc<Pending> {
        let mut state = self.write();
        let state = &mut *state;
        state.fold.put_open_bars(&mut state.fresh);
        let seq = state.fresh.seq;
        let full = std::mem::replace(&mut state.fresh, Pending { seq, ..Pending::default() });
        state.writing = Arc::new(full);
        state.generation += 1;
        Arc::clone(&state.writing)
    }

    /// The generation is in the file, durably.
    pub(crate) fn written(&self, seq: u64) {
        {
            let mut state = self.write();
            state.writing = Arc::default();
            state.generation += 1;
        }
        self.durable.store(seq, Ordering::Release);
        // The lock makes sure that nobody is between looking and waiting.
        let _control = self.control();
        self.changed.notify_all();
    }

    /// Nothing is written this time, for lack of space; everything stays in memory.
    pub(crate) fn put_off(&self) {
        self.control().no_space = true;
        self.changed.notify_all();
    }

    /// The generation could not be written: nothing is taken in any more.
    pub(crate) fn failed(&self, text: String) {
        self.control().failed = Some(text);
        self.changed.notify_all();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let db = self.db.take();
        // Closing a damaged file can trip an assertion of the database; there is nothing left to save by then.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(db)));
    }
}
