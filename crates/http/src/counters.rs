//! What happened at one listener, as numbers that only rise.

use std::sync::atomic::{AtomicU64, Ordering};

/// Live counters; share them in an `Arc` and read them with [`Counters::read`].
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    pub(crate) sockets: AtomicU64,
    pub(crate) slow_sockets: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections taken.
    pub accepted: u64,
    /// Connections closed at once because a connection limit was reached.
    pub refused: u64,
    /// Requests handed to the service.
    pub requests: u64,
    /// Requests whose handling panicked.
    pub panics: u64,
    /// Connections ended by a time-out.
    pub timed_out: u64,
    /// WebSockets opened.
    pub sockets: u64,
    /// WebSockets closed because their client did not keep up.
    pub slow_sockets: u64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// All numbers. They are read one after another, so they may be some events apart.
    #[must_use]
    pub fn read(&self) -> Counts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            accepted: get(&self.accepted),
            refused: get(&self.refused),
            requests: get(&self.requests),
            panics: get(&self.panics),
            timed_out: get(&self.timed_out),
            sockets: get(&self.sockets),
            slow_sockets: get(&self.slow_sockets),
        }
    }
}
