//! The state of a room for somebody who enters it. Read after the offset is fixed, so it holds everything up to there.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use store::jobs::JobStatus;
use store::users::Role;
use store::{bots, jobs, orders, positions};
use stream::Room;
use types::{InstrumentId, Interval, VenueName};

use super::connection::Source;
use crate::app::{App, now};
use crate::auth::principal::Principal;
use crate::broadcast::{CandleEvent, LEVELS, Tickers, TradeEvent};
use crate::live_indicators;
use crate::ports::{CandleRange, Neighbours, Reply};
use crate::routes::alerts::AlertBody;
use crate::routes::bots::body::BotBody;
use crate::routes::bots::desk;
use crate::routes::jobs::JobBody;
use crate::routes::markets::{BookBody, TickerBody};
use crate::routes::orders::OrderBody;
use crate::routes::trades::PositionBody;

/// What this instance calls its own markets; another venue is another instance.
const DEFAULT_VENUE: &str = "local";
/// Trades in a snapshot.
const TRADES: usize = 100;
/// Candles in a snapshot.
const CANDLES: usize = 10;
/// Most orders in a snapshot: what one account may have alive on all markets.
const ORDERS_MAX: u32 = 1_000;
/// Newest jobs looked through for those that have not ended: a user has at most 50 of those.
const JOBS_MAX: u32 = 1_000;

#[derive(Serialize)]
struct Trades {
    trades: Vec<TradeEvent>,
}

#[derive(Serialize)]
struct Candles {
    candles: Vec<CandleEvent>,
}

#[derive(Serialize)]
struct Orders {
    orders: Vec<OrderBody>,
}

#[derive(Serialize)]
struct Positions {
    positions: Vec<PositionBody>,
}

/// The platform as one of its users sees it.
pub(super) struct Seen {
    pub(super) app: Arc<App>,
    pub(super) who: Principal,
}

impl Seen {
    /// Those who know a room that is about a market of another instance.
    fn neighbours_of(&self, room: &Room) -> Option<&Arc<dyn Neighbours>> {
        let foreign = room.market().is_some_and(|market| market.venue.as_str() != DEFAULT_VENUE);
        self.app.neighbours.as_ref().filter(|_| foreign)
    }
}

impl Source for Seen {
    fn known_as(&self, room: Room) -> Room {
        let own = self.app.neighbours.as_ref().map(|neighbours| neighbours.own_name());
        let is_own = room.market().is_some_and(|market| Some(market.venue) == own);
        let here = VenueName::new(DEFAULT_VENUE).ok().filter(|_| is_own);
        here.and_then(|here| room.at(here)).unwrap_or(room)
    }

    fn reach(&self, room: &Room) -> Option<Reply<'_, Result<(), String>>> {
        self.neighbours_of(room).map(|neighbours| neighbours.reach(*room))
    }

    fn admits(&self, room: &Room) -> Result<(), (&'static str, String)> {
        if let Some(market) = room.market()
            && self.neighbours_of(room).is_none()
            && self.app.markets.instrument(market).is_none()
        {
            return Err(("unknown_market", format!("there is no market {}", market.symbol)));
        }
        if *room == Room::Alerts && self.who.role < Role::Admin {
            return Err(("forbidden", "this room is for administrators".to_owned()));
        }
        Ok(())
    }

    fn state<'a>(&'a self, room: &'a Room) -> Reply<'a, Result<Box<RawValue>, String>> {
        match self.neighbours_of(room) {
            Some(neighbours) => neighbours.state(*room),
            None => Box::pin(of(&self.app, &self.who, room)),
        }
    }
}

async fn of(app: &App, who: &Principal, room: &Room) -> Result<Box<RawValue>, String> {
    match room {
        Room::Orders => own_orders(app, who).await,
        Room::Positions => own_positions(app, who).await,
        Room::Bots => own_bots(app, who).await,
        Room::Jobs => own_jobs(app, who).await,
        Room::Alerts => alerts(app).await,
        public => of_public(app, public).await,
    }
}

/// The state of a public room.
pub(crate) async fn of_public(app: &App, room: &Room) -> Result<Box<RawValue>, String> {
    match room {
        Room::MarketData => raw(&Tickers::of(&*app.markets)),
        Room::Ticker(id) => {
            let found = app.markets.instrument(id).zip(app.markets.ticker(id));
            found.map_or_else(no_market, |(instrument, ticker)| raw(&TickerBody::of(&instrument, &ticker)))
        }
        Room::Book(id) => {
            let instrument = app.markets.instrument(id);
            let book = instrument.and_then(|instrument| BookBody::of(&*app.markets, &instrument, LEVELS));
            book.map_or_else(no_market, |book| raw(&book))
        }
        Room::Trades(id) => trades(app, id).await,
        Room::Candles(id, interval) => candles(app, id, *interval).await,
        Room::Indicators(id, interval) => indicators(app, id, *interval).await,
        Room::Orders | Room::Positions | Room::Bots | Room::Jobs | Room::Alerts => {
            Err("this room is not public".to_owned())
        }
    }
}

fn no_market() -> Result<Box<RawValue>, String> {
    Err("there is no such market".to_owned())
}

fn raw(state: &impl Serialize) -> Result<Box<RawValue>, String> {
    to_raw_value(state).map_err(|error| error.to_string())
}

async fn trades(app: &App, id: &InstrumentId) -> Result<Box<RawValue>, String> {
    let Some(instrument) = app.markets.instrument(id) else { return no_market() };
    let prints = app.markets.prints(id, TRADES).await.map_err(|error| error.to_string())?;
    raw(&Trades { trades: prints.iter().map(|print| TradeEvent::of(&instrument, print)).collect() })
}

async fn candles(app: &App, id: &InstrumentId, interval: Interval) -> Result<Box<RawValue>, String> {
    let Some(instrument) = app.markets.instrument(id) else { return no_market() };
    let range = CandleRange { interval, from: None, to: None, limit: CANDLES };
    let bars = app.markets.candles(id, range).await.map_err(|error| error.to_string())?;
    let now = now();
    raw(&Candles { candles: bars.iter().filter_map(|bar| CandleEvent::of(&instrument, bar, now)).collect() })
}

async fn indicators(app: &App, id: &InstrumentId, interval: Interval) -> Result<Box<RawValue>, String> {
    let wanted = Arc::clone(app.broadcast.indicators());
    let found = live_indicators::now_of(wanted, &*app.markets, (*id, interval), now()).await;
    // A market without a candle has nothing to say yet.
    raw(&found.map_err(|error| error.to_string())?)
}

/// Alerts in a snapshot: more than that and the number is the news.
const ALERTS_MAX: u32 = 200;

#[derive(Serialize)]
struct Alerts {
    alerts: Vec<AlertBody>,
}

async fn alerts(app: &App) -> Result<Box<RawValue>, String> {
    let open = store::alerts::open_of_all(&mut app.store.read(), ALERTS_MAX).await;
    let open = open.map_err(|error| unreadable(&error))?;
    raw(&Alerts { alerts: open.iter().filter(|alert| alert.user_id.is_none()).map(AlertBody::of).collect() })
}

/// The user's own last write is in it.
async fn caught_up(app: &App, who: &Principal) -> Result<(), String> {
    app.caught_up(who.user).await.map_err(|problem| problem.detail)
}

async fn own_orders(app: &App, who: &Principal) -> Result<Box<RawValue>, String> {
    caught_up(app, who).await?;
    let filter = orders::Filter { live: true, ..orders::Filter::default() };
    let found = orders::page(&mut app.store.read(), who.owner(), &filter, ORDERS_MAX).await;
    let found = found.map_err(|error| unreadable(&error))?;
    raw(&Orders { orders: found.iter().map(OrderBody::of).collect() })
}

async fn own_positions(app: &App, who: &Principal) -> Result<Box<RawValue>, String> {
    caught_up(app, who).await?;
    let found = positions::open(&mut app.store.read(), who.owner(), None).await;
    let found = found.map_err(|error| unreadable(&error))?;
    raw(&Positions { positions: found.iter().map(|p| PositionBody::of(&*app.markets, p)).collect() })
}

#[derive(Serialize)]
struct Bots {
    bots: Vec<BotBody>,
}

async fn own_bots(app: &App, who: &Principal) -> Result<Box<RawValue>, String> {
    let found = bots::list(&mut app.store.read(), who.owner(), None).await;
    let found = found.map_err(|error| unreadable(&error))?;
    let mut entries = desk::entries(app).await;
    let body = |bot: bots::Bot| {
        let entry = bot.desk_name.as_deref().and_then(|name| entries.remove(name));
        BotBody::of(bot, entry)
    };
    raw(&Bots { bots: found.into_iter().map(body).collect() })
}

#[derive(Serialize)]
struct Jobs {
    jobs: Vec<JobBody>,
}

async fn own_jobs(app: &App, who: &Principal) -> Result<Box<RawValue>, String> {
    let found = jobs::page(&mut app.store.read(), who.owner(), None, JOBS_MAX).await;
    let found = found.map_err(|error| unreadable(&error))?.into_iter();
    let live = found.filter(|job| matches!(job.status, JobStatus::Queued | JobStatus::Running));
    raw(&Jobs { jobs: live.map(|job| JobBody::of(app.queue.as_it_is(job))).collect() })
}

/// The cause is for the log.
fn unreadable(error: &store::StoreError) -> String {
    tracing::error!(%error, "a snapshot for the stream cannot be read");
    "the database does not answer; try again in a moment".to_owned()
}
