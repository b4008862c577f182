//! Whether the host still accepts commands, and how far it is. Written by its threads, read by anybody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all threads of a host.
#[derive(Debug, Default)]
pub(crate) struct Health {
    stopped: AtomicBool,
    /// The first reason. Held for a copy only.
    reason: Mutex<Option<String>>,
    committed_seq: AtomicU64,
    snapshot_seq: AtomicU64,
    low_on_disk: AtomicBool,
    snapshot_failed: AtomicBool,
}

impl Health {
    pub(crate) fn new(committed_seq: u64, snapshot_seq: u64) -> Self {
        Self {
            committed_seq: AtomicU64::new(committed_seq),
            snapshot_seq: AtomicU64::new(snapshot_seq),
            ..Self::default()
        }
    }

    /// Nothing is accepted from now on. The first reason stays.
    pub(crate) fn stop(&self, reason: &str) {
        let mut kept = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert_with(|| reason.to_owned());
        self.stopped.store(true, Ordering::Release);
    }

    /// For the stack of a thread that the host cannot work without: if it unwinds, nothing is accepted from then on and
    /// [`Health::reason`] tells why, although nobody joins the thread before the end.
    pub(crate) fn guard(self: &Arc<Self>, thread: &'static str) -> PanicGuard {
        PanicGuard { health: Arc::clone(self), thread }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The disk is almost full, or no longer.
    pub(crate) fn set_low_on_disk(&self, low: bool) {
        self.low_on_disk.store(low, Ordering::Release);
    }

    pub(crate) fn is_low_on_disk(&self) -> bool {
        self.low_on_disk.load(Ordering::Acquire)
    }

    /// A snapshot could not be made from the journal: the next one is to be taken from memory.
    pub(crate) fn snapshot_failed(&self) {
        self.snapshot_failed.store(true, Ordering::Release);
    }

    /// Whether that has happened since the last call.
    pub(crate) fn take_snapshot_failed(&self) -> bool {
        self.snapshot_failed.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn committed(&self, seq: u64) {
        self.committed_seq.store(seq, Ordering::Release);
    }

    pub(crate) fn committed_seq(&self) -> u64 {
        self.committed_seq.load(Ordering::Acquire)
    }

    pub(crate) fn snapshotted(&self, seq: u64) {
        self.snapshot_seq.fetch_max(seq, Ordering::AcqRel);
    }

    pub(crate) fn snapshot_seq(&self) -> u64 {
        self.snapshot_seq.load(Ordering::Acquire)
    }
}

/// Stops the host when its thread panics; see [`Health::guard`].
#[derive(Debug)]
pub(crate) struct PanicGuard {
    health: Arc<Health>,
    thread: &'static str,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = format!("a defect ended the {} thread", self.thread);
            // Callers first: a log that cannot be written must not keep them waiting.
            self.health.stop(&reason);
            tracing::error!(%reason, "the exchange stops accepting commands for good");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_thread_that_panics_stops_the_host() {
        let health = Arc::new(Health::new(0, 0));
        drop(health.guard("calm"));
        assert!(!health.is_stopped());
        let guard = health.guard("views");
        let thread = std::thread::spawn(move || {
            let _guard = guard;
            panic!("for the test");
        });
        assert!(thread.join().is_err());
        assert!(health.is_stopped());
        assert_eq!(health.reason().as_deref(), Some("a defect ended the views thread"));
    }
}
