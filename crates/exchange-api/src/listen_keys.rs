//! Listen keys: the old way to a user stream. A key stands for an account and dies 60 minutes after it was last kept alive.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use types::{AccountId, Time};

use crate::limits::{LISTEN_KEY_LIFE_S, LISTEN_KEYS_MAX};

/// All listen keys. The mutex guards a map that is changed in a few instructions, never across an await.
#[derive(Debug, Default)]
pub(crate) struct ListenKeys(Mutex<HashMap<String, Entry>>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    account: AccountId,
    ends: Time,
}

impl ListenKeys {
    /// The account's key: the living one with its life renewed, or `fresh`. `None` when there are too many keys.
    pub(crate) fn open(&self, account: AccountId, now: Time, fresh: &str) -> Option<String> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((key, entry)) = keys.iter_mut().find(|(_, e)| e.account == account && e.ends > now) {
            entry.ends = ends(now);
            return Some(key.clone());
        }
        if keys.len() >= LISTEN_KEYS_MAX {
            keys.retain(|_, entry| entry.ends > now);
            if keys.len() >= LISTEN_KEYS_MAX {
                return None;
            }
        }
        keys.insert(fresh.to_owned(), Entry { account, ends: ends(now) });
        Some(fresh.to_owned())
    }

    /// Whose a living key is.
    pub(crate) fn account(&self, key: &str, now: Time) -> Option<AccountId> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(key).filter(|entry| entry.ends > now).map(|entry| entry.account)
    }

    /// Renews a key's life; false if there is none.
    pub(crate) fn keep_alive(&self, key: &str, now: Time) -> bool {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match keys.get_mut(key).filter(|entry| entry.ends > now) {
            Some(entry) => {
                entry.ends = ends(now);
                true
            }
            None => false,
        }
    }

    /// Ends a key; false if there was none.
    pub(crate) fn close(&self, key: &str, now: Time) -> bool {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(key).is_some_and(|entry| entry.ends > now)
    }
}

const fn ends(now: Time) -> Time {
    now.plus_nanos(LISTEN_KEY_LIFE_S * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_key_lives_an_hour_after_it_was_last_used() {
        let keys = ListenKeys::default();
        let (alice, bob) = (AccountId(1), AccountId(2));
        let minute = |m: i64| Time(m * 60_000_000_000);
        assert_eq!(keys.open(alice, minute(0), "a").as_deref(), Some("a"));
        assert_eq!(keys.open(alice, minute(30), "b").as_deref(), Some("a"), "the same key while it lives");
        assert_eq!(keys.open(bob, minute(30), "b").as_deref(), Some("b"));
        assert_eq!(keys.account("a", minute(89)), Some(alice));
        assert_eq!(keys.account("a", minute(90)), None);
        assert!(!keys.keep_alive("a", minute(90)));
        assert!(keys.keep_alive("b", minute(60)));
        assert_eq!(keys.account("b", minute(119)), Some(bob));
        assert!(keys.close("b", minute(119)));
        assert!(!keys.close("b", minute(119)));
    }
}
