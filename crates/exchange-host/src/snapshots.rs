//! The snapshot thread: writes states to disk and prunes what they make superfluous, beside the writer's work.
//!
//! A snapshot is written only after history has everything up to it on its own disk pages, because recovery feeds history from
//! the journal after the newest snapshot and no earlier. A failed snapshot is no failure of the exchange: the journal has
//! everything, recovery takes longer and the next snapshot is tried as usual.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use journal::Snapshots;
use tokio::sync::oneshot;

use crate::health::Health;

/// A state to be written.
#[derive(Debug)]
pub(crate) struct SnapshotOrder {
    pub(crate) seq: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) cause: Cause,
}

/// Why a snapshot is taken.
#[derive(Debug)]
pub(crate) enum Cause {
    /// So many commands were taken in since the last one. May be left out when the disk is behind.
    Routine,
    /// Somebody asked and waits for the answer.
    Asked(oneshot::Sender<Result<u64, String>>),
    /// The exchange is shutting down.
    Closing,
}

impl SnapshotOrder {
    pub(crate) fn answer(self, answer: Result<u64, String>) {
        if let Cause::Asked(reply) = self.cause {
            // A caller that no longer waits is no concern of ours.
            let _ = reply.send(answer);
        }
    }
}

/// The thread's state.
pub(crate) struct Snapshotter {
    pub(crate) orders: Receiver<SnapshotOrder>,
    pub(crate) snapshots: Snapshots,
    pub(crate) history: history::Reader,
    pub(crate) keep: usize,
    pub(crate) health: Arc<Health>,
}

impl Snapshotter {
    /// Runs until nobody can order any more.
    pub(crate) fn run(self) {
        while let Ok(order) = self.orders.recv() {
            let (seq, written) = (order.seq, self.write(&order));
            match &written {
                Ok(()) => {
                    self.health.snapshotted(seq);
                    tracing::info!(seq, bytes = order.bytes.len(), "snapshot written");
                }
                Err(reason) => tracing::error!(seq, %reason, "the snapshot could not be written"),
            }
            order.answer(written.map(|()| seq));
        }
    }

    fn write(&self, order: &SnapshotOrder) -> Result<(), String> {
        let stored = self.history.persist().map_err(|failure| failure.to_string())?;
        if stored < order.seq {
            return Err(format!("history has only stored commands up to {stored}"));
        }
        self.snapshots.write(order.seq, &order.bytes).map_err(|failure| failure.to_string())?;
        self.snapshots.prune(self.keep).map_err(|failure| failure.to_string())
    }
}
