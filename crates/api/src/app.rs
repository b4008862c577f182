//! What all requests share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::{Store, StoreError, Ts, UserId, audit};
use tokio::sync::watch;
use types::{InstrumentId, MarketId, Time, VenueName};

use crate::Problem;
use crate::alerting::Alerting;
use crate::auth::principal::Principal;
use crate::auth::{Passwords, Sessions, SetupCode, Throttle, Tokens, Vault, signed};
use crate::broadcast::Broadcast;
use crate::claims::Claims;
use crate::dials::Dials;
use crate::known_accounts::KnownAccounts;
use crate::limited::Limited;
use crate::logs::LogRing;
use crate::models::Models;
use crate::monitoring::Monitoring;
use crate::ports::{Desk, Health, Intents, Markets, Neighbours, Research};
use crate::routes::strategies::StrategyBody;

/// The venue of a symbol that names none.
pub(crate) const DEFAULT_VENUE: &str = "local";

/// How long a read waits for its reader's own write.
const CATCH_UP_MAX: Duration = Duration::from_secs(2);
/// Users with a write that is not projected yet; beyond it those that are done are forgotten.
const WRITTEN_MAX: usize = 10_000;

/// The last that a user wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    /// The exchange's number of a command.
    command: u64,
    /// The number of an intent.
    intent: u64,
}

/// The process as the routes see it.
pub struct App {
    pub(crate) markets: Arc<dyn Markets>,
    pub(crate) desk: Arc<dyn Desk>,
    /// The permanent numbers of the markets' pairs in the database.
    pub(crate) pairs: BTreeMap<MarketId, i64>,
    /// The last command that the projection has written.
    projected: watch::Receiver<u64>,
    /// What each user wrote since. Held for one look-up.
    written: Mutex<BTreeMap<UserId, Written>>,
    pub(crate) intents: Arc<dyn Intents>,
    /// Keys of orders that are being placed.
    pub(crate) claims: Arc<Claims>,
    pub(crate) accounts: KnownAccounts,
    /// The bots' driver.
    pub(crate) bots: bus::bots::Desk,
    pub(crate) strategies: Vec<StrategyBody>,
    pub(crate) research: Arc<dyn Research>,
    pub(crate) queue: jobs::Queue,
    pub(crate) models: Arc<dyn Models>,
    pub(crate) health: Arc<dyn Health>,
    pub(crate) beats: crate::beats::Beats,
    pub(crate) logs: Arc<LogRing>,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) sessions: Sessions,
    pub(crate) seen: signed::Seen,
    pub(crate) setup: SetupCode,
    /// The live stream.
    pub(crate) broadcast: Arc<Broadcast>,
    pub(crate) neighbours: Option<Arc<dyn Neighbours>>,
    /// Who may open a WebSocket.
    pub(crate) tickets: stream::Tickets<Principal>,
    pub(crate) limited: Limited,
    pub(crate) cache: Arc<cache::Cache>,
    pub(crate) last_good: crate::last_good::LastGood,
    /// Asks for the cache to be warmed once more.
    pub(crate) warming: tokio::sync::Notify,
    pub(crate) monitoring: Arc<dyn Monitoring>,
    pub(crate) alerting: Arc<dyn Alerting>,
    pub(crate) inferences: crate::observe::Inferences,
    pub(crate) observed: crate::observe::Observed,
    pub(crate) dials: Dials,
    pub(crate) started: Instant,
    pub(crate) version: &'static str,
}

/// What the process gives the API.
pub struct Parts {
    /// Public market information.
    pub markets: Arc<dyn Markets>,
    /// Accounts and orders.
    pub desk: Arc<dyn Desk>,
    /// The permanent numbers of the markets' pairs in the database.
    pub pairs: BTreeMap<MarketId, i64>,
    /// The number of the last command of the exchange that is in the tables.
    pub projected: watch::Receiver<u64>,
    /// Where orders are recorded before they leave.
    pub intents: Arc<dyn Intents>,
    /// The bots' driver.
    pub bots: bus::bots::Desk,
    /// The strategies that bots and back-tests can run, by name.
    pub strategies: Vec<StrategyBody>,
    /// Back-tests and sweeps.
    pub research: Arc<dyn Research>,
    /// The queue of long work.
    pub queue: jobs::Queue,
    /// Trains models and asks them.
    pub models: Arc<dyn Models>,
    /// How the other parts are.
    pub health: Arc<dyn Health>,
    /// The last lines of the log.
    pub logs: Arc<LogRing>,
    /// The database.
    pub store: Store,
    /// Seals secrets before they are stored.
    pub vault: Vault,
    /// Makes and reads access tokens.
    pub tokens: Tokens,
    /// The one-time code, open until there is a user.
    pub setup: SetupCode,
    /// The live stream.
    pub broadcast: Arc<Broadcast>,
    /// The rooms of other instances, where this one knows any.
    pub neighbours: Option<Arc<dyn Neighbours>>,
    /// The process's numbers.
    pub monitoring: Arc<dyn Monitoring>,
    /// The service's alerts and their channels.
    pub alerting: Arc<dyn Alerting>,
    /// Whether programs on this machine see them without a login.
    pub open_to_loopback: bool,
    /// Answers to public reads.
    pub cache: Arc<cache::Cache>,
    /// Whether users and addresses may ask for so much and no more.
    pub limited: bool,
    /// Of the program.
    pub version: &'static str,
}

impl App {
    /// With what stands behind the ports.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            markets: parts.markets,
            desk: parts.desk,
            pairs: parts.pairs,
            projected: parts.projected,
            bots: parts.bots,
            strategies: parts.strategies,
            research: parts.research,
            queue: parts.queue,
            models: parts.models,
            health: parts.health,
            beats: crate::beats::Beats::default(),
            logs: parts.logs,
            written: Mutex::default(),
            intents: parts.intents,
            claims: Arc::default(),
            accounts: KnownAccounts::default(),
            store: parts.store,
            vault: parts.vault,
            tokens: parts.tokens,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            sessions: Sessions::new(Arc::clone(&parts.cache)),
            seen: signed::Seen::default(),
            setup: parts.setup,
            broadcast: parts.broadcast,
            neighbours: parts.neighbours,
            tickets: stream::Tickets::default(),
            limited: Limited::default(),
            cache: parts.cache,
            last_good: crate::last_good::LastGood::default(),
            warming: tokio::sync::Notify::new(),
            monitoring: parts.monitoring,
            alerting: parts.alerting,
            inferences: crate::observe::Inferences::default(),
            observed: crate::observe::Observed::default(),
            dials: Dials::new(parts.limited, parts.open_to_loopback),
            started: Instant::now(),
            version: parts.version,
        }
    }

    /// What can be changed about it while it runs.
    #[must_use]
    pub const fn dials(&self) -> &Dials {
        &self.dials
    }

    /// Whether a room of the stream is one of a market of this instance.
    #[must_use]
    pub fn has_room(&self, room: &stream::Room) -> bool {
        room.market().is_some_and(|market| self.markets.instrument(market).is_some())
    }

    /// The state of a public room as a client of the stream gets it.
    ///
    /// # Errors
    /// Why it cannot be had, for people.
    pub async fn room_state(&self, room: &stream::Room) -> Result<Box<serde_json::value::RawValue>, String> {
        crate::socket::of_public(self, room).await
    }

    /// A user's command has taken effect: the user's next reads wait for the projection.
    pub(crate) fn wrote(&self, user: UserId, seq: u64) {
        self.written_up_to(user, Written { command: seq, intent: 0 });
    }

    /// A user's intent is durable: the user's next reads wait until it is in the tables.
    pub(crate) fn recorded(&self, user: UserId, number: u64) {
        self.written_up_to(user, Written { command: 0, intent: number });
    }

    fn written_up_to(&self, user: UserId, to: Written) {
        let (command, intent) = (*self.projected.borrow(), *self.intents.in_tables().borrow());
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() >= WRITTEN_MAX {
            written.retain(|_, last| last.command > command || last.intent > intent);
        }
        let last = written.entry(user).or_default();
        *last = Written { command: to.command.max(last.command), intent: to.intent.max(last.intent) };
    }

    /// Notes something that has happened already. A failure is logged: what happened cannot be taken back.
    pub(crate) async fn audit(&self, note: audit::Note) {
        let action = note.action.clone();
        let noted =
            self.store.write(move |tx| Box::pin(async move { audit::append(tx, note, Ts::now()).await }));
        let noted: Result<i64, StoreError> = noted.await;
        if let Err(error) = noted {
            tracing::error!(%error, action, "an entry of the audit log is lost");
        }
    }

    /// Waits until a user's own writes can be read, at most two seconds.
    ///
    /// # Errors
    /// 503 when the projection is behind for longer.
    pub(crate) async fn caught_up(&self, user: UserId) -> Result<(), Problem> {
        let wanted = self.written.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied();
        let Some(wanted) = wanted else { return Ok(()) };
        self.reach(wanted).await?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(&user) == Some(&wanted) {
            written.remove(&user);
        }
        Ok(())
    }

    /// Waits until everybody's intents of before can be read, at most two seconds.
    ///
    /// # Errors
    /// 503 when the projection is behind for longer.
    pub(crate) async fn all_caught_up(&self) -> Result<(), Problem> {
        self.reach(Written { command: 0, intent: self.intents.recorded() }).await
    }

    async fn reach(&self, wanted: Written) -> Result<(), Problem> {
        let (mut projected, mut intents) = (self.projected.clone(), self.intents.in_tables());
        if *projected.borrow() >= wanted.command && *intents.borrow() >= wanted.intent {
            return Ok(());
        }
        self.intents.hurry(wanted.command, wanted.intent);
        let both = async {
            let intents = intents.wait_for(|number| *number >= wanted.intent).await.is_ok();
            intents && projected.wait_for(|seq| *seq >= wanted.command).await.is_ok()
        };
        if tokio::time::timeout(CATCH_UP_MAX, both).await == Ok(true) {
            return Ok(());
        }
        let detail = "your last order is not in the tables yet; try again in a moment";
        Err(Problem::unavailable("catching_up", detail))
    }

    /// `BTCUSDT` or `local:BTCUSDT`.
    pub(crate) fn instrument_id(&self, text: &str) -> Result<InstrumentId, Problem> {
        let local = VenueName::new(DEFAULT_VENUE).map_err(|e| Problem::internal(&e))?;
        InstrumentId::parse(text, local)
            .map_err(|why| Problem::invalid(format!("{text:?} is not the name of an instrument: it {why}")))
    }

    /// A listed instrument by its name.
    pub(crate) fn instrument(&self, text: &str) -> Result<Arc<types::Instrument>, Problem> {
        let id = self.instrument_id(text)?;
        self.markets.instrument(&id).ok_or_else(|| Problem::not_found("market"))
    }
}

/// The wall clock. Only edges read it.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
