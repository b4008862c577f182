//! Bounds of this crate, each with its reason.

/// Most diffs kept while the snapshot is on its way: a hundred seconds of a 100 ms stream, longer than any REST time-out.
pub const BUFFERED_DIFFS_MAX: usize = 1_024;
/// Most price levels a side may have: ten times the deepest snapshot any venue sends; more means nobody removes them.
pub const LEVELS_MAX: usize = 50_000;
