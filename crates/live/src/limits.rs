//! Bounds of this crate, each with its reason.

use std::time::Duration;

/// Events that wait for the engine's thread: the busiest markets' second. When it is full the port says that events were lost, and
/// the accounts of the shard's bots are halted, loudly.
pub const INBOX_MAX: usize = 65_536;
/// Events taken in between two commits: bounds how long a command waits for its answer.
pub const BATCH_MAX: usize = 512;
/// Longest time that inputs from which nothing follows stay uncommitted: they cost no sync of their own.
pub const RELAXED_MAX: Duration = Duration::from_millis(100);
/// Idempotency keys remembered: a day of one command every nine seconds.
pub const KEYS_MAX: usize = 10_000;
/// Longest idempotency key in bytes (a UUID has 36).
pub const KEY_LEN_MAX: usize = 128;
/// Most past bars for a bot's warm-up, or after a pause of the process: one page of an exchange's history.
pub const PAST_MAX: u32 = 1_000;
/// Most decisions in one answer to `why`.
pub const WHY_MAX: usize = engine::limits::REASONS_MAX;
/// Longest signal in bytes: a webhook's body.
pub const SIGNAL_LEN_MAX: usize = 64 * 1024;
/// Largest trained model of a bot: half of what a record of the journal can hold; a network of 64 units has a tenth of a megabyte.
pub const MODEL_LEN_MAX: usize = 4 * 1024 * 1024;
