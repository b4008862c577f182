//! Tickets: good once and for half a minute. Bounded; when full, nobody gets one before an old one ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::limits::{TICKET_LIFE_MS, TICKETS_MAX};

/// Open tickets by a hash of their text, each with what it stands for.
#[derive(Debug)]
pub struct Tickets<T> {
    // Held for one change, never across an await.
    open: Mutex<BTreeMap<[u8; 32], (i64, T)>>,
}

impl<T> Default for Tickets<T> {
    fn default() -> Self {
        Self { open: Mutex::new(BTreeMap::new()) }
    }
}

impl<T> Tickets<T> {
    /// Opens one. `hash` is of the ticket's text, `now_ms` any clock that goes on.
    ///
    /// # Errors
    /// Gives back what it should stand for when too many are open.
    pub fn open(&self, hash: [u8; 32], holder: T, now_ms: i64) -> Result<(), T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= TICKETS_MAX {
            open.retain(|_, (at, _)| now_ms - *at < TICKET_LIFE_MS);
        }
        if open.len() >= TICKETS_MAX {
            return Err(holder);
        }
        open.insert(hash, (now_ms, holder));
        Ok(())
    }

    /// Takes one: it is gone afterwards, in time or not.
    pub fn take(&self, hash: &[u8; 32], now_ms: i64) -> Option<T> {
        let taken = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
        taken.filter(|(at, _)| now_ms - *at < TICKET_LIFE_MS).map(|(_, holder)| holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_and_in_time() {
        let tickets = Tickets::default();
        tickets.open([1; 32], "a", 0).unwrap();
        assert_eq!(tickets.take(&[2; 32], 0), None);
        assert_eq!(tickets.take(&[1; 32], TICKET_LIFE_MS - 1), Some("a"));
        assert_eq!(tickets.take(&[1; 32], 0), None, "once");
        tickets.open([1; 32], "a", 0).unwrap();
        assert_eq!(tickets.take(&[1; 32], TICKET_LIFE_MS), None, "too late");
        assert_eq!(tickets.take(&[1; 32], 0), None);
    }

    #[test]
    fn a_flood_is_bounded_and_ends() {
        let tickets = Tickets::default();
        let hash = |n: usize| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            hash
        };
        for n in 0..TICKETS_MAX {
            tickets.open(hash(n), n, 0).unwrap();
        }
        assert_eq!(tickets.open(hash(TICKETS_MAX), 7, 1), Err(7));
        assert_eq!(tickets.open(hash(TICKETS_MAX), 7, TICKET_LIFE_MS), Ok(()));
    }
}
