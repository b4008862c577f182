//! The thread that writes intents: what waits shares one sync, and is told of it together.
//!
//! A disk that is almost full refuses new intents while there is still room. A write or sync that fails ends it for good: what is on the
//! disk is only known after a restart, which reads it.

use std::sync::Arc;

use api::ports::Intent;
use journal::{Failure, Journal};
use tokio::sync::{mpsc, oneshot};

use super::{Recorded, Shared, Trouble};

/// Intents that share a sync: enough to make it cheap, few enough that the first does not wait long.
const GROUP_MAX: usize = 256;
/// Bytes that must certainly fit beyond what is written.
const ROOM_MIN: u64 = 256 * 1024;

/// An intent that is to be written.
pub(super) struct Job {
    pub(super) bytes: Vec<u8>,
    pub(super) intent: Arc<Intent>,
    pub(super) answer: oneshot::Sender<Result<u64, String>>,
}

pub(super) struct Writer {
    log: Journal,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread. It ends when nobody can send it anything any more.
    pub(super) fn start(
        log: Journal,
        mut jobs: mpsc::Receiver<Job>,
        shared: Arc<Shared>,
    ) -> std::thread::JoinHandle<()> {
        let mut writer = Self { log, shared };
        let run = move || {
            while let Some(first) = jobs.blocking_recv() {
                let mut group = vec![first];
                while group.len() < GROUP_MAX
                    && let Ok(next) = jobs.try_recv()
                {
                    group.push(next);
                }
                writer.write(group);
            }
            if let Err(error) = writer.log.sync() {
                tracing::error!(%error, "the journal of intents could not be synced at its end");
            }
        };
        std::thread::Builder::new().name("intents".to_owned()).spawn(run).expect("a thread can be started")
    }

    fn write(&mut self, group: Vec<Job>) {
        match self.try_write(&group) {
            Ok(first) => {
                self.shared.trouble(Trouble::None);
                let numbered =
                    |(n, job): (u64, &Job)| Recorded { number: n, intent: Arc::clone(&job.intent) };
                // Before anybody is told: whoever sends the order has its intent where the projector looks.
                self.shared.durable((first..).zip(&group).map(numbered).collect());
                for (number, job) in (first..).zip(group) {
                    let _ = job.answer.send(Ok(number));
                }
            }
            Err(why) => {
                tracing::error!(why, intents = group.len(), "orders could not be recorded and were not sent");
                for job in group {
                    let _ = job.answer.send(Err(why.clone()));
                }
            }
        }
    }

    /// The number of the first.
    fn try_write(&mut self, group: &[Job]) -> Result<u64, String> {
        let bytes: u64 = group.iter().map(|job| job.bytes.len() as u64).sum();
        if self.log.room() < bytes + ROOM_MIN && self.log.is_stuck() {
            self.log.retry();
            self.shared.trouble(Trouble::Full);
            return Err("the disk is almost full".to_owned());
        }
        let first = self.log.last_seq() + 1;
        let written = (first..).zip(group).try_for_each(|(number, job)| self.log.append(number, &job.bytes));
        let committed: Result<u64, Failure> = written.and_then(|()| self.log.commit());
        committed.map(|_| first).map_err(|failure| {
            self.shared.trouble(Trouble::Failed(failure.to_string()));
            failure.to_string()
        })
    }
}
