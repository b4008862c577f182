//! Rooms whose events another process numbers: what its origin tells, and how that is taken over.
//!
//! A piece says "who was at `from` or later is at `offset` after these events". It can be told twice, late or to somebody who needs only
//! half of it; it cannot be told in front of what is missing.

use std::sync::Arc;

use crate::frame::Frame;
use crate::hub::{Hub, RoomState};
use crate::relay::Piece;
use crate::ring::{Recovery, Ring, Since};
use crate::room::Channel;

/// What listeners of a room are told whose events were lost on the way.
const LOST: &str = "events were lost; connect again";

/// How a piece was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirrored {
    /// The room goes on.
    Current,
    /// The room begins here: nobody was in it before.
    Begun,
    /// The room begins here anew. Those who were in it cannot go on and were ended.
    Lost,
    /// Something is missing in front of it, and nothing was taken. Ask from [`Hub::position`] on.
    Gap,
}

impl Hub {
    /// Takes over what a room's origin tells.
    pub fn mirror(&self, channel: &Channel, piece: &Piece) -> Mirrored {
        loop {
            if !piece.whole && self.find(channel).is_none() {
                return Mirrored::Gap;
            }
            let room = Arc::clone(self.rooms().entry(*channel).or_insert_with(|| self.room(*channel)));
            if let Some(taken) = self.taken(&room, channel, piece) {
                return taken;
            }
        }
    }

    /// Where a mirrored room is; `None` for one that is not.
    #[must_use]
    pub fn position(&self, channel: &Channel) -> Option<Since> {
        let room = self.find(channel)?;
        let inner = room.inner();
        let (epoch, offset) = (inner.ring.epoch().to_string(), inner.ring.offset());
        inner.mirrored.then_some(Since { epoch, offset })
    }

    /// The origin of a mirrored room is silent: the room is forgotten, and those in it are ended.
    pub fn forget_mirror(&self, channel: &Channel, why: &'static str) {
        let mut rooms = self.rooms();
        if let Some(room) = rooms.get(channel).map(Arc::clone) {
            let mut inner = room.inner();
            if inner.mirrored {
                inner.gone = true;
                inner.links.iter().for_each(|link| link.end(why));
                rooms.remove(channel);
            }
        }
    }

    /// What somebody needs who mirrors a room of this process and was at `since`: what came after, or all that is remembered.
    #[must_use]
    pub fn piece(&self, channel: &Channel, since: Option<&Since>) -> Option<Piece> {
        let room = self.find(channel)?;
        let inner = room.inner();
        if inner.mirrored {
            return None;
        }
        let from = inner.ring.complete_since();
        let whole = Since { epoch: inner.ring.epoch().to_string(), offset: from };
        let (recovery, from, is_whole) = match (since, inner.ring.recover(since)) {
            (Some(since), recovery) if recovery.missed.is_some() => (recovery, since.offset, false),
            _ => (inner.ring.recover(Some(&whole)), from, true),
        };
        drop(inner);
        let Recovery { epoch, offset, missed } = recovery;
        let events = missed.into_iter().flatten().filter_map(|frame| Piece::event_of(&frame)).collect();
        Some(Piece { epoch: epoch.to_string(), from, offset, whole: is_whole, events })
    }

    /// `None`: the room was forgotten meanwhile; look again.
    fn taken(&self, room: &RoomState, channel: &Channel, piece: &Piece) -> Option<Mirrored> {
        let mut inner = room.inner();
        if inner.gone {
            return None;
        }
        let goes_on =
            inner.mirrored && **inner.ring.epoch() == *piece.epoch && piece.from <= inner.ring.offset();
        if !goes_on && !piece.whole {
            return Some(Mirrored::Gap);
        }
        let taken = match (goes_on, inner.mirrored) {
            (true, _) => Mirrored::Current,
            (false, true) => Mirrored::Lost,
            (false, false) => Mirrored::Begun,
        };
        if !goes_on {
            inner.ring = Ring::begun_at(piece.epoch.as_str().into(), piece.from);
            inner.mirrored = true;
            inner.links.iter().for_each(|link| link.end(LOST));
        }
        for event in &piece.events {
            let Some(heard) = event.heard() else { continue };
            if heard.offset <= inner.ring.offset() {
                continue;
            }
            let key = channel.room().key_of(heard.data);
            let frame = Frame::named((channel.room(), &room.name), heard.offset, heard.ts, heard.data);
            inner.ring.push_at(heard.offset, key, Arc::clone(&frame));
            if goes_on {
                self.tell(&inner.links, room.no, key, &frame);
            }
        }
        inner.ring.advance(piece.offset);
        Some(taken)
    }
}
