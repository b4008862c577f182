//! Intents of people's orders, in a journal of their own: durable with one sync of a file that is prepared beforehand, and in the
//! tables a moment later (docs/adr/0011).
//!
//! What [`Intents::record`] gave a number for is in the journal; the projector writes it into the tables, once, in the order of the
//! numbers and in the transaction that moves the projection's position. Until then it is also here in memory, by name, so that whoever
//! asks by the name finds it. A restart reads from the journal what the tables do not have.

mod record;
mod writer;

use std::collections::{BTreeMap, VecDeque};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::ports::{Component, Condition, Intent, Intents, PortError, Reply};
use exchange_host::Durability;
use store::orders::Order;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::failure::{Exit, Failure};
use record::Entry;
use writer::{Job, Writer};

/// Name of the journal's folder in the data directory.
const FOLDER: &str = "intents";
/// Intents that may wait for the tables: half a minute of a thousand orders a second. Beyond it the tables are away, and orders whose
/// records nobody could read are refused.
const WAITING_MAX: usize = 30_000;
/// Intents that may wait for the disk: each is a request, and a request that waits longer than for so many is too late.
const QUEUE_MAX: usize = 4_096;
/// Bytes of a segment of the journal: some four thousand orders.
const SEGMENT_LEN: u64 = 4 * 1024 * 1024;
/// After so many intents in the tables the journal lets go of them.
const PRUNE_EVERY: u64 = 2_000;

/// A durable intent.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) number: u64,
    pub(super) intent: Arc<Intent>,
}

#[derive(Default)]
struct State {
    /// Durable and not in the tables, by rising number.
    waiting: VecDeque<Recorded>,
    /// Their orders, by account and client id, with the number that tells of them last.
    names: BTreeMap<(store::AccountId, String), (u64, Order)>,
    /// Up to where the journal was let go of.
    pruned: u64,
}

/// What the writer, the projector and the requests share.
struct Shared {
    /// Held for a look-up or a change, never across an await.
    state: Mutex<State>,
    recorded: watch::Sender<u64>,
    in_tables: watch::Sender<u64>,
    /// Up to where somebody waits for the tables.
    command_wanted: AtomicU64,
    intent_wanted: AtomicU64,
    hurry: Notify,
    /// Held for a look or a change.
    trouble: Mutex<Trouble>,
}

/// What keeps orders from being recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Trouble {
    #[default]
    None,
    /// The disk is almost full; it goes on when there is room.
    Full,
    /// A write or a sync failed, and only a restart finds out what is on the disk.
    Failed(String),
}

/// The journal of intents.
pub(crate) struct IntentLog {
    shared: Arc<Shared>,
    /// Empty once closed.
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    snapshots: journal::Snapshots,
    /// The journal's own name: a position in the tables belongs to one journal.
    name: String,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A failure stays; a full disk need not.
    fn trouble(&self, now: Trouble) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*trouble, Trouble::Failed(_)) {
            *trouble = now;
        }
    }

    /// These are durable.
    fn durable(&self, new: Vec<Recorded>) {
        let Some(last) = new.last().map(|recorded| recorded.number) else { return };
        {
            let mut state = self.state();
            for recorded in &new {
                for order in &recorded.intent.orders {
                    let name = (order.account_id, order.client_order_id.clone());
                    state.names.insert(name, (recorded.number, order.clone()));
                }
            }
            state.waiting.extend(new);
        }
        self.recorded.send_replace(last);
    }
}

/// The journal's name and its intents.
fn read(mut recovery: journal::Recovery) -> Result<(Option<String>, Vec<Recorded>), String> {
    for note in &recovery.notes {
        tracing::warn!(?note, "the journal of intents was put right");
    }
    let mut name = recovery.snapshot.as_ref().map(|kept| String::from_utf8_lossy(&kept.bytes).into_owned());
    let mut found = Vec::new();
    while let Some(one) = recovery.records.next().map_err(|error| error.to_string())? {
        match record::decode(one.payload) {
            Ok(Entry::Log(text)) => name = Some(text),
            Ok(Entry::Intent(intent)) => found.push(Recorded { number: one.seq, intent }),
            Err(why) => return Err(format!("record {} cannot be read: {why}", one.seq)),
        }
    }
    Ok((name, found))
}

impl IntentLog {
    /// Opens the journal in the data directory and reads what it holds; makes it where there is none.
    ///
    /// # Errors
    /// Damage, a version of the future, and failures of the disk.
    pub(crate) fn open(data_dir: &Path, durability: Durability) -> Result<Self, Failure> {
        let config = journal::Config { durability, segment_len: SEGMENT_LEN, ..journal::Config::default() };
        Self::open_with(data_dir, &config)
    }

    fn open_with(data_dir: &Path, config: &journal::Config) -> Result<Self, Failure> {
        let dir = data_dir.join(FOLDER);
        let failed = |error: String| {
            Failure::new(Exit::Failed, format!("cannot use the journal of orders' intents {}", dir.display()))
                .because(error)
                .advise("`tradewind doctor` checks the folder and the disk")
        };
        // Who traded from where is nobody else's business.
        let private = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        private.map_err(|error| failed(error.to_string()))?;
        let (mut log, recovery) = journal::Journal::open(&dir, config).map_err(|e| failed(e.to_string()))?;
        let (name, found) = read(recovery).map_err(failed)?;
        let name = match name {
            Some(name) => name,
            None => {
                let name = record::new_name();
                let written = log.append(log.last_seq() + 1, &record::encode_name(&name));
                written.and_then(|()| log.sync()).map_err(|e| failed(e.to_string()))?;
                name
            }
        };
        // The journal's name, and what was let go of, is not waited for.
        let before = found.first().map_or(log.last_seq(), |first| first.number - 1);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            recorded: watch::Sender::new(log.last_seq()),
            in_tables: watch::Sender::new(before),
            command_wanted: AtomicU64::new(0),
            intent_wanted: AtomicU64::new(0),
            hurry: Notify::new(),
            trouble: Mutex::default(),
        });
        shared.durable(found);
        let (snapshots, (queue, jobs)) = (log.snapshots(), mpsc::channel(QUEUE_MAX));
        let writer = Writer::start(log, jobs, Arc::clone(&shared));
        Ok(Self { shared, queue: Mutex::new(Some(queue)), writer: Mutex::new(Some(writer)), snapshots, name })
    }

    /// How it is, for whoever watches the service.
    pub(super) fn health(&self) -> Component {
        let waiting = self.shared.state().waiting.len();
        let trouble = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let part = |condition, detail| Component { name: "intents", condition, detail };
        match trouble {
            Trouble::Failed(why) => {
                let detail = format!("orders by hand cannot be recorded until a restart: {why}");
                Component::down("intents", detail)
            }
            Trouble::Full => {
                part(Condition::Degraded, "the disk is almost full: no orders by hand".to_owned())
            }
            Trouble::None if waiting >= WAITING_MAX => part(
                Condition::Degraded,
                format!("{waiting} orders wait for the database: no more are taken"),
            ),
            Trouble::None => Component::ok("intents", format!("{waiting} orders wait for the database")),
        }
    }

    /// Whose position the tables keep.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What is durable and not in the tables, by rising number.
    pub(super) fn waiting(&self) -> Vec<Recorded> {
        self.shared.state().waiting.iter().cloned().collect()
    }

    /// Returns when there is an intent that is not in the tables.
    pub(super) async fn some(&self) {
        let mut recorded = self.shared.recorded.subscribe();
        // The sender is ours: it does not end.
        let _ = recorded.wait_for(|last| *last > *self.shared.in_tables.borrow()).await;
    }

    /// Returns while somebody waits for more than the tables hold, which is everything up to the command `projected`.
    pub(super) async fn hurried(&self, projected: u64) {
        loop {
            let (command, intent) = (&self.shared.command_wanted, &self.shared.intent_wanted);
            let in_tables = *self.shared.in_tables.borrow();
            if command.load(Ordering::Relaxed) > projected || intent.load(Ordering::Relaxed) > in_tables {
                return;
            }
            self.shared.hurry.notified().await;
        }
    }

    /// Everything up to this number is in the tables.
    pub(super) fn are_in_tables(&self, number: u64) {
        {
            let mut state = self.shared.state();
            while state.waiting.front().is_some_and(|first| first.number <= number) {
                let Some(done) = state.waiting.pop_front() else { break };
                for order in &done.intent.orders {
                    let name = (order.account_id, order.client_order_id.clone());
                    if state.names.get(&name).is_some_and(|(last, _)| *last <= number) {
                        state.names.remove(&name);
                    }
                }
            }
        }
        self.shared.in_tables.send_if_modified(|last| {
            let further = number > *last;
            *last = number.max(*last);
            further
        });
    }

    /// Lets the journal go of what is in the tables, from time to time. A failure is logged: it is tried again later.
    pub(super) async fn tidy(&self) {
        let done = *self.shared.in_tables.borrow();
        {
            let mut state = self.shared.state();
            if done < state.pruned + PRUNE_EVERY {
                return;
            }
            state.pruned = done;
        }
        let (snapshots, name) = (self.snapshots.clone(), self.name.clone());
        let pruned = tokio::task::spawn_blocking(move || {
            snapshots.write(done, name.as_bytes()).and_then(|()| snapshots.prune(1))
        });
        match pruned.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the journal of intents could not be made shorter"),
            Err(error) => tracing::warn!(%error, "the journal of intents could not be made shorter"),
        }
    }

    /// Takes no more, and returns when everything is on the disk.
    pub(crate) async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writer) = writer else { return };
        if let Ok(Err(_)) = tokio::task::spawn_blocking(move || writer.join()).await {
            tracing::error!("the writer of intents ended badly");
        }
    }

    async fn record_one(&self, intent: Intent) -> Result<u64, PortError> {
        let away = |why: &str| PortError::Unavailable(format!("{why}; the order was not sent"));
        if self.shared.state().waiting.len() >= WAITING_MAX {
            return Err(away("too many orders wait for the database"));
        }
        let bytes = record::encode(&intent).map_err(|error| PortError::Failed(error.to_string()))?;
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or_else(|| away("the server is stopping"))?;
        let sent = queue.try_send(Job { bytes, intent: Arc::new(intent), answer });
        drop(queue);
        sent.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => away("too many orders wait for the disk"),
            mpsc::error::TrySendError::Closed(_) => away("orders cannot be recorded"),
        })?;
        match answered.await {
            Ok(Ok(number)) => Ok(number),
            Ok(Err(why)) => Err(away(&why)),
            Err(_) => Err(away("orders cannot be recorded")),
        }
    }
}

impl Intents for IntentLog {
    fn record(&self, intent: Intent) -> Reply<'_, Result<u64, PortError>> {
        Box::pin(self.record_one(intent))
    }

    fn known(&self, account: store::AccountId, client_id: &str) -> Option<Order> {
        let state = self.shared.state();
        state.names.get(&(account, client_id.to_owned())).map(|(_, order)| order.clone())
    }

    fn recorded(&self) -> u64 {
        *self.shared.recorded.borrow()
    }

    fn in_tables(&self) -> watch::Receiver<u64> {
        self.shared.in_tables.subscribe()
    }

    fn hurry(&self, command: u64, intent: u64) {
        self.shared.command_wanted.fetch_max(command, Ordering::Relaxed);
        self.shared.intent_wanted.fetch_max(intent, Ordering::Relaxed);
        self.shared.hurry.notify_one();
    }
}

#[cfg(test)]
mod tests;
