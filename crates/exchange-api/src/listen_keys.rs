//! Listen keys: the old way to a user stream. A key stands for an account and the API key that opened it, and dies 60
//! minutes after it was last kept alive, or with its API key (which whoever uses it checks).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use types::{AccountId, Time};

use crate::limits::{LISTEN_KEY_LIFE_S, LISTEN_KEYS_MAX};

/// Who opened a listen key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Opener {
    /// Whose events it shows.
    pub(crate) account: AccountId,
    /// The API key that opened it.
    pub(crate) api_key: Arc<str>,
}

/// All listen keys. The mutex guards maps that are changed in a few instructions, never across an await.
#[derive(Debug, Default)]
pub(crate) struct ListenKeys(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    keys: HashMap<Arc<str>, Entry>,
    by_opener: HashMap<Opener, Arc<str>>,
}

#[derive(Clone, Debug)]
struct Entry {
    opener: Opener,
    ends: Time,
}

impl ListenKeys {
    /// The opener's key: the living one with its life renewed, or `fresh`. `None` when there are too many keys.
    pub(crate) fn open(&self, opener: &Opener, now: Time, fresh: &str) -> Option<Arc<str>> {
        let mut table = self.lock();
        let Table { keys, by_opener } = &mut *table;
        if let Some(key) = by_opener.get(opener)
            && let Some(entry) = keys.get_mut(key).filter(|entry| entry.ends > now)
        {
            entry.ends = ends(now);
            return Some(Arc::clone(key));
        }
        table.close_of(opener);
        if table.keys.len() >= LISTEN_KEYS_MAX {
            table.forget_ended(now);
            if table.keys.len() >= LISTEN_KEYS_MAX {
                return None;
            }
        }
        let key: Arc<str> = fresh.into();
        table.by_opener.insert(opener.clone(), Arc::clone(&key));
        table.keys.insert(Arc::clone(&key), Entry { opener: opener.clone(), ends: ends(now) });
        Some(key)
    }

    /// Who opened a living key.
    pub(crate) fn opener(&self, key: &str, now: Time) -> Option<Opener> {
        self.lock().keys.get(key).filter(|entry| entry.ends > now).map(|entry| entry.opener.clone())
    }

    /// True while the key lives.
    pub(crate) fn lives(&self, key: &str, now: Time) -> bool {
        self.lock().keys.get(key).is_some_and(|entry| entry.ends > now)
    }

    /// Renews the life of an account's key; false if the account has no such key.
    pub(crate) fn keep_alive(&self, key: &str, account: AccountId, now: Time) -> bool {
        let mut table = self.lock();
        let entry = table.keys.get_mut(key);
        match entry.filter(|entry| entry.opener.account == account && entry.ends > now) {
            Some(entry) => {
                entry.ends = ends(now);
                true
            }
            None => false,
        }
    }

    /// Ends an account's key; false if the account has no such key.
    pub(crate) fn close(&self, key: &str, account: AccountId, now: Time) -> bool {
        let mut table = self.lock();
        match table.keys.get(key).filter(|entry| entry.opener.account == account).cloned() {
            Some(entry) => {
                table.close_of(&entry.opener);
                entry.ends > now
            }
            None => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn close_of(&mut self, opener: &Opener) {
        if let Some(key) = self.by_opener.remove(opener) {
            self.keys.remove(&key);
        }
    }

    fn forget_ended(&mut self, now: Time) {
        self.keys.retain(|_, entry| entry.ends > now);
        let keys = &self.keys;
        self.by_opener.retain(|_, key| keys.contains_key(key));
    }
}

const fn ends(now: Time) -> Time {
    now.plus_nanos(LISTEN_KEY_LIFE_S * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opener(account: u32) -> Opener {
        Opener { account: AccountId(account), api_key: "k".into() }
    }

    const fn minute(m: i64) -> Time {
        Time(m * 60_000_000_000)
    }

    #[test]
    fn a_listen_key_lives_an_hour_after_it_was_last_used() {
        let keys = ListenKeys::default();
        let (alice, bob) = (opener(1), opener(2));
        assert_eq!(keys.open(&alice, minute(0), "a").as_deref(), Some("a"));
        assert_eq!(keys.open(&alice, minute(30), "b").as_deref(), Some("a"), "the same key while it lives");
        assert_eq!(keys.open(&bob, minute(30), "b").as_deref(), Some("b"));
        assert_eq!(keys.opener("a", minute(89)), Some(alice.clone()));
        assert_eq!(keys.opener("a", minute(90)), None);
        assert!(!keys.lives("a", minute(90)) && keys.lives("b", minute(89)));
        assert!(!keys.keep_alive("a", alice.account, minute(90)));
        assert!(keys.keep_alive("b", bob.account, minute(60)));
        assert_eq!(keys.opener("b", minute(119)), Some(bob.clone()));
        assert_eq!(keys.open(&alice, minute(90), "c").as_deref(), Some("c"), "a new one after its end");
        assert!(keys.close("b", bob.account, minute(119)));
        assert!(!keys.close("b", bob.account, minute(119)));
    }

    #[test]
    fn a_listen_key_is_its_accounts_only() {
        let keys = ListenKeys::default();
        let (alice, other_key) = (opener(1), Opener { account: AccountId(1), api_key: "k2".into() });
        keys.open(&alice, minute(0), "a");
        assert_eq!(keys.open(&other_key, minute(0), "b").as_deref(), Some("b"));
        assert!(!keys.keep_alive("a", AccountId(2), minute(0)));
        assert!(!keys.close("a", AccountId(2), minute(0)));
        assert!(keys.lives("a", minute(0)));
    }
}
