//! Bounds of the engine, each with its reason.

/// Decisions with their reasons kept per bot for `why`: a day of one-minute decisions. Equal ones in a row are one.
pub const REASONS_MAX: usize = 1_440;
/// Most bots in one shard.
pub const BOTS_MAX: usize = 10_000;
/// Most times within a step that guards are looked at anew because strategies answered what they did.
pub const GUARD_ROUNDS_MAX: usize = 8;
/// Most follow-up events that one input may cause for one bot: a strategy that answers every refusal with the same order is
/// cut off here, loudly.
pub const FOLLOW_UPS_MAX: usize = 64;
