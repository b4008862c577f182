//! A token bucket that instances share, in Redis: the arithmetic of `limits::Bucket`, done in one script by the clock of Redis.
//!
//! Exact: a request is counted once, whichever instance asks. Where Redis is away there is no answer, and each instance goes by its own.

/// The script: takes requests out of a bucket that fills up again within a time; 1 or 0, what is left, and ms until it would fit.
///
/// KEYS: the bucket. ARGV: capacity, ms in which an empty one is full, requests wanted. Levels are in thousandths of a request; every
/// product is below 2^53, which is what Lua's numbers hold exactly.
pub(crate) const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full = ARGV[1] * 1000
local refill = tonumber(ARGV[2])
local want = ARGV[3] * 1000
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = tonumber(kept[1]) or full
local at = tonumber(kept[2]) or now
local back = math.floor(full * math.min(math.max(now - at, 0), refill) / refill)
if back > 0 or level >= full then
  level = math.min(level + back, full)
  at = math.max(at, now)
end
local good = 0
local retry = 0
if level >= want then
  level = level - want
  good = 1
else
  retry = math.ceil((want - level) * refill / full)
end
redis.call('HSET', KEYS[1], 'level', level, 'at', at)
redis.call('PEXPIRE', KEYS[1], refill * 2)
return { good, math.floor(level / 1000), retry }
";

/// How much fits and how fast it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedRate {
    /// Requests at once; at most 2^32.
    pub capacity: u64,
    /// Milliseconds in which an empty bucket is full again; at most 2^22.
    pub refill_ms: u64,
}

/// What the bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedBucket {
    /// Whether the requests were taken out.
    pub allowed: bool,
    /// Requests left.
    pub remaining: u64,
    /// Milliseconds until they would fit; 0 when they did.
    pub retry_ms: u64,
}
