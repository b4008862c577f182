//! Bots on a live market: a venue that speaks Binance spot is followed, and the simulated venue fills their orders against what it shows.

use std::sync::Arc;

use bus::bots::Desk;
use live::{Ports, Running, Shard, TimeSource};
use types::{Bar, Instrument, Interval, MarketEvent, MarketId};
use venue_binance::{Endpoint, FeedError, Following, Outlet, Reach};
use venue_sim::paper::{Attended, Entrance, attend};

use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Bots on a live market are numbered from here on, so that a number names one bot of the server.
const FIRST_BOT: u32 = 2_000_001;

/// A running shard and its feed; the shard ends first.
pub(crate) struct Live {
    running: Running,
    _following: Following,
}

impl Live {
    pub(crate) fn desk(&self) -> &Desk {
        self.running.desk()
    }
}

/// What the feed shows goes to the venue, and by it to the bots.
struct Door(Entrance);

impl Outlet for Door {
    fn market(&mut self, event: MarketEvent) -> Result<(), venue::Full> {
        self.0.market(event)
    }

    fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, bars: Vec<Bar>) {
        self.0.past(ticket, market, interval, bars);
    }
}

/// Follows what the configuration names; nothing when it names nothing.
pub(super) fn open(config: &Config) -> Result<Option<Live>, Failure> {
    let Some(url) = &config.feed.url else { return Ok(None) };
    if config.feed.symbols.is_empty() {
        return Err(Failure::new(Exit::Config, "the feed has no markets")
            .because("feed.symbols (--feed-symbols) names none")
            .advise("name what is to be followed, like --feed-symbols BTCUSDT"));
    }
    let reach = if config.feed.allow_remote { Reach::Public } else { Reach::Loopback };
    let endpoint = Endpoint::new(url, config.feed.rest_url.as_deref(), reach, notify::refusal, notify::tls);
    let endpoint = endpoint.map_err(|error| refused(&error))?;
    let dir = super::dir_of(&config.data_dir, super::Place::Live);
    let mut settings = super::settings(config, dir);
    settings.time = TimeSource::Wall;
    settings.first_bot = FIRST_BOT;
    let (mut following, mut away) = (None, None);
    let running = live::open(&settings, |inbox, shard| {
        let instruments = instruments(&endpoint, &config.feed.symbols, shard).map_err(|error| {
            away = Some(refused(&error));
            std::io::Error::other(error)
        })?;
        let instruments = super::paper::joined(&super::paper::known(shard), instruments)?;
        let attended = Attended {
            config: super::paper::behaviour(),
            memory: super::paper::memory(shard),
            instruments: instruments.clone(),
        };
        let entrance = attend(attended, inbox).map_err(std::io::Error::other)?;
        let (followed, asker) =
            venue_binance::follow(endpoint, instruments, Box::new(Door(entrance.clone())))?;
        following = Some(followed);
        let port = entrance.port(Arc::new(move |ticket, market, interval, count| {
            asker.past(ticket, market, interval, count)
        }));
        Ok(Ports { gateway: Box::new(port.clone()), feed: Box::new(port.clone()), accounts: Box::new(port) })
    });
    match (running, away) {
        (Ok(running), _) => Ok(following.map(|following| Live { running, _following: following })),
        (Err(_), Some(away)) => Err(away),
        (Err(error), None) => Err(super::failure(&settings.dir, &error)),
    }
}

/// What of the wanted markets the shard does not know; only then is the venue asked, so that a start without it is possible.
fn instruments(endpoint: &Endpoint, wanted: &[String], shard: &Shard) -> Result<Vec<Instrument>, FeedError> {
    let known = super::paper::known(shard);
    let is_new = |symbol: &&String| !known.iter().any(|known| known.id.symbol.as_str() == symbol.as_str());
    let new: Vec<String> = wanted.iter().filter(is_new).cloned().collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime
        .map_err(|error| FeedError::Unreachable { host: "the feed".to_owned(), why: error.to_string() })?;
    runtime.block_on(venue_binance::listed(endpoint, &new))
}

/// Why the feed cannot be had, and what to do.
fn refused(error: &FeedError) -> Failure {
    let (exit, advice) = match error {
        FeedError::Address(..) | FeedError::Remote(_) | FeedError::Refused { .. } => (
            Exit::Config,
            "feed.url (--feed) is ws://HOST:PORT on this machine, or wss:// of a public host with feed.allow_remote",
        ),
        FeedError::Status { .. } => {
            (Exit::Config, "`feed.symbols` (--feed-symbols) holds what the venue lists, like BTCUSDT")
        }
        _ => (
            Exit::Unreachable,
            "is the venue up, and does it answer over REST at the same host? else name feed.rest_url",
        ),
    };
    Failure::new(exit, "the live feed cannot be followed").because(error).advise(advice)
}
