//! Bounds of the training service, each with its reason.

use std::time::Duration;

/// Trainings at once: a machine that trades keeps a core free.
pub const RUNNING_DEFAULT: usize = 2;
/// Time limit of a standard model.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Resident memory of the process above which training pauses.
pub const RESIDENT_MAX: u64 = 1 << 30;
/// Share of the machine's memory in use above which training pauses.
pub const USED_SHARE_MAX: f64 = 0.85;
/// How long a paused training waits before it looks at the memory again.
pub const PAUSE: Duration = Duration::from_millis(100);
/// Symbols of one request.
pub const SYMBOLS_MAX: usize = 32;
/// Results in the prediction cache.
pub const CACHED_MAX: usize = 1_000;
/// Predictions answered together.
pub const BATCH_MAX: usize = 10;
/// Predictions that may wait for the worker: at a few milliseconds each more would be late anyway.
pub const WAITING_MAX: usize = 256;
/// Models that are kept loaded.
pub const LOADED_MAX: usize = 64;
/// Steps of one prediction.
pub const HORIZON_MAX: usize = 10_000;
/// Versions of one model that are kept; the oldest that is not promoted makes room.
pub const VERSIONS_MAX: usize = 100;
