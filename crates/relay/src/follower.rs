//! The rooms of other instances that somebody here wants: where each is, who waits for it, and what is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use stream::relay::{Piece, State, Want};
use stream::{Channel, Hub, Mirrored, Room, Since};
use tokio::time::Instant;
use types::VenueName;

use crate::SILENCE_MAX;
use crate::asks::Answer;
use crate::origin::OWN_VENUE;

/// What listeners of a room are told whose origin is silent.
const SILENT: &str = "the instance of this room does not answer; connect again";
/// Rooms of others that may be heard here at once.
const FOLLOWED_MAX: usize = 2_000;

/// Somebody who waits for a state that holds everything up to an offset.
struct Waits {
    since: Since,
    reply: Answer<Box<RawValue>>,
}

/// A room of another instance.
struct Followed {
    /// When its origin said something of it last; before that, since when it is asked.
    answered_at: Instant,
    /// Whether its position is known.
    is_known: bool,
    /// What is missing was asked for and has not come.
    has_gap: bool,
    enter: Vec<Answer<()>>,
    states: Vec<Waits>,
}

/// Rooms of others, by their channels here.
pub(crate) struct Follower {
    hub: Arc<Hub>,
    followed: BTreeMap<Channel, Followed>,
}

impl Follower {
    pub(crate) const fn new(hub: Arc<Hub>) -> Self {
        Self { hub, followed: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.followed.len()
    }

    pub(crate) fn rooms(&self) -> Vec<Room> {
        self.followed.keys().map(|channel| *channel.room()).collect()
    }

    /// Somebody wants to enter a room; true if it has to be followed first.
    pub(crate) fn enter(&mut self, room: Room, reply: Answer<()>) -> bool {
        let Some(channel) = Channel::shared(room) else { return false };
        if let Some(known) = self.followed.get_mut(&channel) {
            // Forgotten meanwhile: its origin is asked again as if for the first time.
            known.is_known = known.is_known && self.hub.position(&channel).is_some();
            if known.is_known {
                let _ = reply.send(Ok(()));
            } else {
                known.enter.push(reply);
            }
            return !known.is_known;
        }
        if self.followed.len() >= FOLLOWED_MAX {
            let _ = reply.send(Err("too many rooms of other instances are followed".to_owned()));
            return false;
        }
        let followed = Followed {
            answered_at: Instant::now(),
            is_known: false,
            has_gap: false,
            enter: vec![reply],
            states: Vec::new(),
        };
        self.followed.insert(channel, followed);
        true
    }

    /// Somebody who has entered a room wants its state; true if its origin has to be asked.
    pub(crate) fn state(&mut self, room: Room, reply: Answer<Box<RawValue>>) -> bool {
        let place = Channel::shared(room).and_then(|channel| {
            let since = self.hub.position(&channel)?;
            Some((self.followed.get_mut(&channel)?, since))
        });
        let Some((followed, since)) = place else {
            let _ = reply.send(Err("the room is not followed any more; try again".to_owned()));
            return false;
        };
        followed.states.retain(|waits| !waits.reply.is_closed());
        followed.states.push(Waits { since, reply });
        // One question under way is for all; what it does not satisfy is asked again when its answer comes.
        followed.states.len() == 1
    }

    /// What its origin is to be asked about a room.
    pub(crate) fn want(&self, room: &Room) -> Option<Want> {
        let channel = Channel::shared(*room)?;
        let followed = self.followed.get(&channel)?;
        let at_home = room.at(VenueName::new(OWN_VENUE).ok()?)?;
        let since = self.hub.position(&channel).filter(|_| followed.is_known);
        Some(Want { room: at_home.to_string(), since, state: !followed.states.is_empty() })
    }

    /// Events from a room's origin; true if it has to be asked for what is missing in front of them.
    pub(crate) fn piece(&mut self, room: &Room, piece: &Piece) -> bool {
        let Some(channel) = Channel::shared(*room) else { return false };
        let Some(followed) = self.followed.get_mut(&channel) else { return false };
        let taken = self.hub.mirror(&channel, piece);
        if taken == Mirrored::Gap {
            // Until its position is known the answer to the first question is on its way.
            let is_new = followed.is_known && !followed.has_gap;
            if is_new {
                metrics::counter!("stream_relay_gaps_total", "outcome" => "asked").increment(1);
            }
            followed.has_gap = followed.is_known;
            return is_new;
        }
        if taken == Mirrored::Lost {
            metrics::counter!("stream_relay_gaps_total", "outcome" => "lost").increment(1);
            // They were ended with the others.
            followed.states.clear();
        }
        (followed.is_known, followed.has_gap, followed.answered_at) = (true, false, Instant::now());
        for reply in followed.enter.drain(..) {
            let _ = reply.send(Ok(()));
        }
        false
    }

    /// A room's state; true if it is too old for somebody and has to be asked for again.
    pub(crate) fn told(&mut self, room: &Room, state: &State) -> bool {
        let followed = Channel::shared(*room).and_then(|channel| self.followed.get_mut(&channel));
        let Some(followed) = followed else { return false };
        followed.answered_at = Instant::now();
        let holds =
            |waits: &mut Waits| waits.since.epoch == state.epoch && waits.since.offset <= state.offset;
        for waits in followed.states.extract_if(.., holds) {
            let _ = waits.reply.send(Ok(state.state.clone()));
        }
        // Those of another epoch were ended with it.
        followed.states.retain(|waits| waits.since.epoch == state.epoch && !waits.reply.is_closed());
        !followed.states.is_empty()
    }

    /// There is no such room, or nobody of this name; true if it is not followed any more. What is known is given up only when its
    /// origin has been silent for long.
    pub(crate) fn refused(&mut self, room: &Room, why: &str) -> bool {
        let Some(channel) = Channel::shared(*room) else { return false };
        if self.followed.get(&channel).is_none_or(|followed| followed.is_known) {
            return false;
        }
        for reply in self.followed.remove(&channel).into_iter().flat_map(|followed| followed.enter) {
            let _ = reply.send(Err(why.to_owned()));
        }
        true
    }

    /// Nobody can be asked: those who wait are told.
    pub(crate) fn cut_off(&mut self, why: &str) {
        for room in self.rooms() {
            self.refused(&room, why);
        }
        for followed in self.followed.values_mut() {
            for waits in followed.states.drain(..) {
                let _ = waits.reply.send(Err(why.to_owned()));
            }
        }
    }

    /// What was asked may have been lost: gaps may be asked for again.
    pub(crate) fn ask_again(&mut self) {
        self.followed.values_mut().for_each(|followed| followed.has_gap = false);
    }

    /// Lets go of rooms that nobody is in any more and of those whose origin is silent; gives them.
    pub(crate) fn sweep(&mut self, now: Instant) -> Vec<Room> {
        let hub = &self.hub;
        let gone = self.followed.extract_if(.., |channel, followed| {
            if now - followed.answered_at >= SILENCE_MAX {
                hub.forget_mirror(channel, SILENT);
                return true;
            }
            followed.is_known && hub.position(channel).is_none()
        });
        gone.map(|(channel, _)| *channel.room()).collect()
    }
}

#[cfg(test)]
#[path = "follower_tests.rs"]
mod tests;
