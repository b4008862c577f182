//! The simulated venue on a live market: whoever follows the market hands in what it shows, orders meet the venue as it is now.
//!
//! Limits: paper orders move nobody, so others trade as if they were not there; what a market did while there was no connection is not
//! known, and an order that rested meanwhile meets the book that comes after (at its own price, if that has gone through it).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use orders::VenueOrder;
use risk::Approved;
use strategy::Feed;
use types::{AccountId, AssetId, Bar, Instrument, Interval, MarketEvent, MarketId, Money, Time};
use venue::{AccountError, Accounts, Facts, Full, Inbox, MarketFeed, NotSent, OrderGateway, OrderRef};

use super::floor::{Floor, Memory};
use super::reel::ReelError;
use crate::Config;

/// Asks whoever follows the market for closed bars, which come by [`Entrance::past`]; `false` when he cannot be asked.
pub type Asked = Arc<dyn Fn(u64, MarketId, Interval, u32) -> bool + Send + Sync>;

/// A live market.
pub struct Attended {
    /// The venue's behaviour.
    pub config: Config,
    /// What is traded, by number.
    pub instruments: Vec<Instrument>,
    /// What to go on with.
    pub memory: Memory,
}

struct Shared {
    // The feed's thread and the shard's both need the venue as it is at one moment; held for one event or one order, never while waiting.
    floor: Mutex<Floor>,
    /// The wall's time at the start, and from there on a clock that never goes back (T1).
    base: Time,
    started: Instant,
}

impl Shared {
    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Time {
        self.base.plus_nanos(i64::try_from(self.started.elapsed().as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Where a live market comes in. Clone freely.
#[derive(Clone)]
pub struct Entrance(Arc<Shared>);

/// Opens the venue; all its markets are down until they are said to be up.
///
/// # Errors
/// Never with a sound memory.
pub fn attend(attended: Attended, inbox: Box<dyn Inbox>) -> Result<Entrance, ReelError> {
    let Attended { config, instruments, memory } = attended;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let wall = Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
    let floor = Floor::new(config, instruments, Vec::new(), memory, inbox)?;
    let base = wall.max(floor.now);
    Ok(Entrance(Arc::new(Shared { floor: Mutex::new(floor), base, started: Instant::now() })))
}

impl Entrance {
    /// A market shows something.
    ///
    /// # Errors
    /// [`Full`]: the bots are too slow, and it is lost. Say that the market is down, and begin anew.
    pub fn market(&self, event: MarketEvent) -> Result<(), Full> {
        let mut floor = self.0.floor();
        let at = self.0.now();
        if floor.attend(at, event) { Ok(()) } else { Err(Full) }
    }

    /// The answer to a question about closed bars.
    pub fn past(&self, ticket: u64, market: MarketId, interval: Interval, bars: Vec<Bar>) {
        self.0.floor().past(ticket, market, interval, bars);
    }

    /// The venue's ports.
    #[must_use]
    pub fn port(&self, asked: Asked) -> AttendedPort {
        AttendedPort { shared: Arc::clone(&self.0), asked }
    }
}

/// The ports. Clone freely.
#[derive(Clone)]
pub struct AttendedPort {
    shared: Arc<Shared>,
    asked: Asked,
}

impl OrderGateway for AttendedPort {
    fn facts(&self) -> Facts {
        Facts::IN_PROCESS
    }

    fn submit(&mut self, order: &Approved<VenueOrder>) -> Result<(), NotSent> {
        let mut floor = self.shared.floor();
        let at = self.shared.now().max(floor.now);
        floor.submit(at, order);
        Ok(())
    }

    fn cancel(&mut self, order: &OrderRef) -> Result<(), NotSent> {
        let mut floor = self.shared.floor();
        let at = self.shared.now().max(floor.now);
        floor.cancel(at, order);
        Ok(())
    }

    fn query(&mut self, order: &OrderRef) -> Result<(), NotSent> {
        self.shared.floor().query(order);
        Ok(())
    }

    // Every account here is a bot's, and is told of anyway.
    fn watch(&mut self, _: AccountId) {}
}

impl MarketFeed for AttendedPort {
    fn subscribe(&mut self, market: MarketId, feed: Feed) {
        self.shared.floor().subscribe(market, feed);
    }

    fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, count: u32) {
        if !(self.asked)(ticket, market, interval, count) {
            tracing::warn!(
                "the feed cannot be asked for the past now; a bot goes on with the bars that come"
            );
            self.shared.floor().past(ticket, market, interval, Vec::new());
        }
    }
}

impl Accounts for AttendedPort {
    fn instruments(&self) -> Vec<Instrument> {
        self.shared.floor().instruments()
    }

    fn open(&mut self, _: &str, funds: &[(AssetId, Money)]) -> Result<AccountId, AccountError> {
        let opened = self.shared.floor().open(funds);
        opened.map_err(|_| AccountError::Refused("the money to start with is too much to count".to_owned()))
    }

    fn holdings(&self, account: AccountId) -> Vec<(AssetId, Money)> {
        self.shared.floor().holdings(account)
    }
}
