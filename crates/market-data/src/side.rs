//! One side of a book: price levels in order, the best at the end.
//!
//! Most changes touch levels near the best price, so a sorted vector with the best at its end moves a few elements where a
//! tree would chase pointers; the search walks from the end in doubling steps. Cost: O(log distance + distance moved).

use types::{Price, Qty, Side};

/// Price levels of one side. No level has quantity zero, no price appears twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    side: Side,
    /// Sort keys rising towards the best: the price for bids, its negative for asks.
    keys: Vec<i64>,
    qtys: Vec<i64>,
}

impl Ladder {
    /// An empty side.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self { side, keys: Vec::new(), qtys: Vec::new() }
    }

    /// Sets the quantity shown at `price`; zero removes the level. Removing what is not there does nothing.
    pub fn set(&mut self, price: Price, qty: Qty) {
        let key = self.key(price);
        let at = self.position(key);
        let found = self.keys.get(at) == Some(&key);
        match (found, qty.0 > 0) {
            (true, true) => self.qtys[at] = qty.0,
            (true, false) => {
                self.keys.remove(at);
                self.qtys.remove(at);
            }
            (false, true) => {
                self.keys.insert(at, key);
                self.qtys.insert(at, qty.0);
            }
            (false, false) => {}
        }
    }

    /// The best level.
    #[must_use]
    pub fn best(&self) -> Option<(Price, Qty)> {
        self.keys.last().zip(self.qtys.last()).map(|(key, qty)| (self.price(*key), Qty(*qty)))
    }

    /// Levels from the best outwards.
    pub fn iter(&self) -> impl Iterator<Item = (Price, Qty)> {
        self.keys.iter().zip(&self.qtys).rev().map(|(key, qty)| (self.price(*key), Qty(*qty)))
    }

    /// The quantity shown at `price`.
    #[must_use]
    pub fn at(&self, price: Price) -> Qty {
        let key = self.key(price);
        let at = self.position(key);
        if self.keys.get(at) == Some(&key) { Qty(self.qtys[at]) } else { Qty::ZERO }
    }

    /// Number of levels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True without a level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Removes everything, keeping the memory.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.qtys.clear();
    }

    const fn key(&self, price: Price) -> i64 {
        match self.side {
            Side::Buy => price.0,
            Side::Sell => -price.0,
        }
    }

    const fn price(&self, key: i64) -> Price {
        match self.side {
            Side::Buy => Price(key),
            Side::Sell => Price(-key),
        }
    }

    /// The first place whose key is not below `key`, searched from the best outwards.
    fn position(&self, key: i64) -> usize {
        let len = self.keys.len();
        let mut step = 1;
        while step <= len && self.keys[len - step] >= key {
            step *= 2;
        }
        let low = len.saturating_sub(step);
        let high = len - step / 2;
        low + self.keys[low..high].partition_point(|k| *k < key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_ladder_is_a_sorted_map(changes in prop::collection::vec((1..60_i64, 0..4_i64), 0..400), buy: bool) {
            let side = if buy { Side::Buy } else { Side::Sell };
            let (mut ladder, mut twin) = (Ladder::new(side), BTreeMap::new());
            for (price, qty) in changes {
                ladder.set(Price(price), Qty(qty));
                if qty == 0 { twin.remove(&price); } else { twin.insert(price, qty); }
                let mut want: Vec<_> = twin.iter().map(|(p, q)| (Price(*p), Qty(*q))).collect();
                if buy { want.reverse(); }
                prop_assert_eq!(ladder.iter().collect::<Vec<_>>(), want.clone());
                prop_assert_eq!(ladder.best(), want.first().copied());
                prop_assert_eq!(ladder.at(Price(price)), Qty(qty));
            }
        }
    }
}
