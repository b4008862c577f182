//! Who follows what, and the fan-out: one text per stream, time unit and form, shared by all its followers.
//!
//! Invariants: every follower belongs to an open connection, and a connection's names are exactly the streams it follows; a
//! stream without followers is not here. Bounds: [`STREAMS_MAX`] names per connection. Cost of a message: one clone of a
//! shared text and one push into a bounded queue per follower; a follower whose queue is full is closed, never waited for.

use std::collections::BTreeMap;

use http::websocket::{CloseCode, Outbox, Utf8Bytes};

use crate::call::TimeUnit;
use crate::json::Json;
use crate::streams::limits::STREAMS_MAX;
use crate::streams::topic::Topic;
use crate::streams::wrap::{PerUnit, combined};

/// A connection, unique for the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(super) u64);

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) outbox: Outbox,
    /// Whether messages are wrapped with their stream's name.
    pub(super) combined: bool,
    pub(super) unit: TimeUnit,
    /// What it follows, by name; `None` for names without meaning and for user streams, which `users` keeps.
    names: BTreeMap<Box<str>, Option<Topic>>,
}

#[derive(Debug)]
struct Follower {
    id: ConnectionId,
    outbox: Outbox,
    combined: bool,
}

/// Followers of one topic that spell it the same way and want the same time unit.
#[derive(Debug)]
struct Group {
    name: Box<str>,
    unit: TimeUnit,
    followers: Vec<Follower>,
}

/// All followers of one topic.
#[derive(Debug, Default)]
struct Audience {
    groups: Vec<Group>,
    /// Someone joined since [`Registry::take_fresh`].
    fresh: bool,
}

/// All connections and what they follow.
#[derive(Debug, Default)]
pub(super) struct Registry {
    last_id: u64,
    connections: BTreeMap<ConnectionId, Connection>,
    audiences: BTreeMap<Topic, Audience>,
    /// Connections whose queue was full or whose client went away.
    dead: Vec<ConnectionId>,
}

/// A connection asked for more than [`STREAMS_MAX`] streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyStreams;

/// What became of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// It was followed already.
    Already,
    /// It is the first follower of its topic.
    First,
    /// There were followers before, or the name has no topic.
    Further,
}

impl Registry {
    pub(super) fn open(&mut self, outbox: Outbox, combined: bool, unit: TimeUnit) -> ConnectionId {
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        self.connections.insert(id, Connection { outbox, combined, unit, names: BTreeMap::new() });
        id
    }

    /// True while nobody is connected.
    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    pub(super) fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.connections.iter().map(|(id, connection)| (*id, connection))
    }

    /// Names that `id` follows, sorted.
    pub(super) fn names(&self, id: ConnectionId) -> Vec<&str> {
        let names = self.connections.get(&id).map(|connection| connection.names.keys());
        names.into_iter().flatten().map(|name| &**name).collect()
    }

    /// True if `id` may follow all of `names` beside what it follows already.
    pub(super) fn has_room(&self, id: ConnectionId, names: &[String]) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let new: std::collections::BTreeSet<&str> =
            names.iter().map(String::as_str).filter(|name| !connection.names.contains_key(*name)).collect();
        connection.names.len() + new.len() <= STREAMS_MAX
    }

    /// Follows one name; the caller checked [`Self::has_room`].
    pub(super) fn join(&mut self, id: ConnectionId, name: &str, topic: Option<Topic>) -> Joined {
        let Some(connection) = self.connections.get_mut(&id) else { return Joined::Already };
        if connection.names.contains_key(name) {
            return Joined::Already;
        }
        connection.names.insert(name.into(), topic);
        let Some(topic) = topic else { return Joined::Further };
        let (unit, combined) = (connection.unit, connection.combined);
        let follower = Follower { id, outbox: connection.outbox.clone(), combined };
        let audience = self.audiences.entry(topic).or_default();
        audience.fresh = true;
        let joined = if audience.groups.is_empty() { Joined::First } else { Joined::Further };
        match audience.groups.iter_mut().find(|group| *group.name == *name && group.unit == unit) {
            Some(group) => group.followers.push(follower),
            None => audience.groups.push(Group { name: name.into(), unit, followers: vec![follower] }),
        }
        joined
    }

    /// Follows one name no more; true if it was followed. The topic comes back if it has no followers left.
    pub(super) fn leave(&mut self, id: ConnectionId, name: &str) -> (bool, Option<Topic>) {
        let Some(connection) = self.connections.get_mut(&id) else { return (false, None) };
        let Some(topic) = connection.names.remove(name) else { return (false, None) };
        (true, topic.filter(|topic| Self::remove(&mut self.audiences, topic, id, name)))
    }

    /// Takes a follower out; true if the topic has none left and is gone.
    fn remove(
        audiences: &mut BTreeMap<Topic, Audience>,
        topic: &Topic,
        id: ConnectionId,
        name: &str,
    ) -> bool {
        let Some(audience) = audiences.get_mut(topic) else { return false };
        for group in audience.groups.iter_mut().filter(|group| *group.name == *name) {
            if let Some(at) = group.followers.iter().position(|follower| follower.id == id) {
                group.followers.swap_remove(at);
            }
        }
        audience.groups.retain(|group| !group.followers.is_empty());
        let empty = audience.groups.is_empty();
        if empty {
            audiences.remove(topic);
        }
        empty
    }

    /// Forgets a connection; tells the topics that have no followers left.
    pub(super) fn close(&mut self, id: ConnectionId) -> Vec<Topic> {
        let Some(connection) = self.connections.remove(&id) else { return Vec::new() };
        let topics = connection.names.iter().filter_map(|(name, topic)| Some((name, (*topic)?)));
        topics
            .filter(|(name, topic)| Self::remove(&mut self.audiences, topic, id, name))
            .map(|(_, topic)| topic)
            .collect()
    }

    /// Wraps the connection's messages from now on, or no more.
    pub(super) fn set_combined(&mut self, id: ConnectionId, combined: bool) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.combined = combined;
        for topic in connection.names.values().flatten() {
            let groups = self.audiences.get_mut(topic).map(|audience| audience.groups.iter_mut());
            for follower in groups.into_iter().flatten().flat_map(|group| group.followers.iter_mut()) {
                if follower.id == id {
                    follower.combined = combined;
                }
            }
        }
    }

    /// True if someone follows the topic.
    pub(super) fn is_followed(&self, topic: &Topic) -> bool {
        self.audiences.contains_key(topic)
    }

    /// True if someone joined the topic since the last call.
    pub(super) fn take_fresh(&mut self, topic: &Topic) -> bool {
        self.audiences.get_mut(topic).is_some_and(|audience| std::mem::take(&mut audience.fresh))
    }

    /// The topics that are followed.
    pub(super) fn topics(&self) -> impl Iterator<Item = Topic> {
        self.audiences.keys().copied()
    }

    /// Sends a message to all followers of `topic`; `payload` is called once per time unit that is wanted.
    pub(super) fn publish(&mut self, topic: &Topic, mut payload: impl FnMut(TimeUnit) -> Json) {
        let Some(audience) = self.audiences.get(topic) else { return };
        let mut payloads = PerUnit::default();
        for group in &audience.groups {
            let raw = payloads.of(group.unit).get_or_insert_with(|| payload(group.unit).into_text());
            let mut wrapped: Option<Utf8Bytes> = None;
            for follower in &group.followers {
                let text = if follower.combined {
                    wrapped.get_or_insert_with(|| combined(&group.name, raw).into_text()).clone()
                } else {
                    raw.clone()
                };
                if follower.outbox.offer(text).is_err() {
                    self.dead.push(follower.id);
                }
            }
        }
    }

    /// Marks a connection as one to be forgotten.
    pub(super) fn mark_dead(&mut self, id: ConnectionId) {
        self.dead.push(id);
    }

    /// Ends all connections that follow one of the topics, because messages of it were lost.
    pub(super) fn end_followers(&mut self, lost: impl Fn(&Topic) -> bool) {
        for (topic, audience) in &self.audiences {
            if lost(topic) {
                for follower in audience.groups.iter().flat_map(|group| &group.followers) {
                    follower.outbox.close(CloseCode::Again, "messages were lost");
                    self.dead.push(follower.id);
                }
            }
        }
    }

    /// Connections that ended since the last call.
    pub(super) fn take_dead(&mut self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.dead)
    }
}
