//! Bounds of this crate, with their reasons.

/// Commands that wait for the writer. At 100,000 a second this is the work of 160 ms; beyond it callers are told `Busy`.
pub const QUEUE_MAX: usize = 16_384;

/// Commands of one group commit. Bounds the memory of a group and the time until the first of it is answered.
pub const GROUP_MAX: usize = 4_096;

/// Groups between the writer and the views. Small: it only has to cover one sync.
pub const PUBLISH_QUEUE_MAX: usize = 4;

/// Batches that a slow receiver of [`crate::Handle::batches`] may lag behind before it loses some (and is told so).
pub const BATCHES_MAX: usize = 1_024;
