//! A host's life: open, run, shut down.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;

use tokio::sync::broadcast;

use crate::admin::Admin;
use crate::admin::socket::ControlSocket;
use crate::clock::Clock;
use crate::commit::{Group, Judge};
use crate::health::Health;
use crate::limits::{BATCHES_MAX, PUBLISH_QUEUE_MAX, QUEUE_MAX};
use crate::lock::{Lock, Stage};
use crate::participants::driver::{self, Running};
use crate::participants::{self, Crowd, MEMO_SLOT};
use crate::publisher::Publisher;
use crate::recovery::{JOURNAL_NAME, Recovered, recover};
use crate::room::Room;
use crate::snapshots::{Snapshotter, Source};
use crate::speed::Speed;
use crate::writer::{Request, Writer};
use crate::{Handle, HostConfig, Keys, OpenError, Progress, SubmitError, View, files, listing};

/// A running exchange. Dropping it stops it in order but without a closing snapshot; see [`Host::shutdown`].
#[derive(Debug)]
pub struct Host {
    handle: Handle,
    /// Ends first.
    participants: Option<Running>,
    /// Closed after the participants.
    control: Option<ControlSocket>,
    /// In the order in which they end.
    threads: Vec<JoinHandle<()>>,
    /// Given back last.
    lock: Lock,
}

/// Takes the data directory, recovers the state and starts. `progress` is called from this thread.
pub fn open(config: &HostConfig, progress: &mut dyn FnMut(Progress)) -> Result<Host, OpenError> {
    files::create_dir(&config.dir)?;
    let lock = Lock::take(&config.dir)?;
    let mut recovered = recover(config, progress)?;
    let is_known = |id, name: &_| recovered.exchange.account(id).is_some_and(|account| account.name == *name);
    let keys = Keys::open(&config.dir, is_known)?;
    let mut first = listing::commands(&recovered.exchange)
        .map_err(|wrong| OpenError::Damaged(format!("the standard listing: {wrong}")))?;
    let mut crowd =
        config.participants.map(|settings| Crowd::resume(settings.seed, recovered.exchange.memo(MEMO_SLOT)));
    if let Some(crowd) =
        crowd.as_mut().filter(|_| config.past_minutes > 0 && recovered.exchange.last_seq() == 0)
    {
        let now = Clock::new(recovered.exchange.last_time()).now();
        recovered.live_through(std::mem::take(&mut first), crowd, config.past_minutes, now)?;
    }
    let gone = if crowd.is_none() { participants::leave(&recovered.exchange) } else { Vec::new() };
    let mut host = start(config, recovered, keys, lock)?;
    // On a new exchange only; all of them ride in one commit.
    let first = first.into_iter().chain(gone);
    let pending: Vec<_> = first.map(|command| host.handle.submit(command, None)).collect();
    for answer in pending {
        answer.wait().map_err(|error| match error {
            SubmitError::Refused(refusal) => OpenError::Damaged(format!("the standard listing: {refusal}")),
            SubmitError::NoRoom => OpenError::Io {
                path: config.dir.clone(),
                source: std::io::Error::new(std::io::ErrorKind::StorageFull, error.to_string()),
            },
            SubmitError::Late | SubmitError::Busy | SubmitError::Stopped => {
                OpenError::Damaged(host.handle.status().stopped.unwrap_or_else(|| error.to_string()))
            }
        })?;
    }
    let awake = !config.participants_asleep;
    if let (Some(crowd), Some(speed), true) = (crowd, &host.handle.speed, awake) {
        let speed = Arc::clone(speed);
        let running = driver::start(&host.handle, crowd, move || speed.percent());
        host.participants = Some(running.map_err(|error| OpenError::Damaged(error.to_string()))?);
    }
    host.control = Some(ControlSocket::open(&config.dir, Admin::new(host.handle()))?);
    host.lock.tell(Stage::Ready).map_err(files::failed(&config.dir))?;
    Ok(host)
}

/// Starts the threads around a recovered state.
fn start(config: &HostConfig, recovered: Recovered, keys: Keys, lock: Lock) -> Result<Host, OpenError> {
    let Recovered { exchange, journal, feed, history, snapshot_seq, tail_bytes } = recovered;
    let (requests, requests_in) = sync_channel(QUEUE_MAX);
    let (publications, publications_in) = sync_channel(PUBLISH_QUEUE_MAX);
    // One that is written, one that waits.
    let (snapshots, snapshots_in) = sync_channel(1);
    let (batches, _) = broadcast::channel(BATCHES_MAX);
    let health = Arc::new(Health::new(journal.last_seq(), snapshot_seq));
    let clock = Arc::new(Clock::new(exchange.last_time()));
    let view = Arc::new(View::new(&exchange, history.clone()).map_err(OpenError::History)?);
    let snapshotter = Snapshotter {
        orders: snapshots_in,
        source: Source { dir: config.dir.join(JOURNAL_NAME), disk: Arc::clone(&config.journal.disk) },
        snapshots: journal.snapshots(),
        history,
        keep: config.snapshots_kept.max(1),
        health: Arc::clone(&health),
    };
    let publisher = Publisher {
        publications: publications_in,
        history: feed,
        view: Arc::clone(&view),
        batches: batches.clone(),
        snapshots,
        health: Arc::clone(&health),
    };
    let writer = Writer {
        judge: Judge::new(exchange),
        journal,
        durability: config.durability,
        requests: requests_in,
        publications,
        clock: Arc::clone(&clock),
        health: Arc::clone(&health),
        snapshot_every: config.snapshot_every.max(1),
        bytes_since_snapshot: tail_bytes,
        snapshot_seq,
        group: Group::default(),
        room: Room::new(config.dir.clone(), config.journal.segment_len),
    };
    let threads = vec![
        spawn(config, "exchange-writer", move || writer.run())?,
        spawn(config, "exchange-views", move || publisher.run())?,
        spawn(config, "exchange-snapshots", move || snapshotter.run())?,
    ];
    let speed = config.participants.map(|participants| Arc::new(Speed::new(participants.speed_percent)));
    let account_changes = Arc::new(Mutex::new(()));
    let extension = Arc::new(OnceLock::new());
    let keys = Arc::new(keys);
    let handle = Handle { requests, view, keys, clock, health, batches, speed, account_changes, extension };
    Ok(Host { handle, participants: None, control: None, threads, lock })
}

fn spawn(
    config: &HostConfig,
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(files::failed(&config.dir))
}

impl Host {
    /// A way in for others.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops intake, finishes what waits, takes a snapshot, closes everything and gives the directory back. Blocks.
    /// Handles that are still around can read what was; the directory can only be opened again when they are gone.
    pub fn shutdown(mut self) {
        self.stop(true);
    }

    fn stop(&mut self, snapshot: bool) {
        self.participants = None;
        if let Err(error) = self.lock.tell(Stage::Stopping) {
            tracing::warn!(%error, "the lock file cannot be written");
        }
        self.control = None;
        // Fails only if the writer has ended already.
        let _ = self.handle.requests.send(Request::Stop { snapshot });
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the exchange ended by a panic");
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.stop(false);
        }
    }
}
