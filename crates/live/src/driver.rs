//! The thread around a [`Conductor`]: waits, takes in what came, commits once for all of it, then does what follows.
//!
//! A failed write or sync ends the thread for good: nothing of the batch leaves, who waits is told that the driver stopped, and
//! the bots of this process are silent until a restart has read what the disk holds.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bus::bots::{BotCommand, BotEvent, BotQuery, BotReply, Desk};
use bus::{Lane, LaneError, Refusal, Reply, Request, Topic};
use journal::{Journal, Snapshots};
use strategy::Words;
use types::Time;
use venue::{AccountError, Accounts, Full, Inbox, MarketFeed, NotSent, OrderGateway, VenueEvent};

use crate::conductor::{Conductor, Effect};
use crate::limits::{BATCH_MAX, INBOX_MAX, RELAXED_MAX};
use crate::{OpenError, Shard};

/// Longest sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(60);

/// How a shard is kept.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where its journal is. Made when missing; the caller holds a lock over it.
    pub dir: PathBuf,
    /// The journal's settings.
    pub journal: journal::Config,
    /// A snapshot is taken after so many records, at the beginning of each session, and at its end.
    pub snapshot_every: u64,
    /// So many snapshots, and the records since the oldest of them, are kept: what can be replayed.
    pub snapshots_kept: usize,
    /// The program's version, for the record.
    pub program: String,
    /// Whose time it is.
    pub time: TimeSource,
    /// The number of the first bot.
    pub first_bot: u32,
}

/// Whose time inputs are stamped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// The wall's.
    Wall,
    /// That of the last event of a recorded feed, which begins at a moment. Timers ring as the feed passes them.
    Feed {
        /// Before the first event.
        begins: Time,
    },
}

impl Config {
    /// Defaults for a directory.
    #[must_use]
    pub fn new(dir: PathBuf, program: &str) -> Self {
        let journal = journal::Config { segment_len: 4 << 20, ..journal::Config::default() };
        Self {
            dir,
            journal,
            snapshot_every: 200_000,
            snapshots_kept: 64,
            program: program.to_owned(),
            time: TimeSource::Wall,
            first_bot: 1,
        }
    }
}

/// The venue's three ports.
pub struct Ports {
    /// Orders.
    pub gateway: Box<dyn OrderGateway>,
    /// Market data.
    pub feed: Box<dyn MarketFeed>,
    /// Accounts.
    pub accounts: Box<dyn Accounts>,
}

/// Something for the thread. Boxed: the channel makes all its places beforehand, and they would be 20 MB.
enum Message {
    Venue(Box<VenueEvent>),
    Command(Box<Request<BotCommand, BotReply>>),
    Query(Box<Request<BotQuery, BotReply>>),
    Stop,
}

struct Mailbox(SyncSender<Message>);

impl Inbox for Mailbox {
    fn put(&mut self, event: VenueEvent) -> Result<(), Full> {
        self.0.try_send(Message::Venue(Box::new(event))).map_err(|_| Full)
    }
}

/// A running shard. Dropping it stops it in order.
pub struct Running {
    desk: Desk,
    stop: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Everything that can be asked.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if the thread has ended.
        let _ = self.stop.send(Message::Stop);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the bots' thread ended by a panic");
        }
    }
}

/// Recovers the shard of `config.dir` and runs it. `connect` opens the venue, which puts what it hears into the inbox; it is shown
/// what was recovered, for a venue whose own memory ends with the process.
///
/// # Errors
/// See [`OpenError`]; nothing is sent then.
pub fn open(
    config: &Config,
    connect: impl FnOnce(Box<dyn Inbox>, &Shard) -> std::io::Result<Ports>,
) -> Result<Running, OpenError> {
    let (journal, shard) = recover(config)?;
    let (sender, inbox) = sync_channel(INBOX_MAX);
    let ports = connect(Box::new(Mailbox(sender.clone())), &shard)?;
    let clock = match config.time {
        TimeSource::Wall => Some(Clock::start(shard.at())),
        TimeSource::Feed { .. } => None,
    };
    let begins = match config.time {
        TimeSource::Feed { begins } => begins.max(shard.at()),
        TimeSource::Wall => shard.at(),
    };
    let installation = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or(1);
    let mut conductor = Conductor::new(
        shard,
        ports.gateway.facts(),
        clock.as_ref().map_or(begins, Clock::now),
        installation,
        &config.program,
        ports.accounts.instruments(),
    );
    conductor.number_bots_from(config.first_bot);
    let events = Topic::default();
    let desk = Desk {
        commands: lane(&sender, |request| Message::Command(Box::new(request))),
        queries: lane(&sender, |request| Message::Query(Box::new(request))),
        events: events.clone(),
    };
    let driver = Driver {
        snapshots: journal.snapshots(),
        snapshot_seq: 0,
        config: config.clone(),
        conductor,
        journal,
        inbox,
        ports,
        events,
        replies: BTreeMap::new(),
        requests: 0,
        clock,
        uncommitted: None,
    };
    let thread = std::thread::Builder::new().name("bots".to_owned()).spawn(move || driver.run())?;
    Ok(Running { desk, stop: sender, thread: Some(thread) })
}

/// The journal and the state that its records lead to.
fn recover(config: &Config) -> Result<(Journal, Shard), OpenError> {
    let (journal, found) = Journal::open(&config.dir, &config.journal)?;
    for note in &found.notes {
        tracing::warn!(?note, "the bots' journal was put right after an interruption");
    }
    let mut words = Words::default();
    let mut shard = match found.snapshot {
        Some(snapshot) => Shard::load(snapshot.seq, &snapshot.bytes, &mut words)?,
        None => Shard::default(),
    };
    let mut records = found.records;
    while let Some(record) = records.next()? {
        shard.apply(record.seq, record.payload)?;
    }
    Ok((journal, shard))
}

fn lane<C: 'static>(
    sender: &SyncSender<Message>,
    wrap: impl Fn(Request<C, BotReply>) -> Message + Send + Sync + 'static,
) -> Lane<C, BotReply> {
    let sender = sender.clone();
    Lane::new(move |request| {
        sender.try_send(wrap(request)).map_err(|error| match error {
            TrySendError::Full(_) => LaneError::Busy,
            TrySendError::Disconnected(_) => LaneError::Stopped,
        })
    })
}

/// Wall time that follows the monotonic clock from the start on, and never falls behind the last record (T1, T2).
struct Clock {
    base: Time,
    started: Instant,
}

impl Clock {
    fn start(after: Time) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        Self { base: wall.max(after), started: Instant::now() }
    }

    fn now(&self) -> Time {
        self.base.plus_nanos(i64::try_from(self.started.elapsed().as_nanos()).unwrap_or(i64::MAX))
    }
}

struct Driver {
    config: Config,
    conductor: Conductor,
    journal: Journal,
    snapshots: Snapshots,
    snapshot_seq: u64,
    inbox: Receiver<Message>,
    ports: Ports,
    events: Topic<BotEvent>,
    replies: BTreeMap<u64, Reply<BotReply>>,
    requests: u64,
    /// `None`: time is the feed's.
    clock: Option<Clock>,
    /// Since when something waits for a commit.
    uncommitted: Option<Instant>,
}

impl Driver {
    fn run(mut self) {
        match self.serve() {
            Ok(()) => tracing::debug!("the bots' thread ended"),
            Err(failure) => {
                tracing::error!(%failure, "the bots stop for good: their journal cannot be written");
            }
        }
    }

    fn serve(&mut self) -> Result<(), journal::Failure> {
        self.settle()?;
        self.snapshot()?;
        loop {
            let mut next = match self.inbox.recv_timeout(self.patience()) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return self.finish(),
            };
            let mut taken = 0;
            while let Some(message) = next {
                if !self.take_in(message) {
                    return self.finish();
                }
                taken += 1;
                next = if taken < BATCH_MAX { self.inbox.try_recv().ok() } else { None };
            }
            self.conductor.time(self.now());
            self.settle()?;
            if self.conductor.shard().seq() - self.snapshot_seq >= self.config.snapshot_every {
                self.snapshot()?;
            }
        }
    }

    fn now(&self) -> Time {
        self.clock.as_ref().map_or(self.conductor.shard().at(), Clock::now)
    }

    /// How long nothing needs to be done. The time of a feed passes with its events.
    fn patience(&self) -> Duration {
        let now = self.now();
        let until = |at: Time| Duration::from_nanos(u64::try_from(at.since(now)).unwrap_or(0));
        let due = self.conductor.next().filter(|_| self.clock.is_some()).map_or(IDLE, until);
        let commit = self.uncommitted.map_or(IDLE, |since| RELAXED_MAX.saturating_sub(since.elapsed()));
        due.min(commit).min(IDLE)
    }

    /// False when it is time to end.
    fn take_in(&mut self, message: Message) -> bool {
        let now = self.now();
        match message {
            Message::Venue(event) => self.conductor.event(now, *event),
            Message::Command(request) => {
                let Request { envelope, reply } = *request;
                let request = self.await_reply(reply);
                self.conductor.command(now, request, &envelope);
            }
            Message::Query(request) => {
                let Request { envelope, reply } = *request;
                let request = self.await_reply(reply);
                self.conductor.query(request, &envelope.command);
            }
            Message::Stop => return false,
        }
        true
    }

    fn await_reply(&mut self, reply: Reply<BotReply>) -> u64 {
        self.requests += 1;
        self.replies.insert(self.requests, reply);
        self.requests
    }

    /// Appends what was decided, commits it if anything leaves because of it, and does what follows, until nothing does.
    fn settle(&mut self) -> Result<(), journal::Failure> {
        loop {
            self.append()?;
            let effects = self.conductor.take_effects();
            let waited = self.uncommitted.is_some_and(|since| since.elapsed() >= RELAXED_MAX);
            if waited || (self.uncommitted.is_some() && effects.iter().any(Effect::leaves)) {
                self.journal.commit()?;
                self.uncommitted = None;
            }
            if effects.is_empty() {
                return Ok(());
            }
            for effect in effects {
                self.perform(effect);
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        let now = self.now();
        match effect {
            Effect::Submit(approved) => {
                self.conductor.sent(now, approved.order());
                if let Err(error) = self.ports.gateway.submit(&approved) {
                    tracing::warn!(%error, order = %approved.order().client_id, "an order was not sent");
                    self.conductor.not_sent(now, approved.order());
                }
            }
            Effect::Cancel(order) => {
                self.conductor.cancel_sent(now, order);
                if let Err(error) = self.ports.gateway.cancel(&order) {
                    tracing::warn!(%error, order = %order.client_id, "a cancel was not sent");
                    self.conductor.cancel_not_sent(now, order);
                }
            }
            // Asked again when no answer comes.
            Effect::Query(order) => log_not_sent(self.ports.gateway.query(&order)),
            Effect::Watch(account) => self.ports.gateway.watch(account),
            Effect::Subscribe(market, feed) => self.ports.feed.subscribe(market, feed),
            Effect::Past { ticket, market, interval, count } => {
                self.ports.feed.past(ticket, market, interval, count);
            }
            Effect::Open { request, name, funds } => {
                let opened = self.ports.accounts.open(&name, &funds).map_err(|error| not_opened(&error));
                self.conductor.account_opened(now, request, opened);
            }
            Effect::Holdings(account) => {
                let holdings = self.ports.accounts.holdings(account);
                self.conductor.holds(now, account, &holdings);
            }
            Effect::Reply(request, answer) => {
                if let Some(reply) = self.replies.remove(&request) {
                    reply.send(answer);
                }
            }
            Effect::Publish(event) => self.events.publish(event),
        }
    }

    /// Stores the state after everything so far. A failure to store it is no reason to stop: the journal is the record.
    fn snapshot(&mut self) -> Result<(), journal::Failure> {
        if self.conductor.shard().seq() == self.snapshot_seq {
            return Ok(());
        }
        self.conductor.checkpoint();
        self.append()?;
        self.journal.sync()?;
        self.uncommitted = None;
        let shard = self.conductor.shard();
        let (seq, mut bytes) = (shard.seq(), Vec::new());
        if shard.save(&mut bytes).is_err() {
            return Ok(());
        }
        let stored =
            self.snapshots.write(seq, &bytes).and_then(|()| self.snapshots.prune(self.config.snapshots_kept));
        if let Err(failure) = stored {
            tracing::warn!(%failure, "a snapshot of the bots could not be stored");
        }
        self.snapshot_seq = seq;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), journal::Failure> {
        // Nothing leaves any more; what waits for an answer is told that the driver stopped.
        self.append()?;
        self.journal.sync()?;
        self.snapshot()
    }

    fn append(&mut self) -> Result<(), journal::Failure> {
        for record in self.conductor.take_records() {
            self.journal.append(self.journal.last_seq() + 1, &record)?;
            self.uncommitted.get_or_insert_with(Instant::now);
        }
        Ok(())
    }
}

fn not_opened(error: &AccountError) -> LaneError {
    let code = match error {
        AccountError::Refused(_) => "account_refused",
        AccountError::Failed(_) => "account_failed",
    };
    LaneError::Refused(Refusal { code, message: error.to_string() })
}

fn log_not_sent(result: Result<(), NotSent>) {
    if let Err(error) = result {
        tracing::warn!(%error, "a venue was not asked about an order");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_inbox_is_small_for_all_are_made_beforehand() {
        assert!(size_of::<Message>() <= 16, "{}", size_of::<Message>());
    }

    #[test]
    fn t1_t2_time_follows_the_monotonic_clock_and_is_never_before_the_record() {
        // The wall's clock was set back by a day: the record is what counts.
        let tomorrow = Clock::start(Time(0)).now().plus_nanos(86_400_000_000_000);
        let clock = Clock::start(tomorrow);
        let readings: Vec<Time> = (0..10_000).map(|_| clock.now()).collect();
        assert!(readings[0] >= tomorrow && readings.is_sorted());
        assert!(readings[9_999].since(tomorrow) < 60_000_000_000, "and it goes on from there");
    }
}
