//! What the API needs of the rest of the process, as small traits; `server` chooses what stands behind them.
//!
//! Readers answer from memory or from projections and never block for long; whatever changes something resolves when it is
//! durable.

use std::pin::Pin;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::Ts;
use store::audit::Note;
use store::orders::Order;
use stream::Room;
use tokio::sync::watch;

use crate::account_limits::{LimitUse, LimitsBody};
use crate::research::{BacktestSpec, Checked, RunEquity, RunTrade, SweepSpec};
use types::{
    AccountId, AssetId, Bar, Instrument, InstrumentId, Interval, Money, OrderView, Price, Print, Qty, Side,
    Terms, Time, VenueName,
};

/// A future that a port gives.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a port has no answer. People are told the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// No such instrument, account or order.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// A rule said no; nothing has changed.
    #[error("{detail}")]
    Refused {
        /// A stable name of the rule.
        code: &'static str,
        /// What the rule says, with its numbers.
        detail: String,
    },
    /// A limit of the account said no; nothing has changed.
    #[error("{detail}")]
    Limit {
        /// A stable name of the refusal.
        code: &'static str,
        /// What the limit says, with its numbers.
        detail: String,
        /// The limit with its numbers.
        limit: Box<LimitUse>,
    },
    /// It is not known whether it happened: ask for the order before trying again.
    #[error("the outcome is not known: {0}")]
    Unknowable(String),
    /// Not now; nothing has happened.
    #[error("not available now: {0}")]
    Unavailable(String),
    /// A failure for the log.
    #[error("{0}")]
    Failed(String),
}

/// A market as its last 24 hours were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticker {
    /// Last price; 0 before the first trade.
    pub last: Price,
    /// Price 24 hours ago.
    pub open: Price,
    /// Highest.
    pub high: Price,
    /// Lowest.
    pub low: Price,
    /// Best bid with its quantity.
    pub bid: Option<(Price, Qty)>,
    /// Best ask with its quantity.
    pub ask: Option<(Price, Qty)>,
    /// Base volume.
    pub volume: Money,
    /// Quote volume.
    pub quote_volume: Money,
    /// Trades.
    pub count: u64,
    /// When this was so.
    pub at: Time,
}

/// The best levels of a book, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// The book's number.
    pub update: u64,
    /// Buyers.
    pub bids: Vec<(Price, Qty)>,
    /// Sellers.
    pub asks: Vec<(Price, Qty)>,
    /// When this was so.
    pub at: Time,
}

/// Which candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandleRange {
    /// Length of one.
    pub interval: Interval,
    /// First open time wanted; without it the newest ones.
    pub from: Option<Time>,
    /// Last open time wanted; without it up to now.
    pub to: Option<Time>,
    /// Most of them.
    pub limit: usize,
}

/// Everything public about markets.
pub trait Markets: Send + Sync + 'static {
    /// All instruments, by name.
    fn instruments(&self) -> Vec<Arc<Instrument>>;
    /// One of them.
    fn instrument(&self, id: &InstrumentId) -> Option<Arc<Instrument>>;
    /// Its last 24 hours.
    fn ticker(&self, id: &InstrumentId) -> Option<Ticker>;
    /// A number that rises with every change of its book and every trade, before whoever caused it is answered.
    fn version(&self, id: &InstrumentId) -> Option<u64>;
    /// A number that is another one after every change of any of them.
    fn version_of_all(&self) -> u64 {
        // Each only rises, so their sum does.
        self.instruments().iter().filter_map(|i| self.version(&i.id)).fold(0, u64::wrapping_add)
    }
    /// Its book, at most `depth` levels a side.
    fn book(&self, id: &InstrumentId, depth: usize) -> Option<Book>;
    /// Its candles, oldest first, the last one still open.
    fn candles<'a>(
        &'a self,
        id: &'a InstrumentId,
        range: CandleRange,
    ) -> Reply<'a, Result<Vec<Bar>, PortError>>;
    /// Its last public trades, oldest first.
    fn prints<'a>(&'a self, id: &'a InstrumentId, limit: usize) -> Reply<'a, Result<Vec<Print>, PortError>>;
}

/// Orders that are about to leave (or will not), and the entry of the audit log that tells of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The orders' rows: `pending` ones leave as soon as this is durable, others never do.
    pub orders: Vec<Order>,
    /// Who wanted it.
    pub note: Note,
    /// When.
    pub at: Ts,
}

/// Records intents, ahead of the tables: what is recorded is in the tables soon, also when the process dies in between.
pub trait Intents: Send + Sync + 'static {
    /// Records an intent; its number, once it is durable.
    fn record(&self, intent: Intent) -> Reply<'_, Result<u64, PortError>>;
    /// The order with this client id that is recorded and perhaps not in the tables yet.
    fn known(&self, account: store::AccountId, client_id: &str) -> Option<Order>;
    /// The number of the last intent that is durable.
    fn recorded(&self) -> u64;
    /// The number of the last intent that is in the tables.
    fn in_tables(&self) -> watch::Receiver<u64>;
    /// Somebody waits until the tables hold the exchange's `command` and this `intent`: they are written as soon as these are known.
    fn hurry(&self, command: u64, intent: u64);
}

/// What somebody wants to trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Where.
    pub instrument: InstrumentId,
    /// Direction.
    pub side: Side,
    /// One order, or two of which one cancels the other: the upper price first.
    pub legs: Vec<LegRequest>,
    /// The id that a list of two gets at the venue.
    pub client_id: types::ClientOrderId,
}

/// One order of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegRequest {
    /// What.
    pub terms: Terms,
    /// The id it gets at the venue: derived from the intent, so that the same intent is never sent as two orders.
    pub client_id: types::ClientOrderId,
}

/// What the exchange did with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The orders now, as they were asked for.
    pub orders: Vec<OrderView>,
    /// The number of the command in the exchange's log: once the projection has it, every read shows it.
    pub seq: u64,
}

/// A request that every limit let through and that has not left yet. It counts as working until it is sent and told of; dropped, it never
/// leaves.
pub trait Permit: Send {
    /// Sends it. What the venue made of it is durable; whoever stops waiting does not take it back.
    fn send(self: Box<Self>) -> Reply<'static, Result<Placed, PortError>>;
}

/// An amount that an account pays or gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Of which asset.
    pub code: types::AssetCode,
    /// Its decimals.
    pub scale: u8,
    /// How much.
    pub amount: Money,
    /// What is free before.
    pub free: Money,
}

/// What a request would do, at this moment.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Average price it would trade at: that of the book for what trades at once, else its own.
    pub price: Option<Price>,
    /// Base quantity that is judged.
    pub qty: Qty,
    /// Base quantity that the book fills at once.
    pub at_once: Qty,
    /// What it pays (its reserve).
    pub pays: Flow,
    /// What it gets, before the fee.
    pub gets: Flow,
    /// The fee, in the asset that it gets.
    pub fee: Money,
    /// Every limit, before and after.
    pub limits: Vec<LimitUse>,
    /// Why it would be refused.
    pub refusal: Option<PortError>,
}

/// An account's limits and how much of them is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRisk {
    /// The asset that money limits are in.
    pub currency: String,
    /// The limits.
    pub limits: LimitsBody,
    /// How much is used.
    pub uses: Vec<LimitUse>,
}

/// A holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Which asset.
    pub asset: AssetId,
    /// Its name and decimals.
    pub code: types::AssetCode,
    /// Decimals of the amounts.
    pub scale: u8,
    /// Can be spent.
    pub available: Money,
    /// Reserved by live orders.
    pub locked: Money,
}

/// Back-tests and sweeps: whether one makes sense, and what stored ones gave. Carrying them out is the workers' business.
pub trait Research: Send + Sync + 'static {
    /// Whether a back-test can be run: strategy, parameters, instruments, data.
    fn check(&self, spec: BacktestSpec) -> Reply<'_, Result<Checked, PortError>>;
    /// Whether a sweep can be run.
    fn check_sweep(&self, spec: SweepSpec) -> Reply<'_, Result<Checked, PortError>>;
    /// The round trips of a stored run, by the time they ended.
    fn trades(&self, run: String) -> Reply<'_, Result<Vec<RunTrade>, PortError>>;
    /// The worth of a stored run, oldest first.
    fn equity(&self, run: String) -> Reply<'_, Result<Vec<RunEquity>, PortError>>;
    /// A stored run as one HTML page; made when it is first asked for, which takes about twenty times as long as the run.
    fn report(&self, run: String) -> Reply<'_, Result<String, PortError>>;
    /// An instrument that data were imported of, by `file:BTC-PERP` or `BTC-PERP` alone.
    fn recorded(&self, symbol: String) -> Reply<'_, Result<Recorded, PortError>>;
    /// Its closed candles, oldest first: from a start on, or without one the newest ones.
    fn recorded_candles(
        &self,
        id: InstrumentId,
        range: CandleRange,
    ) -> Reply<'_, Result<Vec<Bar>, PortError>>;
}

/// An instrument that data were imported of.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What it is.
    pub instrument: Instrument,
    /// The first moment there are data of.
    pub first: Time,
    /// The last one.
    pub last: Time,
}

/// How a part of the process is, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Works.
    Ok,
    /// Works in part.
    Degraded,
    /// Does not work.
    Down,
}

impl Condition {
    /// `ok`, `degraded` or `down`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

/// A part of the process and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Which.
    pub name: &'static str,
    /// How.
    pub condition: Condition,
    /// What is to be known about it.
    pub detail: String,
}

impl Component {
    /// One that works.
    #[must_use]
    pub const fn ok(name: &'static str, detail: String) -> Self {
        Self { name, condition: Condition::Ok, detail }
    }

    /// One that does not.
    #[must_use]
    pub const fn down(name: &'static str, detail: String) -> Self {
        Self { name, condition: Condition::Down, detail }
    }
}

/// How the parts of the process are that this crate does not know.
pub trait Health: Send + Sync + 'static {
    /// All of them, from memory.
    fn components(&self) -> Vec<Component>;
}

/// The public rooms of other instances, which are venues of their names to this one.
pub trait Neighbours: Send + Sync + 'static {
    /// What the others call this instance.
    fn own_name(&self) -> VenueName;
    /// Makes a room of another instance one that can be entered here; why not, for people.
    fn reach(&self, room: Room) -> Reply<'_, Result<(), String>>;
    /// The state of such a room that was entered; why it cannot be had, for people.
    fn state(&self, room: Room) -> Reply<'_, Result<Box<RawValue>, String>>;
}

/// Accounts at a venue and what they trade there. A call that changes something resolves when it is durable.
pub trait Desk: Send + Sync + 'static {
    /// Opens an account with a name of its own and test money.
    /// When the account exists already it is left as it is, so that a caller that crashed half-way can ask again.
    fn open(&self, name: String) -> Reply<'_, Result<AccountId, PortError>>;
    /// Judges a request by the account's limits.
    fn judge(&self, account: AccountId, order: OrderRequest)
    -> Reply<'_, Result<Box<dyn Permit>, PortError>>;
    /// What a request would do. Nothing is sent, nothing is counted.
    fn preview(&self, account: AccountId, order: OrderRequest) -> Reply<'_, Result<Preview, PortError>>;
    /// Makes a live order smaller; it keeps its place.
    fn amend(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        id: types::OrderId,
        qty: Qty,
    ) -> Reply<'_, Result<Placed, PortError>>;
    /// The account's limits and how much of them is used.
    fn limits(&self, account: AccountId) -> Reply<'_, Result<AccountRisk, PortError>>;
    /// Whether limits make sense, and whether they allow anything that the present ones do not.
    fn raises(&self, account: AccountId, limits: LimitsBody) -> Reply<'_, Result<bool, PortError>>;
    /// Takes limits over that are stored already.
    fn limit(&self, account: AccountId, limits: LimitsBody) -> Reply<'_, Result<(), PortError>>;
    /// Cancels a live order.
    fn cancel(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        id: types::OrderId,
    ) -> Reply<'_, Result<Placed, PortError>>;
    /// Projects what happens on an account into its owner's tables from now on, in the name of its bot if it has one.
    fn follow(
        &self,
        number: AccountId,
        user: store::UserId,
        account: store::AccountId,
        bot: Option<store::BotId>,
    );
    /// The live orders, by id, never stale.
    fn open_orders(&self, account: AccountId) -> Vec<(InstrumentId, OrderView)>;
    /// What the account holds, never stale.
    fn holdings(&self, account: AccountId) -> Vec<Holding>;
    /// Stops the account from placing orders by any way (its own API keys included) and cancels what is live; or allows it again. Gives the number of the last command.
    fn set_halted(&self, account: AccountId, halted: bool) -> Reply<'_, Result<u64, PortError>>;
}

/// What a browser asks of the dashboard.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageAsk<'a> {
    /// The path of the address.
    pub path: &'a str,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// `Accept-Encoding`.
    pub encodings: Option<&'a str>,
    /// `If-None-Match`.
    pub known: Option<&'a str>,
}

/// A file of the dashboard, ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The browser has it already.
    pub is_known: bool,
    /// `Content-Type`.
    pub kind: &'static str,
    /// `ETag`.
    pub tag: &'static str,
    /// `Cache-Control`.
    pub cache: &'static str,
    /// `Content-Encoding`, if the body is compressed.
    pub encoding: Option<&'static str>,
    /// The body.
    pub body: &'static [u8],
}

/// The built dashboard. It answers only for its own paths: what belongs to the API it leaves alone.
pub trait Pages: Send + Sync + 'static {
    /// The answer to a GET; `None` when the path is not the dashboard's.
    fn page(&self, ask: &PageAsk<'_>) -> Option<Page>;
}
