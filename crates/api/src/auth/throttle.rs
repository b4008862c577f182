//! Slowing down who guesses: per account an exponential delay after five failures, per address a token bucket.
//!
//! Nobody can lock another out: sessions that exist are not touched, and an address from which an account was logged in to has a delay of
//! its own, which guesses from elsewhere do not lengthen. Known limits: that is forgotten by a restart and after 30 days, and who shares
//! the address of the right user (or tries a user who never logged in) can make it a delay of at most 15 minutes.
//! All maps are bounded; when full, the entries that would soon be forgotten anyway go first.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Failures that cost nothing.
const FREE_FAILURES: u32 = 5;
/// Longest delay, milliseconds.
const DELAY_MAX_MS: i64 = 15 * 60 * 1_000;
/// After this long without a failure an account's failures are forgotten, milliseconds.
const FORGET_MS: i64 = 60 * 60 * 1_000;
/// An address from which nobody logged in so long is a stranger's again, milliseconds.
const KNOWN_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Most accounts and most addresses remembered.
const ENTRIES_MAX: usize = 50_000;

/// Whether somebody may try now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Not before so many seconds have passed.
    Wait {
        /// Seconds, at least 1.
        seconds: u64,
    },
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_ms: i64,
}

/// What failures are counted of: an account from one address that is known, or from all others together.
type Tried = (String, Option<IpAddr>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a try.
    level: i64,
    at_ms: i64,
}

/// Remembers failures. Times are milliseconds since 1970, given by the caller.
#[derive(Debug)]
pub struct Throttle {
    /// Tries an address may make at once.
    burst: i64,
    /// Tries that come back each second.
    per_second: i64,
    // Held for a look-up and one change, never across an await.
    accounts: Mutex<BTreeMap<Tried, Failures>>,
    /// From where accounts were logged in to, and when last.
    known: Mutex<BTreeMap<(String, IpAddr), i64>>,
    addresses: Mutex<BTreeMap<IpAddr, Bucket>>,
}

impl Default for Throttle {
    /// A hundred programs of one user behind one address may log in at once (200), and 20 a second go on for ever.
    fn default() -> Self {
        Self::new(200, 20)
    }
}

impl Throttle {
    /// With a burst and a rate of tries per address.
    #[must_use]
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self {
            burst: i64::from(burst) * 1_000,
            per_second: i64::from(per_second),
            accounts: Mutex::default(),
            known: Mutex::default(),
            addresses: Mutex::default(),
        }
    }

    /// Whether `address` may try to be `account` now; takes one try from the address.
    #[must_use]
    pub fn ask(&self, account: &str, address: IpAddr, now_ms: i64) -> Verdict {
        let tried = self.tried(account, address, now_ms);
        let wait = self.take(address, now_ms).max(self.delay(&tried, now_ms));
        if wait <= 0 { Verdict::Allowed } else { Verdict::Wait { seconds: seconds(wait) } }
    }

    /// A try of `address` failed.
    pub fn failed(&self, account: &str, address: IpAddr, now_ms: i64) {
        let tried = self.tried(account, address, now_ms);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= ENTRIES_MAX && !accounts.contains_key(&tried) {
            make_room(&mut accounts, |failures| now_ms - failures.last_ms >= FORGET_MS);
        }
        let failures = accounts.entry(tried).or_insert(Failures { count: 0, last_ms: now_ms });
        if now_ms - failures.last_ms >= FORGET_MS {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last_ms = now_ms;
    }

    /// A try of `address` succeeded: the failures that were counted with it are forgotten, and the account knows the address from now on.
    pub fn succeeded(&self, account: &str, address: IpAddr, now_ms: i64) {
        let tried = self.tried(account, address, now_ms);
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(&tried);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let one = (account.to_owned(), address);
        if known.len() >= ENTRIES_MAX && !known.contains_key(&one) {
            make_room(&mut known, |last_ms| now_ms - last_ms >= KNOWN_MS);
        }
        known.insert(one, now_ms);
    }

    /// What a failure of `address` would be counted of.
    fn tried(&self, account: &str, address: IpAddr, now_ms: i64) -> Tried {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let one = (account.to_owned(), address);
        let is_known = known.get(&one).is_some_and(|last_ms| now_ms - last_ms < KNOWN_MS);
        (one.0, is_known.then_some(address))
    }

    /// Milliseconds until it may be tried again.
    fn delay(&self, tried: &Tried, now_ms: i64) -> i64 {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = accounts.get(tried) else { return 0 };
        let beyond = failures.count.saturating_sub(FREE_FAILURES - 1);
        if beyond == 0 || now_ms - failures.last_ms >= FORGET_MS {
            return 0;
        }
        // 1 s after the fifth failure, then twice as long each time.
        let delay = 1_000_i64.checked_shl(beyond.min(20) - 1).unwrap_or(DELAY_MAX_MS).min(DELAY_MAX_MS);
        failures.last_ms + delay - now_ms
    }

    /// Takes one try; milliseconds until there is one, 0 or less when there was.
    fn take(&self, address: IpAddr, now_ms: i64) -> i64 {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |bucket: &Bucket| bucket.level + (now_ms - bucket.at_ms) * self.per_second >= self.burst;
        if addresses.len() >= ENTRIES_MAX && !addresses.contains_key(&address) {
            make_room(&mut addresses, full);
        }
        let bucket = addresses.entry(address).or_insert(Bucket { level: self.burst, at_ms: now_ms });
        let elapsed = (now_ms - bucket.at_ms).max(0);
        bucket.level = (bucket.level + elapsed.saturating_mul(self.per_second)).min(self.burst);
        bucket.at_ms = now_ms;
        if bucket.level >= 1_000 {
            bucket.level -= 1_000;
            return 0;
        }
        (1_000 - bucket.level) / self.per_second.max(1) + 1
    }
}

/// Removes what is forgotten; if nothing is, every second entry, so that a flood of names cannot grow the map.
fn make_room<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, forgotten: impl Fn(&V) -> bool) {
    map.retain(|_, value| !forgotten(value));
    if map.len() >= ENTRIES_MAX {
        let mut keep = false;
        map.retain(|_, _| {
            keep = !keep;
            keep
        });
    }
}

fn seconds(ms: i64) -> u64 {
    u64::try_from((ms + 999) / 1_000).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn five_failures_cost_nothing_then_each_doubles_the_wait() {
        let throttle = Throttle::new(1_000, 1_000);
        let mut waits = Vec::new();
        for _ in 0..20 {
            throttle.failed("alice", HOME, 0);
            waits.push(match throttle.ask("alice", HOME, 0) {
                Verdict::Allowed => 0,
                Verdict::Wait { seconds } => seconds,
            });
        }
        assert_eq!(waits[..8], [0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(waits.last(), Some(&900), "never more than a quarter of an hour");
        assert_eq!(throttle.ask("bob", HOME, 0), Verdict::Allowed, "others are not touched");
        assert_eq!(throttle.ask("alice", HOME, 900_000), Verdict::Allowed);
        throttle.succeeded("alice", HOME, 0);
        assert_eq!(throttle.ask("alice", HOME, 0), Verdict::Allowed);
    }

    #[test]
    fn guesses_from_elsewhere_do_not_keep_the_right_user_out() {
        let (throttle, elsewhere) = (Throttle::new(1_000, 1_000), IpAddr::from([203, 0, 113, 7]));
        throttle.succeeded("alice", HOME, 0);
        for _ in 0..30 {
            throttle.failed("alice", elsewhere, 0);
        }
        assert_eq!(throttle.ask("alice", elsewhere, 0), Verdict::Wait { seconds: 900 });
        assert_eq!(throttle.ask("alice", IpAddr::from([203, 0, 113, 8]), 0), Verdict::Wait { seconds: 900 });
        assert_eq!(throttle.ask("alice", HOME, 0), Verdict::Allowed);
        assert_eq!(throttle.ask("bob", HOME, 0), Verdict::Allowed);
        // Who shares her address has no more tries than anybody.
        for _ in 0..5 {
            throttle.failed("alice", HOME, 0);
        }
        assert_eq!(throttle.ask("alice", HOME, 0), Verdict::Wait { seconds: 1 });
        throttle.succeeded("alice", HOME, 1_000);
        assert_eq!(throttle.ask("alice", HOME, 1_000), Verdict::Allowed);
        assert!(matches!(throttle.ask("alice", elsewhere, 1_000), Verdict::Wait { .. }), "theirs go on");
        // An address that was not used for long is a stranger's.
        for _ in 0..30 {
            throttle.failed("alice", elsewhere, KNOWN_MS);
        }
        assert_eq!(throttle.ask("alice", HOME, KNOWN_MS), Verdict::Allowed);
        assert!(matches!(throttle.ask("alice", HOME, KNOWN_MS + 1_000), Verdict::Wait { .. }));
    }

    #[test]
    fn an_address_has_a_burst_and_a_rate() {
        let throttle = Throttle::new(3, 2);
        for _ in 0..3 {
            assert_eq!(throttle.ask("a", HOME, 0), Verdict::Allowed);
        }
        assert_eq!(throttle.ask("a", HOME, 0), Verdict::Wait { seconds: 1 });
        assert_eq!(throttle.ask("a", HOME, 500), Verdict::Allowed);
        assert_eq!(throttle.ask("a", HOME, 500), Verdict::Wait { seconds: 1 });
    }

    #[test]
    fn a_flood_of_names_does_not_grow_the_map() {
        let throttle = Throttle::default();
        for n in 0..ENTRIES_MAX * 2 {
            throttle.failed(&format!("user{n}"), HOME, 0);
            throttle.succeeded(&format!("other{n}"), HOME, 0);
        }
        assert!(throttle.accounts.lock().unwrap().len() <= ENTRIES_MAX);
        assert!(throttle.known.lock().unwrap().len() <= ENTRIES_MAX);
    }
}
