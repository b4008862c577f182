//! Layer 3: public rooms of the live stream between instances, through Redis' sharded pub/sub (ADR 0014). What it forbids: a
//! subscription of another instance's room that is not numbered by that instance.
//!
//! Invariants
//! * A room has one origin: the instance whose market it is about. It numbers the events; the others mirror them with its epoch and
//!   offsets, so a client that was cut off goes on at any instance.
//! * Redis may lose, delay or repeat messages, or be away: each message says in front of which offset it goes. What is missing is
//!   asked for; what cannot be had any more ends those who listen, who begin with a snapshot. An origin that is silent for
//!   [`SILENCE_MAX`] ends them too.
//! * Nothing of an instance's own stream waits for Redis: the relay hears it as a client does and falls behind as one.
//! * Private rooms never leave their instance.
//!
//! One task owns all state. Cost: one message per room and round, whoever listens elsewhere; nothing for rooms that nobody elsewhere
//! wants.

mod asks;
mod follower;
mod link;
mod origin;
mod task;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use stream::{Hub, Room};
use tokio::sync::{mpsc, oneshot};
use types::VenueName;

use asks::Ask;

/// How long a client waits for another instance.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// An origin that has said nothing for so long is taken for gone; three times what it is asked in.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);
/// Clients that wait for the task; more are told to come again.
const ASKS_MAX: usize = 1_000;

/// Where instances meet, and what this one is called.
#[derive(Clone)]
pub struct Options {
    /// Address of Redis. May hold a password: never printed.
    pub url: String,
    /// In front of every channel.
    pub prefix: String,
    /// This instance's name: the venue of its markets at the others.
    pub name: VenueName,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Options({}, {:?})", self.name, self.prefix)
    }
}

/// Why there can be no relay.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The URL makes no sense.
    #[error("the URL of Redis makes no sense: {0}")]
    Url(#[source] redis::RedisError),
    /// The name is taken by this program itself.
    #[error("an instance cannot be called {0}: that is what every instance calls its own markets")]
    Name(VenueName),
}

/// A future that a port gives.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The rooms of this instance, for others.
pub trait Rooms: Send + Sync + 'static {
    /// Whether there is such a room.
    fn has(&self, room: &Room) -> bool;
    /// The room's state now, as a client gets it.
    fn state(&self, room: Room) -> Reply<'_, Result<Box<RawValue>, String>>;
}

/// How the relay stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether Redis answers.
    pub connected: bool,
    /// Why not.
    pub failure: Option<String>,
    /// `closed`, `half_open` or `open`.
    pub breaker: &'static str,
    /// Rooms of this instance that others hear.
    pub offered: usize,
    /// Rooms of others that are heard here.
    pub followed: usize,
}

/// The way to the relay of this process. Clone freely.
#[derive(Clone, Debug)]
pub struct Relay {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    hub: Arc<Hub>,
    client: redis::Client,
    asks: mpsc::Sender<Ask>,
    /// For the one task. Held for a take.
    waiting: Mutex<Option<mpsc::Receiver<Ask>>>,
    /// Held for a copy.
    standing: Mutex<Standing>,
}

impl std::fmt::Debug for Inner {
    /// The client knows the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Relay({:?})", self.options)
    }
}

impl Relay {
    /// Nothing is connected before [`Relay::run`].
    ///
    /// # Errors
    /// What is wrong with the options.
    pub fn new(options: Options, hub: Arc<Hub>) -> Result<Self, RelayError> {
        if options.name.as_str() == origin::OWN_VENUE {
            return Err(RelayError::Name(options.name));
        }
        let client = link::client(&options.url).map_err(RelayError::Url)?;
        let (asks, waiting) = mpsc::channel(ASKS_MAX);
        let inner = Inner {
            options,
            hub,
            client,
            asks,
            waiting: Mutex::new(Some(waiting)),
            standing: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// This instance's name.
    #[must_use]
    pub fn name(&self) -> VenueName {
        self.inner.options.name
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.inner.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stand(&self, standing: Standing) {
        *self.inner.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    /// Carries events until `stop` resolves. To be called once.
    pub async fn run(self, rooms: Arc<dyn Rooms>, stop: impl Future<Output = ()> + Send) {
        let waiting = self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            task::Task::new(self, rooms, waiting).run(stop).await;
        }
    }

    /// Makes another instance's room one that can be entered here. Resolves when its position is known.
    ///
    /// # Errors
    /// Why it cannot be had, for people.
    pub async fn reach(&self, room: Room) -> Result<(), String> {
        self.ask(room, |reply| Ask::Reach { room, reply }).await
    }

    /// The state of another instance's room that was entered here, with everything up to where it is now.
    ///
    /// # Errors
    /// Why it cannot be had, for people.
    pub async fn state(&self, room: Room) -> Result<Box<RawValue>, String> {
        self.ask(room, |reply| Ask::State { room, reply }).await
    }

    async fn ask<T>(
        &self,
        room: Room,
        ask: impl FnOnce(oneshot::Sender<Result<T, String>>) -> Ask,
    ) -> Result<T, String> {
        let (reply, answer) = oneshot::channel();
        if self.inner.asks.try_send(ask(reply)).is_err() {
            return Err("too many ask for other instances' rooms; try again in a moment".to_owned());
        }
        let silent = || {
            let of = room.market().map(|market| market.venue.to_string()).unwrap_or_default();
            format!("the instance {of} does not answer; try again in a moment")
        };
        match tokio::time::timeout(ANSWER_MAX, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(silent()),
        }
    }
}
