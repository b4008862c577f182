//! The buckets of all users and addresses, in a bounded map.
//!
//! When the map is full, buckets that are full again go first; if that is not enough, the ones that were not used for longest. Cost
//! of a request: one look-up, O(log n); of making room: O(n), at most once per [`ENTRIES_MAX`] / 4 new ones.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::bucket::{Bucket, Rate, Refused, Standing};
use crate::class::{Class, Tier, rate};
use crate::conduct::Conduct;

/// Most buckets: about 100 bytes each.
pub(crate) const ENTRIES_MAX: usize = 100_000;

/// Whose a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Somebody who is known, by id.
    User(u128),
    /// An address. Of version 6 the first 64 bits: what one customer has.
    Address(u64),
}

impl Key {
    /// The key of an address.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::Address(u64::from(v4.to_bits())),
            IpAddr::V6(v6) => {
                let network = v6.to_bits() >> 64;
                // Apart from version 4: networks of version 6 begin above 2^32.
                Self::Address(u64::try_from(network).unwrap_or(u64::MAX).max(1 << 32))
            }
        }
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on.
    Allowed(Standing),
    /// It does not.
    Refused {
        /// How the bucket stands.
        standing: Standing,
        /// Seconds until it would fit.
        retry_s: u64,
    },
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    bucket: Bucket,
    tier: Tier,
    used_ms: i64,
}

#[derive(Debug, Default)]
struct Inner {
    buckets: BTreeMap<(Key, Class), Entry>,
    conducts: BTreeMap<Key, Conduct>,
}

/// All buckets of a process.
#[derive(Debug, Default)]
pub struct Buckets {
    // Held for one look-up and one change, never across an await.
    inner: Mutex<Inner>,
}

impl Buckets {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `cost` requests of a class out of somebody's bucket.
    #[must_use]
    pub fn ask(&self, key: Key, tier: Tier, class: Class, cost: u64, now_ms: i64) -> Decision {
        let mut inner = self.inner();
        let share = inner.conducts.get_mut(&key).map_or(100, |conduct| conduct.share(now_ms));
        let rate = scaled(rate(tier, class), share);
        if inner.buckets.len() >= ENTRIES_MAX && !inner.buckets.contains_key(&(key, class)) {
            make_room(&mut inner.buckets, now_ms);
        }
        let fresh = Entry { bucket: Bucket::full(rate, now_ms), tier, used_ms: now_ms };
        let entry = inner.buckets.entry((key, class)).or_insert(fresh);
        (entry.tier, entry.used_ms) = (tier, now_ms);
        match entry.bucket.take(rate, cost, now_ms) {
            Ok(standing) => Decision::Allowed(standing),
            Err(Refused { retry_ms }) => {
                let standing = entry.bucket.standing(rate);
                conduct_of(&mut inner.conducts, key, now_ms).refused(now_ms);
                Decision::Refused { standing, retry_s: retry_ms.div_ceil(1_000) }
            }
        }
    }

    /// A request of somebody was refused elsewhere: by the bucket that instances share.
    pub fn refused(&self, key: Key, now_ms: i64) {
        conduct_of(&mut self.inner().conducts, key, now_ms).refused(now_ms);
    }

    /// A request of somebody was wrong.
    pub fn failed(&self, key: Key, now_ms: i64) {
        conduct_of(&mut self.inner().conducts, key, now_ms).failed(now_ms);
    }

    /// Buckets in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner().buckets.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A rate at a share in percent. At least one request fits.
fn scaled(rate: Rate, share: u64) -> Rate {
    Rate { capacity: (rate.capacity * share / 100).max(1), ..rate }
}

/// Good conduct needs no entry; of those against whom something is known the blameless are forgotten first.
fn conduct_of(conducts: &mut BTreeMap<Key, Conduct>, key: Key, now_ms: i64) -> &mut Conduct {
    if conducts.len() >= ENTRIES_MAX && !conducts.contains_key(&key) {
        conducts.retain(|_, conduct| conduct.share(now_ms) < 100);
        if conducts.len() >= ENTRIES_MAX {
            conducts.clear();
        }
    }
    conducts.entry(key).or_insert(Conduct::new(now_ms))
}

/// Forgets what is full; if less than a quarter went, also what was not used for longest.
fn make_room(buckets: &mut BTreeMap<(Key, Class), Entry>, now_ms: i64) {
    buckets.retain(|(_, class), entry| !entry.bucket.is_full(rate(entry.tier, *class), now_ms));
    let most = ENTRIES_MAX / 4 * 3;
    if buckets.len() <= most {
        return;
    }
    let mut used: Vec<i64> = buckets.values().map(|entry| entry.used_ms).collect();
    let at = used.len() - most;
    let (_, oldest_kept, _) = used.select_nth_unstable(at);
    let oldest_kept = *oldest_kept;
    buckets.retain(|_, entry| entry.used_ms > oldest_kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Key = Key::User(7);

    fn allowed(decision: Decision) -> bool {
        matches!(decision, Decision::Allowed(_))
    }

    /// The contract of the defaults: a hundred programs of one user log in within ten seconds from one address, ask fifty times a
    /// second and place eight orders a second, for five minutes, and see no refusal.
    #[test]
    fn ordinary_automation_is_never_refused() {
        let buckets = Buckets::default();
        let address = Key::of_address("198.51.100.7".parse().unwrap());
        for login in 0..100 {
            assert!(allowed(buckets.ask(address, Tier::Address, Class::Login, 1, login * 100)));
        }
        for ms in (0..300_000).step_by(20) {
            let class = if ms % 40 == 0 { Class::Account } else { Class::Market };
            assert!(allowed(buckets.ask(ME, Tier::Trader, class, 1, ms)), "at {ms}");
            if ms % 125 < 20 {
                assert!(allowed(buckets.ask(ME, Tier::Trader, Class::Trading, 1, ms)), "an order at {ms}");
            }
            // The same without a login: public data by address.
            assert!(allowed(buckets.ask(address, Tier::Address, Class::Market, 1, ms)), "at {ms}");
        }
        // All fifty in one class do it, too.
        let one = Key::User(8);
        for class in [Class::Account, Class::Market, Class::Trading] {
            assert!(
                (0..300_000).step_by(20).all(|ms| allowed(buckets.ask(one, Tier::Trader, class, 1, ms))),
                "{class:?}"
            );
        }
    }

    #[test]
    fn a_flood_empties_its_own_bucket_only_and_coming_back_resets_nothing() {
        let buckets = Buckets::default();
        let flood = |class, now_ms| {
            (0..20_000).filter(|_| allowed(buckets.ask(ME, Tier::Trader, class, 1, now_ms))).count()
        };
        let capacity = |class| usize::try_from(rate(Tier::Trader, class).capacity).unwrap();
        assert_eq!(flood(Class::Market, 0), capacity(Class::Market));
        assert!(
            allowed(buckets.ask(ME, Tier::Trader, Class::Trading, 1, 0)),
            "orders have a bucket of their own"
        );
        assert!(
            allowed(buckets.ask(Key::User(8), Tier::Trader, Class::Market, 1, 0)),
            "others are not touched"
        );
        let Decision::Refused { standing, retry_s } = buckets.ask(ME, Tier::Trader, Class::Market, 1, 1)
        else {
            panic!()
        };
        assert_eq!((standing.remaining, retry_s), (0, 1));
        // A bucket is the user's, whatever connection, token or address the next request comes with.
        assert!(flood(Class::Market, 30_000) < capacity(Class::Market) / 2, "and conduct counts");
    }

    #[test]
    fn bad_conduct_shrinks_a_bucket_and_time_restores_it() {
        let buckets = Buckets::default();
        let most = |now_ms| {
            (0..20_000).filter(|_| allowed(buckets.ask(ME, Tier::Trader, Class::Market, 1, now_ms))).count()
        };
        let full = most(0);
        for second in 1..20 {
            let _ = most(second * 1_000);
        }
        let shrunk = most(10 * 60_000);
        let restored = most(60 * 60_000);
        assert!(shrunk <= full, "{shrunk} {full}");
        assert_eq!(restored, full);
        let mut conduct = Conduct::new(0);
        (0..20).for_each(|n| conduct.refused(n * 1_000));
        assert_eq!(scaled(rate(Tier::Trader, Class::Trading), conduct.share(20_000)).capacity, 750);
    }

    #[test]
    fn a_flood_of_addresses_does_not_grow_the_map_nor_free_who_is_at_the_limit() {
        let buckets = Buckets::default();
        let heavy = rate(Tier::Trader, Class::Heavy).capacity;
        let limited = |now_ms| !allowed(buckets.ask(ME, Tier::Trader, Class::Heavy, heavy, now_ms));
        assert!(!limited(0) && limited(1));
        for n in 0..3 * ENTRIES_MAX as u64 {
            let _ = buckets.ask(Key::Address(n), Tier::Address, Class::Login, 1, 2);
            if n % 50_000 == 0 {
                assert!(limited(2), "who keeps asking is not forgotten");
            }
        }
        assert!(buckets.len() <= ENTRIES_MAX);
    }

    #[test]
    fn an_address_of_version_6_is_a_network_and_mapped_ones_are_version_4() {
        let key = |text: &str| Key::of_address(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:198.51.100.7"), key("198.51.100.7"));
        assert_ne!(key("198.51.100.7"), key("198.51.100.8"));
    }
}
