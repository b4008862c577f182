//! The snapshot thread: writes states to disk and prunes what they make superfluous, beside the writer's work.
//!
//! A state is not taken from the running core, which would stand still for it (13 to 24 ms with 10,000 accounts): it is made here,
//! from the newest snapshot and the journal after it, exactly as a restart would make it. So every snapshot also proves that
//! the journal can be read. When that fails, and when the host shuts down, the writer serialises its own state.
//!
//! A snapshot is written only after history has everything up to it on its own disk pages, because recovery feeds history from
//! the journal after the newest snapshot and no earlier. A failed snapshot is no failure of the exchange: the journal has
//! everything, recovery takes longer and the next snapshot is tried as usual.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use exchange::Exchange;
use journal::disk::Disk;
use journal::{From, Reader, Snapshots, Tail};
use tokio::sync::oneshot;

use crate::OpenError;
use crate::health::Health;
use crate::recovery::{reapply, restore};

/// A state to be written.
#[derive(Debug)]
pub(crate) struct SnapshotOrder {
    pub(crate) seq: u64,
    /// The state, if the writer serialised it.
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) cause: Cause,
}

/// Where a state is made from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The journal's directory.
    pub(crate) dir: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
}

impl Source {
    /// The canonical bytes of the state after command `seq`, which is durable. Memory: one more exchange and one segment.
    fn state_after(&self, seq: u64) -> Result<Vec<u8>, OpenError> {
        let mut reader = Reader::open_on(&self.disk, &self.dir, From::Newest, Tail::Growing)
            .map_err(OpenError::Journal)?;
        let mut exchange = match reader.snapshot.take() {
            Some(snapshot) => restore(snapshot.seq, &snapshot.bytes)?,
            None => Exchange::new(),
        };
        let mut events = Vec::new();
        while exchange.last_seq() < seq {
            let Some(record) = reader.records.next().map_err(OpenError::Journal)? else { break };
            events.clear();
            reapply(&mut exchange, &record, &mut events)?;
        }
        if exchange.last_seq() != seq {
            let there = exchange.last_seq();
            return Err(OpenError::Damaged(format!("the journal gives the state after {there}, not {seq}")));
        }
        let mut bytes = Vec::new();
        exchange.snapshot(&mut bytes);
        Ok(bytes)
    }
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
    pub(crate) source: Source,
    pub(crate) snapshots: Snapshots,
    pub(crate) history: history::Reader,
    pub(crate) keep: usize,
    pub(crate) health: Arc<Health>,
}

impl Snapshotter {
    /// Runs until nobody can order any more.
    pub(crate) fn run(self) {
        while let Ok(mut order) = self.orders.recv() {
            let seq = order.seq;
            let written = self.state(&mut order).and_then(|bytes| self.write(seq, &bytes));
            match &written {
                Ok(bytes) => {
                    self.health.snapshotted(seq);
                    tracing::info!(seq, bytes, "snapshot written");
                }
                Err(reason) => tracing::error!(seq, %reason, "the snapshot could not be written"),
            }
            order.answer(written.map(|_| seq));
        }
    }

    fn state(&self, order: &mut SnapshotOrder) -> Result<Vec<u8>, String> {
        if let Some(bytes) = order.bytes.take() {
            return Ok(bytes);
        }
        self.source.state_after(order.seq).map_err(|error| {
            self.health.snapshot_failed();
            error.to_string()
        })
    }

    /// Gives the size of what was written.
    fn write(&self, seq: u64, bytes: &[u8]) -> Result<usize, String> {
        let stored = self.history.persist().map_err(|failure| failure.to_string())?;
        if stored < seq {
            return Err(format!("history has only stored commands up to {stored}"));
        }
        self.snapshots.write(seq, bytes).map_err(|failure| failure.to_string())?;
        self.snapshots.prune(self.keep).map_err(|failure| failure.to_string())?;
        Ok(bytes.len())
    }
}
