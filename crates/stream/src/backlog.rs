//! What waits for one client: bounded, conflated, handed out in the order of the last change.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::frame::Frame;
use crate::limits::{BACKLOG_BYTES_MAX, BACKLOG_MAX, BATCH_BYTES_MAX, BATCH_MAX};

/// The client is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

#[derive(Debug)]
struct Waiting {
    /// The room's number.
    room: u64,
    key: Option<i64>,
    frame: Arc<Frame>,
}

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

impl Backlog {
    /// Appends an event; one with the same room and key that still waits is dropped for it. Offsets of a room stay in order.
    /// Cost: O(1), for keyed events O(what waits).
    pub(crate) fn push(&mut self, room: u64, key: Option<i64>, frame: Arc<Frame>) -> Result<(), Overflow> {
        if key.is_some()
            && let Some(at) = self.waiting.iter().rposition(|w| w.room == room && w.key == key)
            && let Some(older) = self.waiting.remove(at)
        {
            self.bytes -= older.frame.len();
        }
        let bytes = self.bytes + frame.len();
        // A single event of any size fits an empty backlog.
        if self.waiting.len() >= BACKLOG_MAX || (bytes > BACKLOG_BYTES_MAX && !self.waiting.is_empty()) {
            return Err(Overflow);
        }
        self.bytes = bytes;
        self.waiting.push_back(Waiting { room, key, frame });
        Ok(())
    }

    /// Drops what waits of a room.
    pub(crate) fn leave(&mut self, room: u64) {
        self.waiting.retain(|w| w.room != room);
        self.bytes = self.waiting.iter().map(|w| w.frame.len()).sum();
    }

    /// The next events for one message, oldest first.
    pub(crate) fn take(&mut self) -> Vec<Arc<Frame>> {
        let next = self.next();
        self.taken(next.len());
        next
    }

    /// The same, and they wait on until they are [`Backlog::taken`].
    pub(crate) fn next(&self) -> Vec<Arc<Frame>> {
        let mut next = Vec::new();
        let mut bytes = 0;
        for waiting in &self.waiting {
            let len = waiting.frame.len();
            if next.len() >= BATCH_MAX || (bytes + len > BATCH_BYTES_MAX && !next.is_empty()) {
                break;
            }
            bytes += len;
            next.push(Arc::clone(&waiting.frame));
        }
        next
    }

    /// The oldest `count` are on their way.
    pub(crate) fn taken(&mut self, count: usize) {
        let count = count.min(self.waiting.len());
        self.bytes -= self.waiting.drain(..count).map(|waiting| waiting.frame.len()).sum::<usize>();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::*;
    use crate::room::Room;

    fn frame(offset: u64, len: usize) -> Arc<Frame> {
        Frame::event(&Room::Orders, offset, 0, &to_raw_value(&"x".repeat(len)).unwrap())
    }

    fn offsets(frames: &[Arc<Frame>]) -> Vec<u64> {
        let offset = |frame: &Arc<Frame>| {
            let value: serde_json::Value = serde_json::from_slice(&frame.bytes(crate::Format::Json)).unwrap();
            value["offset"].as_u64().unwrap()
        };
        frames.iter().map(offset).collect()
    }

    #[test]
    fn a_newer_state_replaces_what_waits_and_offsets_rise() {
        let mut backlog = Backlog::default();
        for (offset, key) in [(1, Some(0)), (2, Some(1)), (3, None), (4, Some(0)), (5, None)] {
            backlog.push(1, key, frame(offset, 1)).unwrap();
        }
        backlog.push(2, Some(0), frame(9, 1)).unwrap();
        assert_eq!(offsets(&backlog.take()), [2, 3, 4, 5, 9]);
        assert!(backlog.is_empty() && backlog.bytes == 0);
    }

    #[test]
    fn it_overflows_by_number_and_by_bytes_but_never_by_conflated_events() {
        let mut backlog = Backlog::default();
        for n in 0..BACKLOG_MAX as u64 * 3 {
            backlog.push(1, Some(0), frame(n, 1)).unwrap();
        }
        for n in 1..BACKLOG_MAX as u64 {
            backlog.push(2, None, frame(n, 1)).unwrap();
        }
        assert_eq!(backlog.push(2, None, frame(0, 1)), Err(Overflow));
        let mut backlog = Backlog::default();
        backlog.push(1, None, frame(1, 2 * BACKLOG_BYTES_MAX)).unwrap();
        assert_eq!(backlog.push(1, None, frame(2, 1)), Err(Overflow));
    }

    #[test]
    fn what_is_taken_at_once_is_bounded() {
        let mut backlog = Backlog::default();
        for n in 0..BATCH_MAX as u64 + 10 {
            backlog.push(1, None, frame(n, 1)).unwrap();
        }
        assert_eq!((backlog.take().len(), backlog.take().len()), (BATCH_MAX, 10));
        for n in 0..4 {
            backlog.push(1, None, frame(n, BATCH_BYTES_MAX / 2 - 100)).unwrap();
        }
        assert_eq!((backlog.take().len(), backlog.take().len()), (2, 2));
        backlog.push(1, None, frame(0, 2 * BATCH_BYTES_MAX)).unwrap();
        assert_eq!(backlog.take().len(), 1, "what is larger than a message goes alone");
    }

    #[test]
    fn what_waits_of_a_room_goes_with_it() {
        let mut backlog = Backlog::default();
        for n in 0..4 {
            backlog.push(n % 2, None, frame(n, 10)).unwrap();
        }
        backlog.leave(0);
        assert_eq!(offsets(&backlog.take()), [1, 3]);
        assert_eq!(backlog.bytes, 0);
    }
}
