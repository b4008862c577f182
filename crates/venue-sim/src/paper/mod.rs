//! The simulated venue behind the ports, on recorded markets that are played at a chosen speed: paper trading.
//!
//! A thread shows what was recorded, moment by moment; orders meet the venue at the moment that is being shown. Nothing is lost
//! when the bots are slow: the recordings wait for them. The recordings also stand still until somebody listens.
//!
//! A live market comes in by an [`Entrance`] instead, in the wall's time ([`attend`]); it waits for nobody.
//!
//! The venue keeps nothing on disk. Whoever owns the bots has the record; after a restart [`Memory`] tells what had been shown, what
//! accounts hold and which orders live, and the recordings go on right after it, so that nothing is shown twice or left out. An order's
//! number at this venue says when it arrived: after a restart it stands in its queue where it stood, and a trailing stop follows the
//! best price that it had seen (`crate::resume`).

mod attended;
mod floor;
mod reel;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use orders::VenueOrder;
use risk::Approved;
use strategy::Feed;
use types::{AccountId, AssetId, Bar, Instrument, Interval, MarketId, Money, Time};
use venue::{AccountError, Accounts, Facts, Inbox, MarketFeed, NotSent, OrderGateway, OrderRef};

pub use attended::{Asked, Attended, AttendedPort, Entrance, attend};
pub use floor::Memory;
pub use reel::{Recording, ReelError};

use floor::Floor;

use crate::Config;

/// How long a full inbox is left alone.
const FULL_WAIT: Duration = Duration::from_millis(2);
/// Longest wait when nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);
/// Moments shown before others may have the lock.
const MOMENTS_MAX: usize = 64;

/// Closed bars of the past: market, length, the moment before which they closed, how many.
pub type Past = Box<dyn Fn(MarketId, Interval, Time, u32) -> Vec<Bar> + Send + Sync>;

/// What is played.
pub struct Show {
    /// The venue's behaviour.
    pub config: Config,
    /// What is traded, by number.
    pub instruments: Vec<Instrument>,
    /// What was recorded.
    pub recordings: Vec<Recording>,
    /// Bars of the past.
    pub past: Past,
    /// What to go on with.
    pub memory: Memory,
    /// Recorded seconds in a second, in hundredths; above zero.
    pub speed_percent: u32,
}

struct Shared {
    // The feed's thread and the shard's thread both need the venue as it is at one moment; held for a few moments or one order,
    // never while waiting.
    floor: Mutex<Floor>,
    changed: Condvar,
    past: Past,
    pace: Pace,
}

/// Recorded time against the wall's.
struct Pace {
    started: Instant,
    begins: Mutex<Option<Time>>,
    speed_percent: u32,
}

impl Pace {
    /// The recorded moment that it is now. The first one asked for is now.
    fn now(&self, first: Time) -> Time {
        // Set once, when the recordings begin to move.
        let mut begins = self.begins.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = self.started.elapsed().as_nanos().saturating_mul(u128::from(self.speed_percent)) / 100;
        let elapsed = i64::try_from(elapsed).unwrap_or(i64::MAX);
        let begins = begins.get_or_insert(Time(first.0.saturating_sub(elapsed)));
        begins.plus_nanos(elapsed)
    }

    fn wait(&self, due: Time, now: Time) -> Duration {
        let recorded = u64::try_from(due.since(now)).unwrap_or(0);
        Duration::from_nanos(recorded.saturating_mul(100) / u64::from(self.speed_percent)).min(IDLE)
    }
}

impl Shared {
    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment at which something from outside arrives: not before what was shown, nor after what is shown next.
    fn arrival(&self, floor: &Floor) -> Time {
        let Some(due) = floor.due() else { return floor.now };
        self.pace.now(due).min(Time(due.0.saturating_sub(1))).max(floor.now)
    }

    fn play(&self) {
        let mut floor = self.floor();
        while !floor.stop {
            floor.flush();
            let wait = match floor.due() {
                _ if floor.is_stuck() => FULL_WAIT,
                None => IDLE,
                Some(due) => self.pace.wait(due, self.pace.now(due)),
            };
            if !wait.is_zero() {
                let waited = self.changed.wait_timeout(floor, wait);
                floor = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            for _ in 0..MOMENTS_MAX {
                let Some(due) = floor.due().filter(|due| *due <= self.pace.now(*due)) else { break };
                debug_assert!(due > floor.now, "every moment is later than the one before");
                floor.advance();
            }
            // Orders wait for the lock.
            drop(floor);
            std::thread::yield_now();
            floor = self.floor();
        }
    }
}

/// The ports. Clone freely; the thread ends when the first one is dropped.
#[derive(Clone)]
pub struct PaperPort(Arc<Shared>);

/// Ends the feed's thread when dropped.
pub struct Player {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Player {
    fn drop(&mut self) {
        self.shared.floor().stop = true;
        self.shared.changed.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the recordings' thread ended by a panic");
        }
    }
}

/// Begins to play into `inbox`.
///
/// # Errors
/// When a recording cannot be read, or there is no thread.
pub fn open(show: Show, inbox: Box<dyn Inbox>) -> Result<(PaperPort, Player), ReelError> {
    let Show { config, instruments, recordings, past, memory, speed_percent } = show;
    let floor = Floor::new(config, instruments, recordings, memory, inbox)?;
    let pace =
        Pace { started: Instant::now(), begins: Mutex::new(None), speed_percent: speed_percent.max(1) };
    let shared = Arc::new(Shared { floor: Mutex::new(floor), changed: Condvar::new(), past, pace });
    let playing = Arc::clone(&shared);
    let thread = std::thread::Builder::new().name("recordings".to_owned()).spawn(move || playing.play())?;
    Ok((PaperPort(Arc::clone(&shared)), Player { shared, thread: Some(thread) }))
}

impl OrderGateway for PaperPort {
    fn facts(&self) -> Facts {
        Facts::IN_PROCESS
    }

    fn submit(&mut self, order: &Approved<VenueOrder>) -> Result<(), NotSent> {
        let mut floor = self.0.floor();
        let at = self.0.arrival(&floor);
        floor.submit(at, order);
        Ok(())
    }

    fn cancel(&mut self, order: &OrderRef) -> Result<(), NotSent> {
        let mut floor = self.0.floor();
        let at = self.0.arrival(&floor);
        floor.cancel(at, order);
        Ok(())
    }

    fn query(&mut self, order: &OrderRef) -> Result<(), NotSent> {
        self.0.floor().query(order);
        Ok(())
    }

    // Every account here is a bot's, and is told of anyway.
    fn watch(&mut self, _: AccountId) {}
}

impl MarketFeed for PaperPort {
    fn subscribe(&mut self, market: MarketId, feed: Feed) {
        self.0.floor().subscribe(market, feed);
        self.0.changed.notify_all();
    }

    fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, count: u32) {
        let mut floor = self.0.floor();
        // Under the lock, so that no bar closes between the past and what follows it.
        let before = Time(floor.now.0.saturating_add(1));
        let bars = (self.0.past)(market, interval, before, count);
        floor.past(ticket, market, interval, bars);
        drop(floor);
        self.0.changed.notify_all();
    }
}

impl Accounts for PaperPort {
    fn instruments(&self) -> Vec<Instrument> {
        self.0.floor().instruments()
    }

    fn open(&mut self, _: &str, funds: &[(AssetId, Money)]) -> Result<AccountId, AccountError> {
        let opened = self.0.floor().open(funds);
        opened.map_err(|_| AccountError::Refused("the money to start with is too much to count".to_owned()))
    }

    fn holdings(&self, account: AccountId) -> Vec<(AssetId, Money)> {
        self.0.floor().holdings(account)
    }
}
