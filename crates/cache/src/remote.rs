//! Redis behind a breaker: every call has a time limit, and after a few failures nothing is asked for a minute.
//!
//! A value is stored with the time at which it was made, so that it does not grow younger on the way through Redis, and with the version
//! it was made of.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use redis::AsyncCommands as _;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use crate::bucket::{SCRIPT, SharedBucket, SharedRate};
use crate::invalidation;
use crate::key::Key;
use crate::memory::Cache;
use breaker::Breaker;

/// How many calls' time connecting may take.
const CONNECT_CALLS: u32 = 5;
/// Values larger than this are not kept, bytes.
const VALUE_LEN_MAX: usize = 1024 * 1024;
/// Names that one step of clearing looks at.
const SCAN_COUNT: usize = 500;
/// Bytes in front of a stored value: the time it was made, whether there is one, and the length of the version that follows.
const HEAD_LEN: usize = 10;
/// Whether there is a value. (0 and 1 were those of an older form without a version.)
const ABSENT: u8 = 2;
const PRESENT: u8 = 3;

/// Why Redis cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL makes no sense.
    #[error("the URL of Redis makes no sense: {0}")]
    Url(#[source] redis::RedisError),
}

/// A value and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// `None`: there is no such thing.
    pub(crate) value: Option<Bytes>,
    /// Milliseconds since 1970.
    pub(crate) made_ms: i64,
    /// How old it may be.
    pub(crate) life: Duration,
    /// What it was made of.
    pub(crate) version: String,
}

impl Stored {
    pub(crate) fn of(key: &Key, value: Option<Bytes>, made_ms: i64) -> Self {
        Self { life: key.life(value.is_some()), value, made_ms, version: key.version.clone() }
    }

    /// Bytes of the value.
    pub(crate) fn len(&self) -> u64 {
        self.value.as_ref().map_or(0, |value| u64::try_from(value.len()).unwrap_or(u64::MAX))
    }

    /// Whether it is worth keeping.
    pub(crate) fn is_small(&self) -> bool {
        self.value.as_ref().is_none_or(|value| value.len() <= VALUE_LEN_MAX)
    }
}

/// The wall clock in ms since 1970: instances compare ages with it.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What is in front of the names in Redis.
#[derive(Debug)]
pub(crate) struct Names {
    /// Of values: what an instance with a name keeps is about its own markets.
    values: String,
    /// Of buckets, which all instances share: a user or an address gets no second bucket from a second instance.
    buckets: String,
}

impl Names {
    pub(crate) fn of(prefix: &str, instance: &str) -> Self {
        let values = if instance.is_empty() { prefix.to_owned() } else { format!("{prefix}:{instance}") };
        Self { values, buckets: format!("{prefix}:limit") }
    }
}

pub(crate) struct Remote {
    url: String,
    names: Names,
    /// Who this is to other instances.
    me: String,
    client: redis::Client,
    script: redis::Script,
    /// How long a call may take.
    call_max: Duration,
    begun: Instant,
    // Both held for a look, never across an await.
    connection: Mutex<Option<ConnectionManager>>,
    breaker: Mutex<Breaker>,
}

impl std::fmt::Debug for Remote {
    /// The URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Remote({:?})", self.names)
    }
}

impl Remote {
    /// Nothing is connected before the first call: Redis may come later than this process.
    pub(crate) fn new(url: &str, names: Names, call_max: Duration) -> Result<Self, RemoteError> {
        let client = redis::Client::open(url).map_err(RemoteError::Url)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            url: url.to_owned(),
            names,
            me: format!("{:x}-{:x}", std::process::id(), since.as_nanos()),
            client,
            script: redis::Script::new(SCRIPT),
            call_max,
            begun: Instant::now(),
            connection: Mutex::new(None),
            breaker: Mutex::default(),
        })
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn breaker(&self) -> Breaker {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn name(&self, key: &Key) -> String {
        format!("{}:{}", self.names.values, key.as_str())
    }

    /// A value; `None` when Redis has none or does not answer.
    pub(crate) async fn get(&self, key: &Key) -> Option<Stored> {
        let name = self.name(key);
        let raw: Option<Vec<u8>> = self.call(|mut redis| async move { redis.get(name).await }).await?;
        decode(key, &raw?)
    }

    /// Keeps a value as long as its class says. A failure is counted and otherwise nobody's concern.
    pub(crate) async fn put(&self, key: &Key, stored: &Stored) {
        let life = key.remote_life(stored.value.is_some());
        let (name, raw) = (self.name(key), encode(stored));
        // At least one: none at all is an error to Redis.
        let ms = u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1);
        let _: Option<()> = self.call(|mut redis| async move { redis.pset_ex(name, raw, ms).await }).await;
    }

    /// Forgets a value, and tells other instances to.
    pub(crate) async fn remove(&self, key: &Key) {
        let name = self.name(key);
        let _: Option<()> = self.call(|mut redis| async move { redis.unlink(name).await }).await;
        self.tell_others(invalidation::message(&self.me, invalidation::event(key.class), &key.text)).await;
    }

    /// Forgets a value that nobody has told of yet.
    pub(crate) async fn take_back(&self, key: &Key) {
        let name = self.name(key);
        let _: Option<()> = self.call(|mut redis| async move { redis.unlink(name).await }).await;
    }

    async fn tell_others(&self, message: String) {
        let channel = self.channel();
        let _: Option<()> = self.call(|mut redis| async move { redis.publish(channel, message).await }).await;
    }

    /// How long connecting may take.
    const fn connect_max(&self) -> Duration {
        self.call_max.saturating_mul(CONNECT_CALLS)
    }

    fn channel(&self) -> String {
        format!("{}:forget", self.names.values)
    }

    /// Obeys what other instances say; never returns.
    pub(crate) async fn follow(&self, cache: Arc<Cache>) {
        invalidation::follow(cache, &self.url, &self.channel(), &self.me, self.connect_max()).await;
    }

    /// Forgets all values under the prefix, some hundred at a time so that nobody else waits long; how many.
    pub(crate) async fn clear(&self) -> Option<u64> {
        let mut forgotten = 0;
        for owners in ["market", "user"] {
            let pattern = format!("{}:{owners}:*", literal(&self.names.values));
            let mut cursor = 0_u64;
            loop {
                let pattern = pattern.clone();
                let scan = async move |mut redis: ConnectionManager| {
                    let mut scan = redis::cmd("SCAN");
                    scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(SCAN_COUNT);
                    let (next, names): (u64, Vec<String>) = scan.query_async(&mut redis).await?;
                    let gone: u64 = if names.is_empty() { 0 } else { redis.unlink(names).await? };
                    Ok((next, gone))
                };
                let (next, gone) = self.call(scan).await?;
                (cursor, forgotten) = (next, forgotten + gone);
                if cursor == 0 {
                    break;
                }
            }
        }
        self.tell_others(invalidation::message_of_all(&self.me)).await;
        Some(forgotten)
    }

    /// Takes requests out of a bucket that all instances share; `None` when Redis does not answer.
    pub(crate) async fn take(&self, bucket: &str, rate: SharedRate, cost: u64) -> Option<SharedBucket> {
        let name = format!("{}:{bucket}", self.names.buckets);
        let mut script = self.script.key(name);
        script.arg(rate.capacity.max(1)).arg(rate.refill_ms.max(1)).arg(cost);
        let told =
            self.call(|mut redis| async move { script.invoke_async::<(u8, u64, u64)>(&mut redis).await });
        let (allowed, remaining, retry_ms) = told.await?;
        Some(SharedBucket { allowed: allowed == 1, remaining, retry_ms })
    }

    /// One call within its time, if the breaker lets it.
    async fn call<T, F>(&self, ask: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, redis::RedisError>>,
    {
        if !self.breaker.lock().unwrap_or_else(PoisonError::into_inner).admits(self.now_ms()) {
            return None;
        }
        let outcome = tokio::time::timeout(self.call_max + self.connect_max(), async {
            let connection = self.connection().await?;
            tokio::time::timeout(self.call_max, ask(connection)).await.unwrap_or_else(|_| {
                Err(redis::RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut)))
            })
        })
        .await;
        let failure = match outcome {
            Ok(Ok(value)) => {
                self.tell(None);
                return Some(value);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.tell(Some(&failure));
        None
    }

    /// Tells the breaker; what changes is logged once.
    fn tell(&self, failure: Option<&str>) {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let before = breaker.state();
        breaker.tell(failure.is_some(), self.now_ms());
        let after = breaker.state();
        drop(breaker);
        if before != after {
            metrics::gauge!("circuit_breaker_state", "of" => "redis").set(f64::from(after.number()));
            match failure {
                Some(why) => tracing::warn!(why, "Redis does not answer; the cache goes on without it"),
                None => tracing::info!("Redis answers again"),
            }
        }
    }

    async fn connection(&self) -> Result<ConnectionManager, redis::RedisError> {
        if let Some(known) = &*self.connection.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(known.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(self.connect_max())
            .set_response_timeout(self.call_max);
        let made = ConnectionManager::new_with_config(self.client.clone(), config).await?;
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }
}

/// A text as a pattern of Redis that means itself.
fn literal(text: &str) -> String {
    let special = |c| matches!(c, '*' | '?' | '[' | ']' | '^' | '-' | '\\');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn encode(stored: &Stored) -> Vec<u8> {
    let version = stored.version.as_bytes();
    // Longer ones are not kept (see `Key::is_keepable`).
    let version_len = u8::try_from(version.len()).unwrap_or(0);
    let value = stored.value.as_deref().unwrap_or_default();
    let mut raw = Vec::with_capacity(HEAD_LEN + version.len() + value.len());
    raw.extend_from_slice(&stored.made_ms.to_be_bytes());
    raw.push(if stored.value.is_some() { PRESENT } else { ABSENT });
    raw.push(version_len);
    raw.extend_from_slice(&version[..usize::from(version_len)]);
    raw.extend_from_slice(value);
    raw
}

/// `None` for what is not ours.
fn decode(key: &Key, raw: &[u8]) -> Option<Stored> {
    let (head, rest) = raw.split_at_checked(HEAD_LEN)?;
    let made_ms = i64::from_be_bytes(head[..8].try_into().ok()?);
    let (version, value) = rest.split_at_checked(usize::from(head[9]))?;
    let value = match head[8] {
        ABSENT if value.is_empty() => None,
        PRESENT => Some(Bytes::copy_from_slice(value)),
        _ => return None,
    };
    let version = std::str::from_utf8(version).ok()?.to_owned();
    Some(Stored { life: key.life(value.is_some()), value, made_ms, version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Class;

    #[test]
    fn what_is_stored_reads_back_and_garbage_does_not() {
        for version in ["", "18c2f.41"] {
            let key = Key::public(Class::Books, &["x"]).at(version.to_owned());
            for value in [None, Some(Bytes::new()), Some(Bytes::from_static(b"{}"))] {
                let stored = Stored::of(&key, value, 1_795_000_000_123);
                assert_eq!(decode(&key, &encode(&stored)), Some(stored));
            }
            for raw in [&b""[..], b"123456789", b"12345678\x01\0", b"12345678\x02\0x", b"12345678\x03\x05abc"]
            {
                assert_eq!(decode(&key, raw), None, "{raw:?}");
            }
        }
    }
}
