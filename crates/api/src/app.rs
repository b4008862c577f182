//! What all requests share.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use types::{InstrumentId, Time, VenueName};

use crate::Problem;
use crate::ports::Markets;

/// The venue of a symbol that names none.
const DEFAULT_VENUE: &str = "local";

/// The process as the routes see it.
pub struct App {
    pub(crate) markets: Arc<dyn Markets>,
    pub(crate) started: Instant,
    pub(crate) version: &'static str,
}

impl App {
    /// With what stands behind the ports.
    #[must_use]
    pub fn new(markets: Arc<dyn Markets>, version: &'static str) -> Self {
        Self { markets, started: Instant::now(), version }
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
