//! The writer thread: the only owner of the core and the journal.
//!
//! Loop: take what waits (up to a group), judge and journal it in memory, commit once, hand the outcomes to the publisher. While
//! the commit waits for the disk, the next commands queue up; so the disk's speed sets the group's size and not the
//! throughput. A failure of the journal ends the thread for good: nothing of the group is answered as done, everybody
//! who waits or comes later is told `Stopped`.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use journal::{Journal, encoding};
use tokio::sync::oneshot;
use types::{Command, Time};

use crate::clock::Clock;
use crate::commit::{Due, Group, Judge, Outcome, Urgency};
use crate::health::Health;
use crate::limits::SNAPSHOT_BYTES;
use crate::publisher::Publication;
use crate::room::{LOOK_EVERY, Room};
use crate::snapshots::{Cause, SnapshotOrder};
use crate::{Durability, Receipt, SubmitError};

/// The way back to a caller.
pub(crate) type Reply = oneshot::Sender<Result<Receipt, SubmitError>>;

/// What the writer is asked for. Commands are almost all of it, so they are not boxed.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // see above
pub(crate) enum Request {
    /// Judge and commit a command.
    Command { command: Command, deadline: Option<Time>, urgency: Urgency, reply: Reply },
    /// Take a snapshot of the state after everything asked before; answers when it is on disk.
    Snapshot { reply: oneshot::Sender<Result<u64, String>> },
    /// Finish what was asked before and end, with a last snapshot or without.
    Stop { snapshot: bool },
}

/// The thread's state.
pub(crate) struct Writer {
    pub(crate) judge: Judge,
    pub(crate) journal: Journal,
    pub(crate) durability: Durability,
    pub(crate) requests: Receiver<Request>,
    pub(crate) publications: SyncSender<Publication>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) health: Arc<Health>,
    pub(crate) snapshot_every: u64,
    /// The last command in the newest snapshot (or on its way there).
    pub(crate) snapshot_seq: u64,
    /// Size of the records after it.
    pub(crate) bytes_since_snapshot: usize,
    pub(crate) room: Room,
    /// What waits for the next commit. A failure tells the operator first and the callers, by dropping this, second.
    pub(crate) group: Group<Reply>,
}

/// The journal, or somebody downstream, failed: why, for the operator.
struct Failed(String);

impl From<journal::Failure> for Failed {
    fn from(failure: journal::Failure) -> Self {
        Self(failure.to_string())
    }
}

fn gone() -> Failed {
    Failed("every handle of the exchange is gone".to_owned())
}

impl Writer {
    /// Runs until asked to stop or until the journal fails.
    pub(crate) fn run(mut self) {
        let health = Arc::clone(&self.health);
        let _stops_the_host = health.guard("writer");
        match self.serve() {
            Ok(()) => health.stop("the exchange was shut down"),
            Err(Failed(reason)) => {
                tracing::error!(%reason, "the exchange stops accepting commands for good");
                health.stop(&reason);
            }
        }
        // Dropping the group and the receiver tells `Stopped` to everybody who waits and to all after.
    }

    fn serve(&mut self) -> Result<(), Failed> {
        let started = Instant::now();
        let mut payload = Vec::new();
        loop {
            let mut next = self.wait(started)?;
            let now = started.elapsed();
            self.look_at_the_disk(now);
            while let Some(request) = next {
                match request {
                    Request::Command { command, deadline, urgency, reply } => {
                        let outcome = self.take_in(command, deadline, &mut payload)?;
                        self.group.push(now, outcome, payload.len(), urgency, reply);
                    }
                    Request::Snapshot { reply } => {
                        self.commit()?;
                        self.snapshot(Cause::Asked(reply))?;
                    }
                    Request::Stop { snapshot } => return self.finish(snapshot),
                }
                next = if self.group.is_full() { None } else { self.requests.try_recv().ok() };
            }
            if self.group.due(started.elapsed()) == Due::Now {
                self.commit()?;
                if self.snapshot_due() {
                    self.snapshot(Cause::Routine)?;
                }
            }
        }
    }

    /// Judges a command and, if it took effect, appends it to the journal (in memory); `payload` is its record then, else empty.
    fn take_in(
        &mut self,
        command: Command,
        deadline: Option<Time>,
        payload: &mut Vec<u8>,
    ) -> Result<Outcome, Failed> {
        payload.clear();
        if !self.room.admits(&command, &self.journal) {
            return Ok(Outcome::NoRoom);
        }
        let (outcome, command) = self.judge.judge(self.clock.stamp(), command, deadline);
        if let Outcome::Applied(applied) = &outcome {
            encoding::encode(applied.at, &command, payload)
                .map_err(|error| Failed(format!("a command cannot be journaled: {error}")))?;
            self.journal.append(applied.seq, payload)?;
            self.bytes_since_snapshot += payload.len();
        }
        Ok(outcome)
    }

    fn look_at_the_disk(&mut self, now: Duration) {
        if self.room.look(now, &mut self.journal) {
            let low = self.room.is_low();
            self.health.set_low_on_disk(low);
            if low {
                tracing::error!(
                    "the disk is almost full: only cancels are accepted until there is space again"
                );
            } else {
                tracing::warn!("there is disk space again: everything is accepted");
            }
        }
    }

    /// Makes everything taken in durable, whatever the setting, before the end.
    fn finish(&mut self, snapshot: bool) -> Result<(), Failed> {
        self.commit()?;
        self.journal.sync()?;
        if snapshot && self.snapshot_seq < self.judge.exchange().last_seq() {
            self.snapshot(Cause::Closing)?;
        }
        Ok(())
    }

    /// The next request, or `None` when the group is due before one comes.
    fn wait(&self, started: Instant) -> Result<Option<Request>, Failed> {
        match self.group.due(started.elapsed()) {
            // Looks whether there is space again also when nobody asks.
            Due::Never if self.room.is_low() => self.wait_for(LOOK_EVERY),
            Due::Never => self.requests.recv().map(Some).map_err(|_| gone()),
            Due::Now => match self.requests.try_recv() {
                Ok(request) => Ok(Some(request)),
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => Err(gone()),
            },
            Due::At(at) => self.wait_for(at.saturating_sub(started.elapsed())),
        }
    }

    fn wait_for(&self, longest: Duration) -> Result<Option<Request>, Failed> {
        match self.requests.recv_timeout(longest) {
            Ok(request) => Ok(Some(request)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    /// One commit for everything in the group; then, and only then, its outcomes go on.
    fn commit(&mut self) -> Result<(), Failed> {
        if self.group.is_empty() {
            return Ok(());
        }
        if self.group.has_records() {
            let seq = self.journal.commit()?;
            self.health.committed(seq);
        }
        let outcomes = self.group.take();
        self.publish(Publication::Group(outcomes))
    }

    /// A batch is one command however much it holds, so the size counts too: it bounds the time of a restart and the disk.
    fn snapshot_due(&self) -> bool {
        let commands = self.judge.exchange().last_seq() - self.snapshot_seq;
        commands >= self.snapshot_every || self.bytes_since_snapshot >= SNAPSHOT_BYTES
    }

    /// Orders a snapshot the same way as the groups go, so that the order arrives after all that is to be in it. The state is
    /// made from the journal by who gets the order; only at the end, or when that has failed, it is serialised here.
    fn snapshot(&mut self, cause: Cause) -> Result<(), Failed> {
        // A snapshot may only hold what the disk has confirmed.
        if self.durability == Durability::Buffered {
            self.journal.sync()?;
        }
        let seq = self.judge.exchange().last_seq();
        let here = matches!(cause, Cause::Closing) || self.health.take_snapshot_failed();
        let bytes = here.then(|| {
            let mut bytes = Vec::new();
            self.judge.exchange().snapshot(&mut bytes);
            bytes
        });
        self.snapshot_seq = seq;
        self.bytes_since_snapshot = 0;
        self.publish(Publication::Snapshot(SnapshotOrder { seq, bytes, cause }))
    }

    fn publish(&self, publication: Publication) -> Result<(), Failed> {
        self.publications
            .send(publication)
            .map_err(|_| Failed(self.health.reason().unwrap_or_else(|| "the views' thread ended".to_owned())))
    }
}
