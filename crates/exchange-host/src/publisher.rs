//! The thread after the writer: history, views, answers, broadcast, in this order, for every committed group.
//!
//! History comes before the live views lose what closed, so a reader that looks at live orders first and at history second finds
//! every order in at least one of them. Answers come after both (one's own writes are visible), broadcasts last.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};

use tokio::sync::broadcast;

use crate::commit::Outcome;
use crate::health::Health;
use crate::limits::VIEW_CHUNK;
use crate::snapshots::{Cause, SnapshotOrder};
use crate::writer::Reply;
use crate::{Applied, Batch, Receipt, SubmitError, View};

/// What the writer hands over, in order.
#[derive(Debug)]
pub(crate) enum Publication {
    /// A committed group.
    Group(Vec<(Outcome, Reply)>),
    /// The state after everything handed over before.
    Snapshot(SnapshotOrder),
}

/// The thread's state.
pub(crate) struct Publisher {
    pub(crate) publications: Receiver<Publication>,
    pub(crate) history: history::Feed,
    pub(crate) view: Arc<View>,
    pub(crate) batches: broadcast::Sender<Arc<Batch>>,
    pub(crate) snapshots: SyncSender<SnapshotOrder>,
    pub(crate) health: Arc<Health>,
}

impl Publisher {
    /// Runs until the writer is gone.
    pub(crate) fn run(mut self) {
        let _stops_the_host = self.health.guard("views");
        while let Ok(publication) = self.publications.recv() {
            match publication {
                Publication::Group(outcomes) => {
                    if let Err(failure) = self.publish(outcomes) {
                        // What was committed is in the journal and was answered; history is fed again after a restart.
                        tracing::error!(%failure, "the exchange stops accepting commands: its history cannot be written");
                        self.health.stop(&failure.to_string());
                        return;
                    }
                }
                Publication::Snapshot(order) => self.order_snapshot(order),
            }
        }
        if let Err(failure) = self.history.close() {
            tracing::error!(%failure, "the history could not be closed; it is fed again from the journal");
        }
    }

    fn publish(&mut self, outcomes: Vec<(Outcome, Reply)>) -> Result<(), history::Failure> {
        let applied: Vec<Applied> = outcomes
            .iter()
            .filter_map(|(outcome, _)| match outcome {
                Outcome::Applied(applied) => Some(applied.clone()),
                Outcome::Refused(_) | Outcome::Late | Outcome::NoRoom => None,
            })
            .collect();
        let fed = self.history.apply(applied.iter().map(Applied::as_fed));
        for chunk in applied.chunks(VIEW_CHUNK) {
            self.view.apply(chunk);
        }
        for (outcome, reply) in outcomes {
            let answer = match outcome {
                Outcome::Applied(Applied { at, seq, events }) => Ok(Receipt { at, seq, events }),
                Outcome::Refused(refusal) => Err(SubmitError::Refused(refusal)),
                Outcome::Late => Err(SubmitError::Late),
                Outcome::NoRoom => Err(SubmitError::NoRoom),
            };
            // A caller that no longer waits is no concern of ours.
            let _ = reply.send(answer);
        }
        if !applied.is_empty() {
            // Without a receiver there is nobody to tell.
            let _ = self.batches.send(Arc::new(Batch { applied }));
        }
        fed
    }

    /// At most one snapshot waits: when the disk is slower than the orders for them, the next one comes later. Only the closing
    /// one is waited for.
    fn order_snapshot(&self, order: SnapshotOrder) {
        let refused = match order.cause {
            Cause::Closing => self.snapshots.send(order).map_err(|error| error.0),
            Cause::Routine | Cause::Asked(_) => self.snapshots.try_send(order).map_err(|error| match error {
                TrySendError::Full(order) | TrySendError::Disconnected(order) => order,
            }),
        };
        if let Err(order) = refused {
            tracing::warn!(seq = order.seq, "a snapshot is left out: the one before is still being written");
            order.answer(Err("another snapshot is being written".to_owned()));
        }
    }
}
