//! What processes tell each other about public rooms: JSON texts for whatever carries them, and the end at which a room's origin hears
//! its own events.
//!
//! A process that mirrors a room is to its origin what a client is to the server: it says where it was ([`Want`]) and gets everything
//! after it, or all that is remembered. It says so again every few seconds, so that a loss is found also where nothing more happens.
//! Events on the way are [`Piece`]s that say in front of which offset they go; the rest is in [`crate::Hub::mirror`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::connection::{Connection, TooManyRooms};
use crate::frame::{Format, Frame};
use crate::hub::Hub;
use crate::ring::Since;
use crate::room::Channel;

/// What a process asks the origin of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// The room as its origin names it.
    pub room: String,
    /// Where one is; `None`: nowhere yet.
    pub since: Option<Since>,
    /// Whether the room's state is wanted, too.
    pub state: bool,
}

/// What the origin of a room tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Events.
    Piece(Piece),
    /// The room's state.
    State(State),
    /// There is no such room, for this reason.
    Refused(String),
}

/// Events in order: who was at `from` or later is at `offset` after those of them that are newer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Piece {
    /// Of the room.
    pub epoch: String,
    /// In front of the first event.
    pub from: u64,
    /// After the last event.
    pub offset: u64,
    /// This is all that is remembered: who is elsewhere begins anew.
    pub whole: bool,
    /// Events as clients get them.
    pub events: Vec<Happened>,
}

/// A room's state, which holds everything up to an offset and perhaps more.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// Of the room.
    pub epoch: String,
    /// Up to here, at least.
    pub offset: u64,
    /// A snapshot as clients get it.
    pub state: Box<RawValue>,
}

/// An event as clients get it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Happened(Box<RawValue>);

/// What one needs to know of an event.
#[derive(Deserialize)]
pub(crate) struct Heard<'a> {
    pub(crate) offset: u64,
    pub(crate) ts: i64,
    #[serde(borrow)]
    pub(crate) data: &'a RawValue,
}

impl Happened {
    /// `None` for what is no event.
    pub(crate) fn heard(&self) -> Option<Heard<'_>> {
        serde_json::from_str(self.0.get()).ok()
    }
}

impl Piece {
    /// An event that was written out, to be carried.
    pub(crate) fn event_of(frame: &Frame) -> Option<Happened> {
        let text = String::from_utf8(frame.bytes(Format::Json).into()).ok()?;
        RawValue::from_string(text).ok().map(Happened)
    }
}

/// The end of a room at which its own process hears it, to tell others.
#[derive(Debug)]
pub struct Tap {
    hears: Connection,
    epoch: Arc<str>,
    /// The last event that was taken.
    told: u64,
}

impl Tap {
    /// Hears a room from now on; `wake` is called when there is something to take.
    ///
    /// # Errors
    /// Never: it is one room.
    pub fn open(
        hub: &Arc<Hub>,
        channel: Channel,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, TooManyRooms> {
        let mut hears = hub.tap(wake);
        let entered = hears.subscribe(channel, None)?;
        Ok(Self { hears, epoch: entered.epoch, told: entered.offset })
    }

    /// Whether events were lost on the way here: open another, and tell all that is remembered.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.hears.over().is_some()
    }

    /// The events since the last call, as far as one message holds them; `None` when there are none. Call again until then.
    pub fn take(&mut self) -> Option<Piece> {
        let frames = self.hears.take();
        let events: Vec<Happened> = frames.iter().filter_map(|frame| Piece::event_of(frame)).collect();
        let offset = events.last()?.heard()?.offset;
        let from = std::mem::replace(&mut self.told, offset);
        Some(Piece { epoch: self.epoch.to_string(), from, offset, whole: false, events })
    }
}
