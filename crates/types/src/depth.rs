//! A book's levels as venues send them: a whole book, or what changed in it.

use crate::{Price, Qty};

/// A price and the quantity shown there; quantity zero removes the level.
pub type Level = (Price, Qty);

/// The whole book down to some depth, at update number `last`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepthSnapshot {
    /// Binance `lastUpdateId`.
    pub last: u64,
    /// Best first.
    pub bids: Vec<Level>,
    /// Best first.
    pub asks: Vec<Level>,
}

/// The levels that changed between two update numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepthDiff {
    /// Binance `U`: the first update in it.
    pub first: u64,
    /// Binance `u`: the last update in it.
    pub last: u64,
    /// Changed bids.
    pub bids: Vec<Level>,
    /// Changed asks.
    pub asks: Vec<Level>,
}
