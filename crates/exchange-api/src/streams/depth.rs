//! Gathers book changes for one depth stream of one market and speed.
//!
//! Invariants (M1): messages follow each other without a gap, `first` = the previous `last` + 1; a level appears once per
//! message with its final quantity; the numbers are the ones REST depth reports. Bound: [`DEPTH_LEVELS_MAX`] levels, after
//! which [`Gathered::is_full`] asks for an early flush. Cost: O(log levels) per change.

use super::limits::DEPTH_LEVELS_MAX;
use std::collections::BTreeMap;
use types::{Price, Qty, Side};

/// Changes since the last message.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Numbers of the first and last change in here.
    span: Option<(u64, u64)>,
    /// The number of the last change ever taken in; guards against gaps.
    seen: Option<u64>,
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
}

/// One depth message: levels with their final quantities, bids falling, asks rising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diff {
    /// Number of its first change (`U`).
    pub(crate) first: u64,
    /// Number of its last change (`u`).
    pub(crate) last: u64,
    /// Changed bids; 0 removes the level.
    pub(crate) bids: Vec<(Price, Qty)>,
    /// Changed asks.
    pub(crate) asks: Vec<(Price, Qty)>,
}

/// A change whose number does not follow the one before: what was gathered cannot be trusted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap;

impl Gathered {
    /// Takes in one change. The first one may have any number; a repeated one is ignored (M4).
    pub(crate) fn change(&mut self, side: Side, price: Price, qty: Qty, update_id: u64) -> Result<(), Gap> {
        match self.seen {
            Some(seen) if update_id <= seen => return Ok(()),
            Some(seen) if update_id != seen + 1 => return Err(Gap),
            _ => {}
        }
        self.seen = Some(update_id);
        self.span = Some((self.span.map_or(update_id, |(first, _)| first), update_id));
        match side {
            Side::Buy => self.bids.insert(price, qty),
            Side::Sell => self.asks.insert(price, qty),
        };
        Ok(())
    }

    /// True when a message should go out before its time.
    pub(crate) fn is_full(&self) -> bool {
        self.bids.len() + self.asks.len() >= DEPTH_LEVELS_MAX
    }

    /// The message for everything gathered, if anything was.
    pub(crate) fn take(&mut self) -> Option<Diff> {
        let (first, last) = self.span.take()?;
        let bids = std::mem::take(&mut self.bids).into_iter().rev().collect();
        let asks = std::mem::take(&mut self.asks).into_iter().collect();
        Some(Diff { first, last, bids, asks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_gap_free_and_hold_final_quantities() {
        let mut gathered = Gathered::default();
        assert_eq!(gathered.take(), None);
        gathered.change(Side::Buy, Price(10), Qty(1), 41).unwrap();
        gathered.change(Side::Buy, Price(11), Qty(2), 42).unwrap();
        gathered.change(Side::Buy, Price(10), Qty(0), 43).unwrap();
        gathered.change(Side::Sell, Price(13), Qty(3), 44).unwrap();
        gathered.change(Side::Sell, Price(12), Qty(4), 45).unwrap();
        let diff = gathered.take().unwrap();
        assert_eq!((diff.first, diff.last), (41, 45));
        assert_eq!(diff.bids, [(Price(11), Qty(2)), (Price(10), Qty(0))]);
        assert_eq!(diff.asks, [(Price(12), Qty(4)), (Price(13), Qty(3))]);
        gathered.change(Side::Sell, Price(12), Qty(5), 46).unwrap();
        let next = gathered.take().unwrap();
        assert_eq!((next.first, next.last), (46, 46));
    }

    #[test]
    fn a_repeated_change_is_harmless_and_a_missing_one_is_told() {
        let mut gathered = Gathered::default();
        gathered.change(Side::Buy, Price(10), Qty(1), 7).unwrap();
        gathered.change(Side::Buy, Price(10), Qty(9), 7).unwrap();
        assert_eq!(gathered.take().unwrap().bids, [(Price(10), Qty(1))]);
        assert_eq!(gathered.change(Side::Buy, Price(10), Qty(1), 9), Err(Gap));
        gathered.change(Side::Buy, Price(10), Qty(1), 8).unwrap();
    }

    #[test]
    fn it_asks_for_a_flush_before_it_grows_without_bound() {
        let mut gathered = Gathered::default();
        for id in 1..DEPTH_LEVELS_MAX {
            let price = Price(i64::try_from(id).unwrap());
            gathered.change(Side::Buy, price, Qty(1), id as u64).unwrap();
            assert!(!gathered.is_full());
        }
        gathered.change(Side::Sell, Price(1), Qty(1), DEPTH_LEVELS_MAX as u64).unwrap();
        assert!(gathered.is_full());
    }
}
