//! What a room remembers for those who come back: the last events, with a word on how far back they are complete.
//!
//! An event with a key replaces the one with the same key (a newer state of the same thing), so a state room remembers one event
//! and is complete for ever. Cost of a push: O(1), for keyed events the distance to the one that is replaced (the last one, as a
//! rule).

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::frame::Frame;
use crate::limits::RING_MAX;

/// Where a client was in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Of the room, as the server named it.
    pub epoch: String,
    /// The last event seen.
    pub offset: u64,
}

/// How somebody enters a room.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// The room's epoch.
    pub epoch: Arc<str>,
    /// The last event so far.
    pub offset: u64,
    /// What was missed, oldest first; `None` when that cannot be had and a snapshot is needed.
    pub missed: Option<Vec<Arc<Frame>>>,
}

#[derive(Debug)]
struct Entry {
    offset: u64,
    key: Option<i64>,
    frame: Arc<Frame>,
}

#[derive(Debug)]
pub(crate) struct Ring {
    epoch: Arc<str>,
    /// Of the last event, told or not.
    offset: u64,
    /// Everything that happened after this offset is in `entries`.
    complete_since: u64,
    entries: VecDeque<Entry>,
}

impl Ring {
    pub(crate) const fn new(epoch: Arc<str>) -> Self {
        Self { epoch, offset: 0, complete_since: 0, entries: VecDeque::new() }
    }

    /// What another ring remembers from `offset` on is to follow.
    pub(crate) const fn begun_at(epoch: Arc<str>, offset: u64) -> Self {
        Self { epoch, offset, complete_since: offset, entries: VecDeque::new() }
    }

    /// The room's epoch.
    pub(crate) const fn epoch(&self) -> &Arc<str> {
        &self.epoch
    }

    /// Of the last event, told or not.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Everything that happened after this offset is remembered.
    pub(crate) const fn complete_since(&self) -> u64 {
        self.complete_since
    }

    /// The offset of the next event.
    pub(crate) const fn next(&self) -> u64 {
        self.offset + 1
    }

    /// Remembers the event of [`Ring::next`].
    pub(crate) fn push(&mut self, key: Option<i64>, frame: Arc<Frame>) {
        self.push_at(self.next(), key, frame);
    }

    /// Nothing that is not remembered happened up to this offset.
    pub(crate) fn advance(&mut self, offset: u64) {
        self.offset = self.offset.max(offset);
    }

    /// Remembers an event behind all others; those between were replaced by ones that are told.
    pub(crate) fn push_at(&mut self, offset: u64, key: Option<i64>, frame: Arc<Frame>) {
        self.offset = offset;
        if key.is_some()
            && let Some(at) = self.entries.iter().rposition(|entry| entry.key == key)
        {
            self.entries.remove(at);
        }
        if self.entries.len() >= RING_MAX
            && let Some(oldest) = self.entries.pop_front()
        {
            self.complete_since = oldest.offset;
        }
        self.entries.push_back(Entry { offset: self.offset, key, frame });
    }

    /// Something happened that nobody was told: whoever was here before needs a snapshot.
    pub(crate) fn skip(&mut self) {
        self.offset += 1;
        self.complete_since = self.offset;
        self.entries.clear();
    }

    /// What a client needs that was at `since`.
    pub(crate) fn recover(&self, since: Option<&Since>) -> Recovery {
        let known = since.filter(|since| {
            *since.epoch == *self.epoch && since.offset >= self.complete_since && since.offset <= self.offset
        });
        let missed = known.map(|since| {
            let after = self.entries.iter().filter(|entry| entry.offset > since.offset);
            after.map(|entry| Arc::clone(&entry.frame)).collect()
        });
        Recovery { epoch: Arc::clone(&self.epoch), offset: self.offset, missed }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::*;
    use crate::frame::Format;
    use crate::room::Room;

    fn push(ring: &mut Ring, key: Option<i64>) {
        let data = to_raw_value(&ring.next()).unwrap();
        let frame = Frame::event(&Room::Orders, ring.next(), 0, &data);
        ring.push(key, frame);
    }

    fn missed(ring: &Ring, epoch: &str, offset: u64) -> Option<Vec<u64>> {
        let since = Since { epoch: epoch.into(), offset };
        let offsets = |frame: &Arc<Frame>| {
            let value: serde_json::Value = serde_json::from_slice(&frame.bytes(Format::Json)).unwrap();
            value["offset"].as_u64().unwrap()
        };
        ring.recover(Some(&since)).missed.map(|frames| frames.iter().map(offsets).collect())
    }

    #[test]
    fn recovery_is_complete_or_refused() {
        let mut ring = Ring::new("e".into());
        assert_eq!(missed(&ring, "e", 0), Some(vec![]));
        for _ in 0..RING_MAX {
            push(&mut ring, None);
        }
        assert_eq!(missed(&ring, "e", 0).map(|m| m.len()), Some(RING_MAX));
        push(&mut ring, None);
        assert_eq!(missed(&ring, "e", 0), None, "the first is forgotten");
        let last = RING_MAX as u64 + 1;
        assert_eq!(missed(&ring, "e", 1), Some((2..=last).collect()));
        assert_eq!(missed(&ring, "e", last), Some(vec![]));
        assert_eq!(missed(&ring, "e", last + 1), None, "from the future");
        assert_eq!(missed(&ring, "f", last), None, "another life");
        assert!(ring.recover(None).missed.is_none());
    }

    #[test]
    fn a_state_room_remembers_the_newest_state_for_ever() {
        let mut ring = Ring::new("e".into());
        for _ in 0..5_000 {
            push(&mut ring, Some(0));
        }
        assert_eq!(ring.entries.len(), 1);
        assert_eq!(missed(&ring, "e", 3), Some(vec![5_000]));
        // Two things: the newest of each, in the order of their last change.
        push(&mut ring, Some(1));
        push(&mut ring, Some(0));
        assert_eq!(missed(&ring, "e", 4_000), Some(vec![5_001, 5_002]));
    }

    #[test]
    fn what_nobody_was_told_cannot_be_recovered() {
        let mut ring = Ring::new("e".into());
        push(&mut ring, Some(0));
        ring.skip();
        assert_eq!(missed(&ring, "e", 1), None);
        assert_eq!(missed(&ring, "e", 2), Some(vec![]));
        push(&mut ring, Some(0));
        assert_eq!(missed(&ring, "e", 2), Some(vec![3]));
    }
}
