//! The rooms of this instance that others want: heard at their taps, told as others ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use stream::relay::{Piece, Tap, Want};
use stream::{Channel, Hub, Room};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{Rooms, SILENCE_MAX};

/// What every instance calls its own markets.
pub(crate) const OWN_VENUE: &str = "local";
/// Rooms that others may want at once: all intervals of dozens of markets.
const OFFERED_MAX: usize = 2_000;

struct Offered {
    tap: Tap,
    wanted_at: Instant,
}

/// The rooms that somebody elsewhere wants.
pub(crate) struct Origin {
    hub: Arc<Hub>,
    pub(crate) rooms: Arc<dyn Rooms>,
    /// Told when a tap has something.
    pub(crate) woken: Arc<Notify>,
    offered: BTreeMap<Channel, Offered>,
}

impl Origin {
    pub(crate) fn new(hub: Arc<Hub>, rooms: Arc<dyn Rooms>) -> Self {
        Self { hub, rooms, woken: Arc::default(), offered: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.offered.len()
    }

    /// What to tell about a room that is wanted; why not, if it cannot be had.
    pub(crate) fn wanted(&mut self, want: &Want) -> Result<(Room, Piece), &'static str> {
        let room = Room::parse(&want.room).map_err(|_| "there is no such room")?;
        let channel = Channel::shared(room).filter(|_| room.market().is_some());
        let channel = channel.ok_or("this room is no other instance's business")?;
        if !self.rooms.has(&room) {
            return Err("there is no such market");
        }
        if let Some(known) = self.offered.get_mut(&channel).filter(|known| !known.tap.is_over()) {
            known.wanted_at = Instant::now();
        } else if self.offered.len() < OFFERED_MAX {
            self.open(channel)?;
        } else {
            return Err("the instance's rooms are wanted by too many");
        }
        let piece = self.hub.piece(&channel, want.since.as_ref());
        piece.map(|piece| (room, piece)).ok_or("there is no such room")
    }

    fn open(&mut self, channel: Channel) -> Result<(), &'static str> {
        let woken = Arc::clone(&self.woken);
        let tap = Tap::open(&self.hub, channel, move || woken.notify_one());
        let tap = tap.map_err(|_| "the room cannot be heard")?;
        self.offered.insert(channel, Offered { tap, wanted_at: Instant::now() });
        Ok(())
    }

    /// What happened in all rooms since the last call. Where events were lost on the way here, all that is remembered.
    pub(crate) fn news(&mut self) -> Vec<(Room, Piece)> {
        let mut news = Vec::new();
        let mut over = Vec::new();
        for (channel, offered) in &mut self.offered {
            if offered.tap.is_over() {
                over.push(*channel);
            } else {
                news.extend(std::iter::from_fn(|| offered.tap.take()).map(|piece| (*channel.room(), piece)));
            }
        }
        for channel in over {
            self.offered.remove(&channel);
            if self.open(channel).is_ok() {
                news.extend(self.hub.piece(&channel, None).map(|piece| (*channel.room(), piece)));
            }
        }
        news
    }

    /// Lets go of rooms that nobody has asked for lately.
    pub(crate) fn sweep(&mut self) {
        let now = Instant::now();
        self.offered.retain(|_, offered| now - offered.wanted_at < SILENCE_MAX);
    }
}
