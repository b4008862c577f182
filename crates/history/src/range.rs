//! Which part of an ordered record a reader asks for.

use types::Time;

/// A page of things that have rising ids and rising times. Answers are always in ascending order.
///
/// With `from_id` or `start` the page begins there and goes up; otherwise it is the newest `limit` items up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first id to return.
    pub from_id: Option<u64>,
    /// The earliest time to return, inclusive.
    pub start: Option<Time>,
    /// The latest time to return, inclusive.
    pub end: Option<Time>,
    /// Most items; more than [`crate::limits::PAGE_MAX`] counts as that.
    pub limit: usize,
}

impl Range {
    /// The newest `limit` items.
    #[must_use]
    pub const fn latest(limit: usize) -> Self {
        Self { from_id: None, start: None, end: None, limit }
    }

    /// Up to `limit` items from `id` on.
    #[must_use]
    pub const fn from_id(id: u64, limit: usize) -> Self {
        Self { from_id: Some(id), start: None, end: None, limit }
    }

    /// Up to `limit` items from `start` to `end`, both inclusive, oldest first.
    #[must_use]
    pub const fn between(start: Time, end: Time, limit: usize) -> Self {
        Self { from_id: None, start: Some(start), end: Some(end), limit }
    }
}
