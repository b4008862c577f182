//! Whether the host still accepts commands, and how far it is. Written by its threads, read by anybody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Shared by all threads of a host.
#[derive(Debug, Default)]
pub(crate) struct Health {
    stopped: AtomicBool,
    /// The first reason. Held for a copy only.
    reason: Mutex<Option<String>>,
    committed_seq: AtomicU64,
    snapshot_seq: AtomicU64,
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

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
