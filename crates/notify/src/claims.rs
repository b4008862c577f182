//! Which of several instances tells people: the first that says so in Redis. The others are silent about the same rule and labels on the
//! same channel until the rule's cool-down is over.
//!
//! Invariants
//! * Nobody is silent because of one that has not told: while one is speaking the others wait. It says when it is done; one whose channel
//!   fails gives the word back, and one that dies loses it after [`SPEAKING_MAX`]. Then another tells.
//! * Without Redis, or when it does not answer, everybody tells: twice is better than never.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use breaker::Breaker;

use crate::message::Entry;

/// How long Redis may take. Longer than a busy machine stands still: who goes on without it tells what another tells, too.
const CALL_MAX: Duration = Duration::from_secs(2);
/// How long one may speak: three attempts of five seconds with their pauses. Who needs longer may be told beside it.
pub(crate) const SPEAKING_MAX: Duration = Duration::from_secs(30);
/// Takes the word if nobody else has it. Gives 1 to who may speak, 2 while somebody else is speaking, 0 when somebody else has told.
const TAKE: &str = "local who = redis.call('GET', KEYS[1]) \
    local mine = who == false or who == ARGV[1] .. ' speaks' or who == ARGV[1] .. ' told' \
    if mine then redis.call('SET', KEYS[1], ARGV[1] .. ' speaks', 'PX', ARGV[2]) return 1 end \
    if string.sub(who, -7) == ' speaks' then return 2 end \
    return 0";
/// It was told; the others are silent for the cool-down.
const TOLD: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] .. ' speaks' \
    then redis.call('SET', KEYS[1], ARGV[1] .. ' told', 'PX', ARGV[2]) end return 1";
/// Gives the word back, if it is one's own.
const GIVE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] .. ' speaks' then redis.call('DEL', KEYS[1]) end return 1";

/// Who is to tell of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// This instance.
    Ours,
    /// Another is at it: what comes of it is not known yet.
    Waiting,
    /// Another has told.
    Told,
}

/// Where instances agree.
pub(crate) struct Claims {
    client: redis::Client,
    prefix: String,
    /// This run of the process.
    me: String,
    take: redis::Script,
    told: redis::Script,
    give: redis::Script,
    begun: Instant,
    // Held for a look, never across an await.
    breaker: Mutex<Breaker>,
}

impl std::fmt::Debug for Claims {
    /// The URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Claims({:?})", self.prefix)
    }
}

impl Claims {
    pub(crate) fn new(url: &str, prefix: &str) -> Option<Self> {
        Some(Self {
            client: redis::Client::open(url).ok()?,
            prefix: prefix.to_owned(),
            me: format!("{}-{:032x}", std::process::id(), run()),
            take: redis::Script::new(TAKE),
            told: redis::Script::new(TOLD),
            give: redis::Script::new(GIVE),
            begun: Instant::now(),
            breaker: Mutex::default(),
        })
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        millis(self.begun.elapsed())
    }

    /// What is told is the rule's beginning or its end, about these labels, on this channel.
    fn key(&self, service: &str, channel: &str, entry: &Entry) -> String {
        let what = if entry.firing { "fires" } else { "over" };
        let labels: Vec<String> =
            entry.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}:alerts:told:{service}:{channel}:{what}:{}:{}", self.prefix, entry.rule, labels.join(","))
    }

    /// Whether this instance is to tell it. Say what came of it: [`Claims::told`] or [`Claims::give_back`].
    pub(crate) async fn take(&self, service: &str, channel: &str, entry: &Entry) -> Word {
        let mut take = self.take.key(self.key(service, channel, entry));
        take.arg(&self.me).arg(millis(SPEAKING_MAX));
        match self.ask(&take).await {
            None | Some(1) => Word::Ours,
            Some(2) => Word::Waiting,
            Some(_) => Word::Told,
        }
    }

    /// It was told.
    pub(crate) async fn told(&self, service: &str, channel: &str, entry: &Entry) {
        let mut told = self.told.key(self.key(service, channel, entry));
        told.arg(&self.me).arg(entry.severity.cool_down_ms().max(1));
        self.ask(&told).await;
    }

    /// It could not be told: another may.
    pub(crate) async fn give_back(&self, service: &str, channel: &str, entry: &Entry) {
        let mut give = self.give.key(self.key(service, channel, entry));
        give.arg(&self.me);
        self.ask(&give).await;
    }

    /// `None` when Redis does not answer.
    async fn ask(&self, script: &redis::ScriptInvocation<'_>) -> Option<i64> {
        if !self.breaker().admits(self.now_ms()) {
            return None;
        }
        let asked = tokio::time::timeout(CALL_MAX, async {
            let mut connection = self.client.get_multiplexed_async_connection().await?;
            script.invoke_async::<i64>(&mut connection).await
        });
        let answer = match asked.await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                tracing::warn!(%error, "instances cannot agree who tells of alerts; each tells");
                None
            }
            Err(_) => None,
        };
        self.breaker().tell(answer.is_none(), self.now_ms());
        answer
    }
}

fn millis(of: Duration) -> i64 {
    i64::try_from(of.as_millis()).unwrap_or(i64::MAX)
}

/// A number that hardly any other process has.
fn run() -> u128 {
    use std::hash::{BuildHasher as _, RandomState};
    u128::from(RandomState::new().hash_one(1)) << 64 | u128::from(RandomState::new().hash_one(2))
}
