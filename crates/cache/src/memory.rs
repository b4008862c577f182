//! The cache as its users see it: memory in front, one load per key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::Expiry;

use crate::bucket::{SharedBucket, SharedRate};
use crate::class::{Class, ENTRY_LEN};
use crate::key::Key;
use crate::remote::{Names, Remote, RemoteError, Stored, wall_ms};
use crate::statistics::{Layer, Line, Statistics};
use breaker::State;

/// Values that were made and wait to be taken; each is there for a moment.
const FLIGHTS_MAX: u64 = 10_000;
/// Should whoever made one vanish before taking it away.
const FLIGHT_LIFE: Duration = Duration::from_secs(1);

/// How a cache is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where Redis is: `redis://HOST:PORT/DB`; none: memory only.
    pub redis: Option<String>,
    /// In front of every key in Redis; empty is `tradewind`.
    pub prefix: String,
    /// Whose values these are, behind the prefix; empty: of all who have the prefix. Buckets are everybody's in any case.
    pub instance: String,
    /// How long a call to Redis may take (100 ms): beyond it the origin is quicker. Connecting may take five times as long.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let patience = Duration::from_millis(100);
        Self { redis: None, prefix: String::new(), instance: String::new(), patience }
    }
}

/// Gives each entry the life that its key and its age leave it.
struct Life;

impl Expiry<String, Stored> for Life {
    fn expire_after_create(&self, _: &String, stored: &Stored, _: Instant) -> Option<Duration> {
        Some(left(stored, wall_ms()))
    }

    fn expire_after_update(
        &self,
        _: &String,
        stored: &Stored,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(left(stored, wall_ms()))
    }
}

/// What is left of an entry's life. A value from Redis is as old as it is.
fn left(stored: &Stored, now_ms: i64) -> Duration {
    // A clock of another instance that is ahead makes nothing live longer.
    let age = u64::try_from(now_ms.saturating_sub(stored.made_ms)).unwrap_or(0);
    stored.life.saturating_sub(Duration::from_millis(age))
}

/// What an entry counts as.
fn weight(_: &String, stored: &Stored) -> u32 {
    let len = stored.value.as_ref().map_or(0, Bytes::len);
    u32::try_from(len.div_ceil(ENTRY_LEN)).unwrap_or(u32::MAX).max(1)
}

/// A read cache.
#[derive(Debug)]
pub struct Cache {
    /// By [`Class::index`].
    memory: Vec<moka::future::Cache<String, Stored>>,
    /// Values that are being made, by [`Key::flight`]: where those who wait find each other.
    flights: moka::future::Cache<String, Stored>,
    remote: Option<Remote>,
    statistics: Statistics,
    /// How often something was removed: what was being read meanwhile may be what was removed.
    removals: AtomicU64,
}

impl Cache {
    /// An empty one. Redis is not asked for anything yet.
    ///
    /// # Errors
    /// When the URL of Redis makes no sense.
    pub fn new(options: &Options) -> Result<Self, RemoteError> {
        let prefix = if options.prefix.is_empty() { "tradewind" } else { &options.prefix };
        let names = Names::of(prefix, &options.instance);
        let remote = |url: &str| Remote::new(url, names, options.patience);
        let remote = options.redis.as_deref().map(remote).transpose()?;
        let memory = Class::ALL.iter().map(|class| {
            let builder = moka::future::Cache::builder().max_capacity(class.capacity());
            builder.weigher(weight).expire_after(Life).build()
        });
        let flights = moka::future::Cache::builder().max_capacity(FLIGHTS_MAX).time_to_live(FLIGHT_LIFE);
        let statistics = Statistics::default();
        Ok(Self {
            memory: memory.collect(),
            flights: flights.build(),
            remote,
            statistics,
            removals: AtomicU64::new(0),
        })
    }

    /// A value, from memory, from Redis, or from `origin`, which is called once however many wait for the same key. `None` is an answer:
    /// there is no such thing.
    ///
    /// # Errors
    /// The origin's failure, told to all who waited; nothing is kept then.
    pub async fn get<E>(
        &self,
        key: &Key,
        origin: impl Future<Output = Result<Option<Bytes>, E>>,
    ) -> Result<Option<Bytes>, Arc<E>>
    where
        E: Send + Sync + 'static,
    {
        if !key.is_keepable() {
            return origin.await.map_err(Arc::new);
        }
        if let Some(known) = self.known(key).await {
            self.statistics.hit(Layer::Memory, key.class);
            return Ok(known.value);
        }
        self.statistics.miss(Layer::Memory, key.class);
        let flight = key.flight();
        // Not part of the futures of those who find what they want.
        let loaded = Box::pin(self.flights.try_get_with_by_ref(&flight, self.load(key, origin))).await?;
        self.flights.invalidate(&flight).await;
        Ok(loaded.value)
    }

    /// What memory holds, if it is of the key's version.
    async fn known(&self, key: &Key) -> Option<Stored> {
        let known = self.memory[key.class.index()].get(&key.text).await?;
        (known.version == key.version).then_some(known)
    }

    /// A value that this process holds already; nobody else is asked. Counts as a look-up when it is there.
    pub async fn held(&self, key: &Key) -> Option<Bytes> {
        let held = self.known(key).await?.value?;
        self.statistics.hit(Layer::Memory, key.class);
        Some(held)
    }

    async fn load<E>(
        &self,
        key: &Key,
        origin: impl Future<Output = Result<Option<Bytes>, E>>,
    ) -> Result<Stored, E> {
        // Whoever made it before this flight began has put it there.
        if let Some(known) = self.known(key).await {
            return Ok(known);
        }
        let removals = self.removals.load(Ordering::SeqCst);
        let stored = match self.far(key).await {
            Some(stored) => stored,
            None => {
                // Before the origin is asked: a value is as old as the question.
                let made_ms = wall_ms();
                let stored = Stored::of(key, origin.await?, made_ms);
                if let Some(remote) = &self.remote
                    && stored.is_small()
                {
                    remote.put(key, &stored).await;
                }
                stored
            }
        };
        if stored.is_small() {
            self.memory[key.class.index()].insert(key.text.clone(), stored.clone()).await;
        }
        // Either this sees the removal, or the removal finds what was put.
        if self.removals.load(Ordering::SeqCst) != removals {
            self.memory[key.class.index()].invalidate(&key.text).await;
            if let Some(remote) = &self.remote {
                remote.take_back(key).await;
            }
        }
        Ok(stored)
    }

    /// What Redis holds, if it is of the key's version and has life left.
    async fn far(&self, key: &Key) -> Option<Stored> {
        let remote = self.remote.as_ref()?;
        let known = remote.get(key).await.filter(|stored| stored.version == key.version);
        let fresh = known.filter(|stored| !left(stored, wall_ms()).is_zero());
        match fresh {
            Some(_) => self.statistics.hit(Layer::Redis, key.class),
            None => self.statistics.miss(Layer::Redis, key.class),
        }
        fresh
    }

    /// Forgets a value everywhere that can be reached, to be called when what it was made of has changed.
    pub async fn remove(&self, key: &Key) {
        // Before and after: what is being read now may be old, and so may what is read from Redis until it is gone there.
        self.removals.fetch_add(1, Ordering::SeqCst);
        if let Some(remote) = &self.remote {
            remote.remove(key).await;
        }
        // Last: what was read from Redis meanwhile goes too.
        self.drop_here(&key.text).await;
        self.flights.invalidate(&key.flight()).await;
    }

    /// Obeys what other instances with the same Redis say that changed, and never returns; at once where there is no Redis.
    pub async fn follow(self: Arc<Self>) {
        if let Some(remote) = &self.remote {
            remote.follow(Arc::clone(&self)).await;
        }
    }

    /// Forgets a value in this process.
    pub(crate) async fn drop_here(&self, text: &str) {
        self.removals.fetch_add(1, Ordering::SeqCst);
        for memory in &self.memory {
            memory.invalidate(text).await;
        }
    }

    /// Counts a look-up of what its owner keeps itself (logins), and how many of them there are.
    pub fn note(&self, class: Class, is_hit: bool, entries: usize) {
        match is_hit {
            true => self.statistics.hit(Layer::Memory, class),
            false => self.statistics.miss(Layer::Memory, class),
        }
        self.statistics.own(class, entries);
    }

    /// Waits until what is over or too much is gone; else that happens by and by.
    pub async fn settle(&self) {
        for memory in &self.memory {
            memory.run_pending_tasks().await;
        }
    }

    /// Bytes of the values in memory, about.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.memory.iter().flat_map(moka::future::Cache::iter).map(|(_, stored)| stored.len()).sum()
    }

    /// Takes requests out of a bucket that all instances share; `None` without Redis, or when it does not answer.
    pub async fn take(&self, bucket: &str, rate: SharedRate, cost: u64) -> Option<SharedBucket> {
        let remote = self.remote.as_ref()?;
        // Large, and rare beside the requests that have no Redis to ask: not part of their futures.
        Box::pin(remote.take(bucket, rate, cost)).await
    }

    /// Forgets everything in this process.
    pub fn clear(&self) {
        self.removals.fetch_add(1, Ordering::SeqCst);
        self.memory.iter().chain([&self.flights]).for_each(moka::future::Cache::invalidate_all);
    }

    /// Forgets everything, in Redis too, where other instances would find it; how many values Redis forgot (`None` without Redis, or when
    /// it does not answer). The buckets of the limits stay.
    pub async fn clear_everywhere(&self) -> Option<u64> {
        let forgotten = match &self.remote {
            Some(remote) => remote.clear().await,
            None => None,
        };
        // Last: what was read from Redis meanwhile goes too.
        self.clear();
        forgotten
    }

    /// How the breaker around Redis stands; `None` without Redis.
    #[must_use]
    pub fn redis(&self) -> Option<State> {
        self.remote.as_ref().map(|remote| remote.breaker().state())
    }

    /// Hits and misses of every class, of Redis only where there is one.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let memory = Class::ALL.iter().map(|class| {
            let entries = self.memory[class.index()].entry_count();
            self.statistics.line(Layer::Memory, *class, entries)
        });
        let redis = Class::ALL.iter().map(|class| self.statistics.line(Layer::Redis, *class, 0));
        match self.remote {
            Some(_) => memory.chain(redis).collect(),
            None => memory.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_lives_as_long_as_its_class_says_less_its_age() {
        let stored = |class, is_there: bool, made_ms| {
            let value = is_there.then_some(Bytes::from_static(b"x"));
            Stored::of(&Key::public(class, &["x"]), value, made_ms)
        };
        let left = |stored: &Stored, now| left(stored, now).as_millis();
        assert_eq!(left(&stored(Class::Tickers, true, 0), 300), 700);
        assert_eq!(left(&stored(Class::Tickers, true, 0), 5_000), 0);
        assert_eq!(left(&stored(Class::Markets, false, 0), 1_000), 4_000, "absence is remembered shortly");
        assert_eq!(left(&stored(Class::Tickers, true, 9_999_999), 0), 1_000, "a clock ahead gives no more");
    }

    #[test]
    fn a_large_value_counts_as_several() {
        let key = Key::public(Class::OpenCandles, &["x"]);
        let weight = |len| weight(&key.text, &Stored::of(&key, Some(vec![0; len].into()), 0));
        assert_eq!((weight(0), weight(ENTRY_LEN), weight(ENTRY_LEN + 1)), (1, 1, 2));
    }
}
