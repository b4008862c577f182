//! The cache as its users see it: memory in front, one load per key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::Expiry;

use crate::bucket::{SharedBucket, SharedRate};
use crate::class::{Class, NEGATIVE_LIFE};
use crate::key::{KEY_LEN_MAX, Key};
use crate::remote::{Names, Remote, RemoteError, Stored, wall_ms};
use crate::statistics::{Layer, Line, Statistics};
use breaker::State;

/// Values larger than this are not kept, bytes.
const VALUE_LEN_MAX: usize = 1024 * 1024;

/// How a cache is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where Redis is: `redis://HOST:PORT/DB`; none: memory only.
    pub redis: Option<String>,
    /// In front of every key in Redis; empty is `tradewind`.
    pub prefix: String,
    /// Whose values these are, behind the prefix; empty: of all who have the prefix. Buckets are everybody's in any case.
    pub instance: String,
}

/// Gives each entry the life that its class and its age leave it.
struct Life(Class);

impl Expiry<String, Stored> for Life {
    fn expire_after_create(&self, _: &String, stored: &Stored, _: Instant) -> Option<Duration> {
        Some(left(self.0, stored, wall_ms()))
    }
}

/// What is left of an entry's life. A value from Redis is as old as it is.
fn left(class: Class, stored: &Stored, now_ms: i64) -> Duration {
    let life = if stored.value.is_some() { class.life() } else { NEGATIVE_LIFE };
    // A clock of another instance that is ahead makes nothing live longer.
    let age = u64::try_from(now_ms.saturating_sub(stored.made_ms)).unwrap_or(0);
    life.saturating_sub(Duration::from_millis(age))
}

/// A read cache.
#[derive(Debug)]
pub struct Cache {
    /// By [`Class::index`].
    memory: Vec<moka::future::Cache<String, Stored>>,
    remote: Option<Remote>,
    statistics: Statistics,
}

impl Cache {
    /// An empty one. Redis is not asked for anything yet.
    ///
    /// # Errors
    /// When the URL of Redis makes no sense.
    pub fn new(options: &Options) -> Result<Self, RemoteError> {
        let prefix = if options.prefix.is_empty() { "tradewind" } else { &options.prefix };
        let names = Names::of(prefix, &options.instance);
        let remote = options.redis.as_deref().map(|url| Remote::new(url, names)).transpose()?;
        let memory = Class::ALL.iter().map(|class| {
            moka::future::Cache::builder().max_capacity(class.capacity()).expire_after(Life(*class)).build()
        });
        Ok(Self { memory: memory.collect(), remote, statistics: Statistics::default() })
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
        if key.text.len() > KEY_LEN_MAX {
            return origin.await.map_err(Arc::new);
        }
        let memory = &self.memory[key.class.index()];
        if let Some(known) = memory.get(&key.text).await {
            self.statistics.hit(Layer::Memory, key.class);
            return Ok(known.value);
        }
        self.statistics.miss(Layer::Memory, key.class);
        // Not part of the futures of those who find what they want.
        let loaded = Box::pin(memory.try_get_with_by_ref(&key.text, self.load(key, origin))).await?;
        if loaded.value.as_ref().is_some_and(|value| value.len() > VALUE_LEN_MAX) {
            memory.invalidate(&key.text).await;
        }
        Ok(loaded.value)
    }

    /// A value that this process holds already; nobody else is asked. Counts as a look-up when it is there.
    pub async fn held(&self, key: &Key) -> Option<Bytes> {
        let held = self.memory[key.class.index()].get(&key.text).await?.value?;
        self.statistics.hit(Layer::Memory, key.class);
        Some(held)
    }

    async fn load<E>(
        &self,
        key: &Key,
        origin: impl Future<Output = Result<Option<Bytes>, E>>,
    ) -> Result<Stored, E> {
        if let Some(remote) = &self.remote {
            let known = remote.get(key).await;
            // What has no life left is as good as absent.
            let fresh = known.filter(|stored| !left(key.class, stored, wall_ms()).is_zero());
            if let Some(stored) = fresh {
                self.statistics.hit(Layer::Redis, key.class);
                return Ok(stored);
            }
            self.statistics.miss(Layer::Redis, key.class);
        }
        // Before the origin is asked: a value is as old as the question.
        let made_ms = wall_ms();
        let stored = Stored { value: origin.await?, made_ms };
        if let Some(remote) = &self.remote
            && stored.value.as_ref().is_none_or(|value| value.len() <= VALUE_LEN_MAX)
        {
            remote.put(key, &stored).await;
        }
        Ok(stored)
    }

    /// Forgets a value everywhere that can be reached.
    pub async fn remove(&self, key: &Key) {
        self.memory[key.class.index()].invalidate(&key.text).await;
        if let Some(remote) = &self.remote {
            remote.remove(key).await;
        }
    }

    /// Takes requests out of a bucket that all instances share; `None` without Redis, or when it does not answer.
    pub async fn take(&self, bucket: &str, rate: SharedRate, cost: u64) -> Option<SharedBucket> {
        let remote = self.remote.as_ref()?;
        // Large, and rare beside the requests that have no Redis to ask: not part of their futures.
        Box::pin(remote.take(bucket, rate, cost)).await
    }

    /// Forgets everything in this process.
    pub fn clear(&self) {
        self.memory.iter().for_each(moka::future::Cache::invalidate_all);
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
        let stored =
            |value: Option<&'static [u8]>, made_ms| Stored { value: value.map(Bytes::from_static), made_ms };
        let left = |class, stored: &Stored, now| left(class, stored, now).as_millis();
        assert_eq!(left(Class::Tickers, &stored(Some(b"x"), 0), 300), 700);
        assert_eq!(left(Class::Tickers, &stored(Some(b"x"), 0), 5_000), 0);
        assert_eq!(left(Class::Markets, &stored(None, 0), 1_000), 4_000, "absence is remembered shortly");
        assert_eq!(
            left(Class::Tickers, &stored(Some(b"x"), 9_999_999), 0),
            1_000,
            "a clock ahead gives no more"
        );
    }
}
