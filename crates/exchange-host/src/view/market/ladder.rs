//! One market's visible book: the fold of its level events.
//!
//! Cost: one look-up in an ordered map per event. Memory: one entry per price level that exists.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use types::{Price, Qty, Side};

use crate::limits::{DEPTH_CACHED, DEPTH_MAX};

/// The best levels of a market's book, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// The book's number: this is its state after that change.
    pub update_id: u64,
    /// Buyers, highest price first.
    pub bids: Vec<(Price, Qty)>,
    /// Sellers, lowest price first.
    pub asks: Vec<(Price, Qty)>,
}

/// The best level of each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Top {
    /// Highest buyer.
    pub bid: Option<(Price, Qty)>,
    /// Lowest seller.
    pub ask: Option<(Price, Qty)>,
    /// The book's number.
    pub update_id: u64,
}

/// The fold.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
    update_id: u64,
    /// Depths already built for the present `update_id`, by limit: many readers ask for the same few. The lock is held for
    /// a look or for building one depth, by readers only.
    built: Mutex<Vec<(usize, Arc<Depth>)>>,
}

impl Ladder {
    /// A book as it stands.
    pub(crate) fn of(depth: &Depth) -> Self {
        Self {
            bids: depth.bids.iter().copied().collect(),
            asks: depth.asks.iter().copied().collect(),
            update_id: depth.update_id,
            built: Mutex::default(),
        }
    }

    /// A level is now so large.
    pub(crate) fn set(&mut self, side: Side, price: Price, qty: Qty, update_id: u64) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if qty.is_zero() {
            levels.remove(&price);
        } else {
            levels.insert(price, qty);
        }
        self.update_id = update_id;
    }

    pub(crate) const fn update_id(&self) -> u64 {
        self.update_id
    }

    pub(crate) fn top(&self) -> Top {
        let pair = |(price, qty): (&Price, &Qty)| (*price, *qty);
        Top {
            bid: self.bids.last_key_value().map(pair),
            ask: self.asks.first_key_value().map(pair),
            update_id: self.update_id,
        }
    }

    /// The best `limit` levels of each side, at most [`DEPTH_MAX`].
    pub(crate) fn depth(&self, limit: usize) -> Arc<Depth> {
        let limit = limit.min(DEPTH_MAX);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        built.retain(|(_, depth)| depth.update_id == self.update_id);
        if let Some((_, depth)) = built.iter().find(|(known, _)| *known == limit) {
            return Arc::clone(depth);
        }
        let pair = |(price, qty): (&Price, &Qty)| (*price, *qty);
        let depth = Arc::new(Depth {
            update_id: self.update_id,
            bids: self.bids.iter().rev().take(limit).map(pair).collect(),
            asks: self.asks.iter().take(limit).map(pair).collect(),
        });
        if built.len() < DEPTH_CACHED {
            built.push((limit, Arc::clone(&depth)));
        }
        depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_levels_come_first_and_gone_ones_go() {
        let mut ladder = Ladder::default();
        for (at, (side, price, qty)) in [
            (Side::Buy, 100, 5),
            (Side::Buy, 101, 6),
            (Side::Sell, 103, 7),
            (Side::Sell, 102, 8),
            (Side::Buy, 101, 0),
            (Side::Sell, 103, 9),
        ]
        .into_iter()
        .enumerate()
        {
            ladder.set(side, Price(price), Qty(qty), at as u64 + 1);
        }
        let depth = ladder.depth(10);
        assert_eq!(depth.bids, [(Price(100), Qty(5))]);
        assert_eq!(depth.asks, [(Price(102), Qty(8)), (Price(103), Qty(9))]);
        assert_eq!(depth.update_id, 6);
        assert_eq!(ladder.depth(1).asks.len(), 1);
        assert_eq!(ladder.top().ask, Some((Price(102), Qty(8))));
        assert_eq!(Ladder::of(&depth).depth(10), depth);
    }

    #[test]
    fn a_built_depth_is_shared_until_the_book_changes() {
        let mut ladder = Ladder::default();
        ladder.set(Side::Buy, Price(1), Qty(1), 1);
        let first = ladder.depth(5);
        assert!(Arc::ptr_eq(&first, &ladder.depth(5)));
        ladder.set(Side::Buy, Price(1), Qty(2), 2);
        assert_eq!(ladder.depth(5).bids, [(Price(1), Qty(2))]);
    }
}
