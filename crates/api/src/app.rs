//! What all requests share.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use store::Store;
use types::{InstrumentId, Time, VenueName};

use crate::Problem;
use crate::auth::{Passwords, Sessions, SetupCode, Throttle, Tokens, Vault};
use crate::ports::Markets;

/// The venue of a symbol that names none.
const DEFAULT_VENUE: &str = "local";

/// The process as the routes see it.
pub struct App {
    pub(crate) markets: Arc<dyn Markets>,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) sessions: Sessions,
    pub(crate) setup: SetupCode,
    pub(crate) started: Instant,
    pub(crate) version: &'static str,
}

/// What the process gives the API.
pub struct Parts {
    /// Market data.
    pub markets: Arc<dyn Markets>,
    /// The database.
    pub store: Store,
    /// Seals secrets before they are stored.
    pub vault: Vault,
    /// Makes and reads access tokens.
    pub tokens: Tokens,
    /// The one-time code, open until there is a user.
    pub setup: SetupCode,
    /// Of the program.
    pub version: &'static str,
}

impl App {
    /// With what stands behind the ports.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            markets: parts.markets,
            store: parts.store,
            vault: parts.vault,
            tokens: parts.tokens,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            sessions: Sessions::default(),
            setup: parts.setup,
            started: Instant::now(),
            version: parts.version,
        }
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
