//! Bounds of this crate, each with its reason.

/// Most orders that are not terminal in one shard: far above any venue's limit per account times the accounts of a shard.
pub const OPEN_MAX: usize = 100_000;
/// Ended orders that are remembered so that a late or repeated report still finds its order: minutes of the busiest bot.
pub const ENDED_MAX: usize = 10_000;
