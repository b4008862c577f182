//! The task that owns the connection and both sides of it.

use std::sync::Arc;
use std::time::Duration;

use breaker::Breaker;
use redis::RedisError;
use stream::Room;
use stream::relay::{State, Told, Want};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::asks::Ask;
use crate::follower::Follower;
use crate::link::{Heard, Link};
use crate::origin::Origin;
use crate::{Relay, Rooms, Standing};

/// The beat at which the connection is looked after.
const BEAT: Duration = Duration::from_millis(250);
/// Beats between two questions to each origin, and between two sweeps: 5 s.
const ASK_EVERY: u64 = 20;
/// Beats before the first new attempt to connect; each further one waits twice as long, until the breaker opens.
const RETRY_BEATS: u64 = 1;
const RETRY_BEATS_MAX: u64 = 32;
/// States that may wait to be told.
const STATES_MAX: usize = 256;
/// What those who wait are told when Redis is away.
const AWAY: &str = "other instances cannot be reached: Redis does not answer";

/// The task.
pub(crate) struct Task {
    relay: Relay,
    begun: Instant,
    link: Option<Link>,
    breaker: Breaker,
    failure: Option<String>,
    /// Beats until the next attempt to connect, and how long the wait is by now.
    retry: (u64, u64),
    origin: Origin,
    follower: Follower,
    asks: mpsc::Receiver<Ask>,
    /// States on their way from the rooms to Redis.
    told: mpsc::Sender<(Room, State)>,
    states: mpsc::Receiver<(Room, State)>,
}

impl Task {
    pub(crate) fn new(relay: Relay, rooms: Arc<dyn Rooms>, asks: mpsc::Receiver<Ask>) -> Self {
        let hub = Arc::clone(&relay.inner.hub);
        let (told, states) = mpsc::channel(STATES_MAX);
        Self {
            relay,
            begun: Instant::now(),
            link: None,
            breaker: Breaker::default(),
            failure: None,
            retry: (0, RETRY_BEATS),
            origin: Origin::new(Arc::clone(&hub), rooms),
            follower: Follower::new(hub),
            asks,
            told,
            states,
        }
    }

    pub(crate) async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let woken = Arc::clone(&self.origin.woken);
        let mut beat = 0_u64;
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                heard = hear(&mut self.link) => self.heard(heard).await,
                Some(ask) = self.asks.recv() => self.asked(ask).await,
                Some((room, state)) = self.states.recv() => self.tell(&room, &Told::State(state)).await,
                () = woken.notified() => self.relay().await,
                _ = beats.tick() => {
                    beat += 1;
                    self.beat(beat).await;
                }
            }
        }
    }

    /// The channel of a room: of ours when it is called `local`, else of the instance it names.
    fn channel(&self, room: &Room) -> Option<String> {
        let market = room.market()?;
        let own = room.at(self.relay.name())?;
        let named = if market.venue.as_str() == crate::origin::OWN_VENUE { own } else { *room };
        Some(format!("{}:stream:room:{named}", self.relay.inner.options.prefix))
    }

    /// The channel on which an instance is asked.
    fn door(&self, name: &str) -> String {
        format!("{}:stream:want:{name}", self.relay.inner.options.prefix)
    }

    async fn beat(&mut self, beat: u64) {
        if self.link.is_none() {
            self.retry.0 = self.retry.0.saturating_sub(1);
            if self.retry.0 == 0 && self.breaker.admits(self.now_ms()) {
                self.connect().await;
            }
        }
        if beat.is_multiple_of(ASK_EVERY) {
            self.origin.sweep();
            for room in self.follower.sweep(Instant::now()) {
                self.leave(&room).await;
            }
            self.follower.ask_again();
            self.want_all().await;
        }
        self.stand();
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Connects and enters every channel; whoever is followed is asked for what was missed.
    async fn connect(&mut self) {
        let mut opened = Link::open(&self.relay.inner.client).await;
        if let Ok(link) = &mut opened {
            let mut channels = vec![self.door(self.relay.name().as_str())];
            channels.extend(self.follower.rooms().iter().filter_map(|room| self.channel(room)));
            for channel in channels {
                if let Err(error) = link.enter(&channel).await {
                    opened = Err(error);
                    break;
                }
            }
        }
        match opened {
            Ok(link) => {
                self.link = Some(link);
                self.retry = (0, RETRY_BEATS);
                self.note(None);
                self.want_all().await;
            }
            Err(error) => self.fail(&error),
        }
    }

    /// The connection does not work: nothing here waits for it.
    fn fail(&mut self, error: &RedisError) {
        self.link = None;
        self.note(Some(error.to_string()));
        self.retry = (self.retry.1, (self.retry.1 * 2).min(RETRY_BEATS_MAX));
        self.follower.cut_off(AWAY);
    }

    /// Tells the breaker; what changes is logged once.
    fn note(&mut self, failure: Option<String>) {
        let was_well = self.failure.is_none();
        self.breaker.tell(failure.is_some(), self.now_ms());
        match &failure {
            Some(why) if was_well => {
                tracing::warn!(why, "Redis does not carry the stream; rooms of other instances stand still");
            }
            None if !was_well => tracing::info!("Redis carries the stream again"),
            _ => {}
        }
        self.failure = failure;
        self.stand();
    }

    fn stand(&self) {
        let state = self.breaker.state();
        metrics::gauge!("circuit_breaker_state", "of" => "stream").set(f64::from(state.number()));
        let count = |of: usize| f64::from(u32::try_from(of).unwrap_or(u32::MAX));
        metrics::gauge!("stream_relay_rooms", "side" => "offered").set(count(self.origin.len()));
        metrics::gauge!("stream_relay_rooms", "side" => "followed").set(count(self.follower.len()));
        self.relay.stand(Standing {
            connected: self.link.is_some(),
            failure: self.failure.clone(),
            breaker: state.word(),
            offered: self.origin.len(),
            followed: self.follower.len(),
        });
    }

    async fn asked(&mut self, ask: Ask) {
        if self.link.is_none() {
            return ask.refuse(AWAY);
        }
        let (room, to_ask) = match ask {
            Ask::Reach { room, reply } => (room, self.follower.enter(room, reply)),
            Ask::State { room, reply } => (room, self.follower.state(room, reply)),
        };
        if to_ask {
            // Entering a channel twice is entering it.
            if let (Some(channel), Some(link)) = (self.channel(&room), &mut self.link)
                && let Err(error) = link.enter(&channel).await
            {
                self.fail(&error);
            }
            self.want(&room).await;
        }
    }

    async fn want_all(&mut self) {
        for room in self.follower.rooms() {
            self.want(&room).await;
        }
    }

    /// Asks a room's origin; an instance that is not there is told at once to those who wait for it.
    async fn want(&mut self, room: &Room) {
        let (Some(want), Some(market)) = (self.follower.want(room), room.market()) else { return };
        let name = market.venue;
        let Ok(text) = serde_json::to_string(&want) else { return };
        if self.say(&self.door(name.as_str()), &text).await == Some(0)
            && self.follower.refused(room, &format!("there is no instance {name} now"))
        {
            self.leave(room).await;
        }
    }

    /// What others are to hear of this instance's rooms. Without a connection it is lost, and asked for when there is one.
    async fn relay(&mut self) {
        for (room, piece) in self.origin.news() {
            self.tell(&room, &Told::Piece(piece)).await;
        }
    }

    async fn tell(&mut self, room: &Room, told: &Told) {
        if let (Some(channel), Ok(text)) = (self.channel(room), serde_json::to_string(told)) {
            self.say(&channel, &text).await;
        }
    }

    /// How many heard it; `None` when it cannot be said.
    async fn say(&mut self, channel: &str, text: &str) -> Option<u64> {
        let said = self.link.as_mut()?.say(channel, text).await;
        match said {
            Ok(heard) => {
                metrics::counter!("stream_relay_messages_total", "direction" => "out").increment(1);
                Some(heard)
            }
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    async fn leave(&mut self, room: &Room) {
        if let (Some(channel), Some(link)) = (self.channel(room), &mut self.link)
            && let Err(error) = link.leave(&channel).await
        {
            self.fail(&error);
        }
    }

    async fn heard(&mut self, heard: Option<Heard>) {
        let Some(Heard::Message { channel, text }) = heard else {
            return self.fail(&RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset)));
        };
        metrics::counter!("stream_relay_messages_total", "direction" => "in").increment(1);
        if channel == self.door(self.relay.name().as_str()) {
            if let Ok(want) = serde_json::from_str::<Want>(&text) {
                self.wanted(&want).await;
            }
            return;
        }
        let head = format!("{}:stream:room:", self.relay.inner.options.prefix);
        let room = channel.strip_prefix(&head).and_then(|name| Room::parse(name).ok());
        if let (Some(room), Ok(told)) = (room, serde_json::from_str(&text)) {
            self.told(&room, &told).await;
        }
    }

    /// Another instance wants a room of this one.
    async fn wanted(&mut self, want: &Want) {
        // What waits at the taps goes first: the answer stands behind it.
        self.relay().await;
        let (room, piece) = match self.origin.wanted(want) {
            Ok(found) => found,
            Err(why) => {
                if let Ok(room) = Room::parse(&want.room) {
                    self.tell(&room, &Told::Refused(why.to_owned())).await;
                }
                return;
            }
        };
        let (epoch, offset) = (piece.epoch.clone(), piece.offset);
        self.tell(&room, &Told::Piece(piece)).await;
        if want.state {
            let (rooms, told) = (Arc::clone(&self.origin.rooms), self.told.clone());
            tokio::spawn(async move {
                match rooms.state(room).await {
                    Ok(state) => {
                        let _ = told.send((room, State { epoch, offset, state })).await;
                    }
                    Err(why) => tracing::warn!(why, %room, "another instance's client gets no snapshot"),
                }
            });
        }
    }

    /// What another instance says of a room of its own.
    async fn told(&mut self, room: &Room, told: &Told) {
        let to_ask = match told {
            Told::Piece(piece) => self.follower.piece(room, piece),
            Told::State(state) => self.follower.told(room, state),
            Told::Refused(why) => {
                if self.follower.refused(room, why) {
                    self.leave(room).await;
                }
                false
            }
        };
        if to_ask {
            self.want(room).await;
        }
    }
}

/// What comes from Redis; nothing while there is no connection.
async fn hear(link: &mut Option<Link>) -> Option<Heard> {
    match link {
        Some(link) => link.hear().await,
        None => std::future::pending().await,
    }
}
