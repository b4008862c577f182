//! What happens, told to the rooms of the live stream (docs/stream.md).
//!
//! Trades, orders and positions are told as they come; books, tickers and candles are read from the markets' own views at a fixed
//! beat, only where something changed and somebody listens. What is told was durable before, and a snapshot read after an event
//! holds it. Each room has beats of its own: a market that moves changes twenty rooms at once, and who listens to the last of them
//! would wait for all the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::Stop;
use indicators::Settings;
use serde::Serialize;
use store::UserId;
use store::alerts::Alert;
use store::orders::Order;
use store::positions::Position;
use stream::{Channel, Errand, Hub, Owner, Room};
use tokio::runtime::Handle;
use tokio::time::MissedTickBehavior;
use types::{Bar, Instrument, InstrumentId, Interval, Print, Time};

mod rhythm;

use crate::app::now;
use crate::live_indicators::LiveIndicators;
use crate::ports::{CandleRange, Markets};
use crate::routes::alerts::AlertBody;
use crate::routes::markets::{BookBody, CandleBody, TickerBody, candle, price, qty};
use crate::routes::orders::OrderBody;
use crate::routes::trades::PositionBody;
use crate::wire::{Decimal, millis};
use rhythm::{BEAT, Beats, Changed, INDICATORS_EVERY, SWEEP_EVERY};

/// Levels of a book in the stream.
pub(crate) const LEVELS: usize = 50;
/// A candle counts as closed this long after its end: a trade stamped before it may still be on its way to the disk.
const GRACE_NS: i64 = 500_000_000;
/// Candles caught up at once after a pause of this task.
const CATCH_UP_MAX: usize = 500;
/// The key of a state that is one for the whole room.
const WHOLE: Option<i64> = Some(0);

/// A public trade as the stream tells it.
#[derive(Serialize)]
pub(crate) struct TradeEvent {
    id: u64,
    price: Decimal,
    quantity: Decimal,
    quote: Decimal,
    /// The taker's.
    side: &'static str,
    t: i64,
}

impl TradeEvent {
    pub(crate) fn of(instrument: &Instrument, print: &Print) -> Self {
        let market = &instrument.market;
        Self {
            id: print.id.0,
            price: price(market, print.price),
            quantity: qty(market, print.qty),
            quote: Decimal::of(print.quote.0, market.quote.scale),
            side: if print.buyer_is_maker { "sell" } else { "buy" },
            t: millis(print.at),
        }
    }
}

/// A candle as the stream tells it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CandleEvent {
    #[serde(flatten)]
    candle: CandleBody,
    closed: bool,
}

impl CandleEvent {
    pub(crate) fn of(instrument: &Instrument, bar: &Bar, now: Time) -> Option<Self> {
        let closed = bar.interval.next(bar.open_time).plus_nanos(GRACE_NS) <= now;
        Some(Self { candle: candle(&instrument.market, std::slice::from_ref(bar))?, closed })
    }
}

/// All tickers at once.
#[derive(Serialize)]
pub(crate) struct Tickers {
    pub(crate) tickers: Vec<TickerBody>,
}

impl Tickers {
    pub(crate) fn of(markets: &dyn Markets) -> Self {
        let body = |i: &Arc<Instrument>| markets.ticker(&i.id).map(|ticker| TickerBody::of(i, &ticker));
        Self { tickers: markets.instruments().iter().filter_map(body).collect() }
    }
}

/// How far a candle room was told.
struct Told {
    /// The candle that is open.
    open: Time,
    /// As it was told last.
    last: Option<CandleEvent>,
}

/// What each room was told last.
#[derive(Default)]
struct ToldRooms {
    /// The number of changes that a room's last event held.
    changes: BTreeMap<Channel, u64>,
    candles: BTreeMap<(InstrumentId, Interval), Told>,
    beats: Beats,
}

/// Tells the rooms what happens.
pub struct Broadcast {
    hub: Arc<Hub>,
    markets: Arc<dyn Markets>,
    // Held for an insertion or a swap, never across an await.
    changed: Mutex<Changed>,
    /// How often a market was listed or its rules changed.
    listings: AtomicU64,
    /// What the rooms of indicators tell.
    indicators: Arc<Vec<Settings>>,
    deflate_from: Option<usize>,
}

impl Broadcast {
    /// Over the markets' views; the rooms of indicators tell these. Messages of public rooms of at least `deflate_from` bytes are
    /// deflated for clients that can inflate; `None` for never.
    #[must_use]
    pub fn new(
        markets: Arc<dyn Markets>,
        indicators: Vec<Settings>,
        deflate_from: Option<usize>,
    ) -> Arc<Self> {
        let run = crate::auth::opaque_token("e");
        // The time tells runs apart, a few random characters two that begin in the same millisecond.
        let epoch = format!("{:x}{}", millis(now()), &run[2..8]);
        Arc::new(Self {
            hub: Hub::with_couriers(&epoch, couriers()),
            markets,
            changed: Mutex::default(),
            listings: AtomicU64::new(0),
            indicators: Arc::new(indicators),
            deflate_from,
        })
    }

    pub(crate) const fn deflate_from(&self) -> Option<usize> {
        self.deflate_from
    }

    /// The rooms.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    fn change(&self, note: impl FnOnce(&mut Changed)) {
        note(&mut self.changed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Trades of a market, in order, already in its views.
    pub fn trades(&self, market: &InstrumentId, prints: &[Print]) {
        self.change(|changed| changed.traded(market));
        let Some(channel) = Channel::shared(Room::Trades(*market)) else { return };
        let Some(instrument) = self.markets.instrument(market) else { return };
        let ts = millis(now());
        for print in prints {
            self.hub.publish(&channel, None, ts, &TradeEvent::of(&instrument, print));
        }
    }

    /// Trades of a market were missed and cannot be had: who follows them connects again and begins with a snapshot.
    pub fn lost_trades(&self, market: &InstrumentId) {
        if let Some(channel) = Channel::shared(Room::Trades(*market)) {
            self.hub.break_off(&channel, "events were lost; connect again");
        }
    }

    /// A market was listed, or its rules changed.
    pub fn listed(&self) {
        self.listings.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn listings(&self) -> u64 {
        self.listings.load(Ordering::Relaxed)
    }

    /// A market's book changed.
    pub fn touched(&self, market: &InstrumentId) {
        self.change(|changed| changed.touched(market));
    }

    /// An alert of the service as it is in the tables now.
    pub fn alert(&self, alert: &Alert) {
        if let Some(channel) = Channel::shared(Room::Alerts) {
            self.hub.publish(&channel, None, millis(now()), &AlertBody::of(alert));
        }
    }

    /// Orders as they are in the tables now.
    pub fn orders(&self, orders: &[Order]) {
        let ts = millis(now());
        for order in orders {
            self.hub.publish(&own(Room::Orders, order.user_id), None, ts, &OrderBody::of(order));
        }
    }

    /// Positions as they are in the tables now.
    pub fn positions(&self, positions: &[Position]) {
        let ts = millis(now());
        for position in positions {
            let channel = own(Room::Positions, position.user_id);
            if !self.hub.skip(&channel) {
                self.hub.publish(&channel, None, ts, &PositionBody::of(&*self.markets, position));
            }
        }
    }

    /// Tells books, tickers and candles at their rhythm until `stop`.
    pub(crate) async fn run(self: Arc<Self>, mut stop: Stop) {
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut told = ToldRooms::default();
        let mut indicators = LiveIndicators::new(Arc::clone(&self.indicators));
        let mut beat = 0_u64;
        loop {
            tokio::select! {
                _ = beats.tick() => {}
                () = stop.wait() => return,
            }
            beat += 1;
            if beat.is_multiple_of(SWEEP_EVERY) {
                self.hub.sweep(millis(now()));
            }
            self.tell(beat, &mut told).await;
            if beat.is_multiple_of(INDICATORS_EVERY) {
                self.tell_indicators(&mut indicators).await;
            }
        }
    }

    /// What is due at this beat.
    async fn tell(&self, beat: u64, told: &mut ToldRooms) {
        let rooms = self.hub.open_rooms();
        let mut open = BTreeSet::new();
        for (channel, heard) in &rooms {
            let room = channel.room();
            open.insert(*channel);
            if !told.beats.is_due(channel, beat) {
                continue;
            }
            // Before the state is read: a change in between is told once more.
            let mut changes = 0;
            self.change(|changed| changes = changed.of(room).unwrap_or_default());
            let changed = told.changes.insert(*channel, changes) != Some(changes);
            if let Room::Candles(id, interval) = room {
                self.tell_candles(channel, *heard, (*id, *interval), changed, &mut told.candles).await;
            } else if changed {
                self.tell_state(channel, *heard);
            }
        }
        told.changes.retain(|channel, _| open.contains(channel));
        told.beats.keep(&open);
        if beat.is_multiple_of(SWEEP_EVERY) {
            let is_open = |id, interval| {
                let room = Channel::shared(Room::Candles(id, interval));
                room.is_some_and(|room| open.contains(&room))
            };
            told.candles.retain(|(id, interval), _| is_open(*id, *interval));
        }
    }

    fn tell_state(&self, channel: &Channel, heard: bool) {
        let ts = millis(now());
        match channel.room() {
            Room::Book(id) => self.state(channel, heard, ts, || {
                BookBody::of(&*self.markets, &*self.markets.instrument(id)?, LEVELS)
            }),
            Room::Ticker(id) => self.state(channel, heard, ts, || {
                Some(TickerBody::of(&*self.markets.instrument(id)?, &self.markets.ticker(id)?))
            }),
            Room::MarketData => self.state(channel, heard, ts, || Some(Tickers::of(&*self.markets))),
            _ => {}
        }
    }

    fn state<T: Serialize>(&self, channel: &Channel, heard: bool, ts: i64, make: impl FnOnce() -> Option<T>) {
        if !heard && self.hub.skip(channel) {
            return;
        }
        if let Some(state) = make() {
            self.hub.publish(channel, WHOLE, ts, &state);
        }
    }

    /// What the rooms of indicators tell.
    pub(crate) const fn indicators(&self) -> &Arc<Vec<Settings>> {
        &self.indicators
    }

    async fn tell_indicators(&self, live: &mut LiveIndicators) {
        let mut traded = BTreeSet::new();
        self.change(|changed| traded = changed.take_traded());
        let mut heard_rooms = BTreeSet::new();
        for (channel, heard) in &self.hub.open_rooms() {
            match channel.room() {
                Room::Indicators(id, interval) if *heard || !self.hub.skip(channel) => {
                    heard_rooms.insert((*id, *interval));
                }
                _ => {}
            }
        }
        let news = live.look(&*self.markets, &heard_rooms, &traded, now()).await;
        for ((id, interval), event) in news {
            if let Some(channel) = Channel::shared(Room::Indicators(id, interval)) {
                self.hub.publish(&channel, WHOLE, millis(now()), &event);
            }
        }
    }

    async fn tell_candles(
        &self,
        channel: &Channel,
        heard: bool,
        (id, interval): (InstrumentId, Interval),
        traded: bool,
        told: &mut BTreeMap<(InstrumentId, Interval), Told>,
    ) {
        // Candles close by the clock, also where nothing is traded.
        if !heard && self.hub.skip(channel) {
            told.remove(&(id, interval));
            return;
        }
        let now = now();
        let state = told.entry((id, interval)).or_insert_with(|| {
            // The one before may have been open in the first listener's snapshot.
            let open = interval.start(now);
            Told { open: interval.start(open.plus_nanos(-1)), last: None }
        });
        let ended = interval.next(state.open).plus_nanos(GRACE_NS) <= now;
        if traded || ended || state.last.is_none() {
            self.tell_candle(channel, &id, interval, state, now).await;
        }
    }

    /// Tells closed candles from the open one on, and the one that is open now.
    async fn tell_candle(
        &self,
        channel: &Channel,
        id: &InstrumentId,
        interval: Interval,
        told: &mut Told,
        now: Time,
    ) {
        let Some(instrument) = self.markets.instrument(id) else { return };
        let range = CandleRange { interval, from: Some(told.open), to: None, limit: CATCH_UP_MAX };
        let bars = match self.markets.candles(id, range).await {
            Ok(bars) => bars,
            Err(error) => {
                tracing::warn!(%error, market = %id, "candles cannot be read; the stream goes on with the next ones");
                return;
            }
        };
        for bar in &bars {
            let Some(event) = CandleEvent::of(&instrument, bar, now) else { continue };
            let closed = event.closed;
            if told.last.as_ref() != Some(&event) {
                self.hub.publish(channel, Some(event.candle.t), millis(now), &event);
                told.last = Some(event);
            }
            if !closed {
                told.open = bar.open_time;
                return;
            }
            told.open = interval.next(bar.open_time);
        }
    }
}

/// Errands run beside each other on the runtime's threads; without a runtime there is nobody to listen either.
fn couriers() -> impl Fn(Errand) + Send + Sync {
    let runtime = Handle::try_current().ok();
    move |errand| match &runtime {
        Some(runtime) => drop(runtime.spawn(async move { errand.run() })),
        None => errand.run(),
    }
}

/// A user as the owner of rooms.
pub(crate) const fn owner_of(user: UserId) -> Owner {
    Owner(user.0.as_u128())
}

fn own(room: Room, user: UserId) -> Channel {
    Channel::of(room, owner_of(user))
}
