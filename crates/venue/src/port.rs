//! The ports. Calls hand a request over and return; what comes of it arrives in the port's inbox.

use orders::VenueOrder;
use risk::Approved;
use strategy::Feed;
use types::{AccountId, AssetId, Instrument, Interval, MarketId, Money};

use crate::{Facts, OrderRef, VenueEvent};

/// Where a port puts what it hears.
pub trait Inbox: Send {
    /// Takes an event in, without waiting.
    ///
    /// # Errors
    /// [`Full`]: the receiver is too slow. The port says [`VenueEvent::Lost`] as soon as there is room.
    fn put(&mut self, event: VenueEvent) -> Result<(), Full>;
}

/// The receiver is too slow; the event was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A request that certainly did not leave: nothing will come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// Too many requests are under way.
    Busy,
    /// There is no connection.
    Down,
}

impl std::fmt::Display for NotSent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many requests are under way",
            Self::Down => "there is no connection to the venue",
        })
    }
}
impl std::error::Error for NotSent {}

/// Sends orders. Nothing is ever sent twice by the port itself.
pub trait OrderGateway: Send {
    /// What the venue promises.
    fn facts(&self) -> Facts;
    /// Sends an order. Answer: accepted, rejected or unclear.
    ///
    /// # Errors
    /// [`NotSent`]: it certainly did not leave.
    fn submit(&mut self, order: &Approved<VenueOrder>) -> Result<(), NotSent>;
    /// Asks for a cancel. A success is told by a report; other answers: refused or unclear.
    ///
    /// # Errors
    /// [`NotSent`]: it certainly did not leave.
    fn cancel(&mut self, order: &OrderRef) -> Result<(), NotSent>;
    /// Asks what became of an order. Answer: found, not found or unclear.
    ///
    /// # Errors
    /// [`NotSent`]: it certainly did not leave.
    fn query(&mut self, order: &OrderRef) -> Result<(), NotSent>;
    /// Reports of this account come from now on, those of orders that are not ours too.
    fn watch(&mut self, account: AccountId);
}

/// Brings market data.
pub trait MarketFeed: Send {
    /// A feed of a market comes from now on. Books begin with a snapshot, bars with the first that closes from now on.
    fn subscribe(&mut self, market: MarketId, feed: Feed);
    /// Asks for the last `count` closed bars. Those that close after them follow as from [`MarketFeed::subscribe`], none missing,
    /// none twice.
    fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, count: u32);
}

/// Opens accounts for bots. Calls may block for a moment: people wait for them, no market does.
pub trait Accounts: Send {
    /// What can be traded, by the venue's own dense numbers.
    fn instruments(&self) -> Vec<Instrument>;
    /// Opens an account with `funds`, durably; one of this name that a crash left behind, with enough money and no orders, is
    /// taken.
    ///
    /// # Errors
    /// Why not; nothing changed.
    fn open(&mut self, name: &str, funds: &[(AssetId, Money)]) -> Result<AccountId, AccountError>;
    /// What an account holds, locked included, by asset.
    fn holdings(&self, account: AccountId) -> Vec<(AssetId, Money)>;
}

/// Why an account cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// An expected no, for people.
    Refused(String),
    /// The venue does not work.
    Failed(String),
}

impl std::fmt::Display for AccountError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}
impl std::error::Error for AccountError {}
