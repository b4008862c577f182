//! Both sides of a book by price level (L2). Says nothing about whether it is complete: see [`crate::SyncedBook`].

use types::Side;
use types::depth::Level;

use crate::Ladder;

/// Bids and asks by price level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    bids: Ladder,
    asks: Ladder,
}

impl Default for Book {
    fn default() -> Self {
        Self { bids: Ladder::new(Side::Buy), asks: Ladder::new(Side::Sell) }
    }
}

impl Book {
    /// One side.
    #[must_use]
    pub const fn side(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Best bid.
    #[must_use]
    pub fn bid(&self) -> Option<Level> {
        self.bids.best()
    }

    /// Best ask.
    #[must_use]
    pub fn ask(&self) -> Option<Level> {
        self.asks.best()
    }

    /// True when the best bid is not below the best ask: a venue never shows this, a wrong book does.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        matches!((self.bid(), self.ask()), (Some((bid, _)), Some((ask, _))) if bid >= ask)
    }

    /// Sets levels of both sides.
    pub fn apply(&mut self, bids: &[Level], asks: &[Level]) {
        self.bids.set_all(bids);
        self.asks.set_all(asks);
    }

    /// Forgets everything and starts from these levels.
    pub fn replace(&mut self, bids: &[Level], asks: &[Level]) {
        self.bids.clear();
        self.asks.clear();
        // Worst first, so that every level is appended.
        bids.iter().rev().for_each(|(price, qty)| self.bids.set(*price, *qty));
        asks.iter().rev().for_each(|(price, qty)| self.asks.set(*price, *qty));
    }
}
