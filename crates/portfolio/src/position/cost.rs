//! One position: its quantity, what it cost, and what closing parts of it has earned.

use std::collections::VecDeque;

use types::{Money, Overflow, Qty, Side, SignedQty};

/// Most open lots kept apart for first-in-first-out; beyond it the two oldest become one. A bot that buys every hour for a
/// year without selling stays below it.
pub const LOTS_MAX: usize = 10_000;

/// An opening trade, or what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lot {
    pub(crate) qty: i64,
    pub(crate) quote: i128,
}

/// Profit of a closing trade before fees, in the quote asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Realised {
    /// Against the average cost.
    pub average: Money,
    /// Against the oldest lots.
    pub fifo: Money,
    /// The quantity that was closed.
    pub closed: Qty,
}

/// A signed quantity of one instrument with its cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub(crate) qty: i64,
    /// Σ price × qty of what is open, never negative.
    pub(crate) cost: i128,
    pub(crate) lots: VecDeque<Lot>,
    pub(crate) realised: Realised,
}

impl Position {
    /// Nothing.
    pub const FLAT: Self = Self {
        qty: 0,
        cost: 0,
        lots: VecDeque::new(),
        realised: Realised { average: Money::ZERO, fifo: Money::ZERO, closed: Qty::ZERO },
    };

    /// Above zero long, below zero short.
    #[must_use]
    pub const fn qty(&self) -> SignedQty {
        SignedQty(self.qty)
    }

    /// What the open quantity was bought (or sold short) for, in the quote asset; never negative.
    #[must_use]
    pub const fn cost(&self) -> Money {
        Money(self.cost)
    }

    /// Everything closed so far.
    #[must_use]
    pub const fn realised(&self) -> Realised {
        self.realised
    }

    /// Profit if all were closed for `value` (the open quantity at the mark, not negative).
    #[must_use]
    pub const fn unrealised(&self, value: Money) -> Money {
        Money(if self.qty >= 0 { value.0 - self.cost } else { self.cost - value.0 })
    }

    /// Takes in a trade of `qty` for `quote`. What goes against the position closes it first, the rest opens the other way.
    ///
    /// # Errors
    /// [`Overflow`] when the position would leave its range; nothing changed.
    pub fn trade(&mut self, side: Side, qty: Qty, quote: Money) -> Result<Realised, Overflow> {
        let signed = if side == Side::Buy { qty.0 } else { -qty.0 };
        self.qty.checked_add(signed).filter(|q| *q != i64::MIN).ok_or(Overflow)?;
        self.cost.checked_add(quote.0).ok_or(Overflow)?;
        let against = self.qty != 0 && (self.qty > 0) != (signed > 0);
        let closing = if against { qty.0.min(self.qty.abs()) } else { 0 };
        // The closing part's share of the money; the rest opens.
        let closing_quote = share(quote.0, closing, qty.0);
        let done = if closing > 0 { self.close(closing, closing_quote) } else { Realised::default() };
        let opening = qty.0 - closing;
        if opening > 0 {
            self.open(signed.signum() * opening, quote.0 - closing_quote);
        }
        Ok(done)
    }

    /// Takes a quantity out without money: a fee paid in the base asset. Its cost stays, so the rest has cost more.
    pub fn shrink(&mut self, qty: Qty) {
        let taken = qty.0.min(self.qty.abs());
        self.qty -= self.qty.signum() * taken;
        let mut left = taken;
        while let Some(lot) = self.lots.back_mut().filter(|_| left > 0) {
            let part = left.min(lot.qty);
            left -= part;
            if part == lot.qty {
                let quote = lot.quote;
                self.lots.pop_back();
                if let Some(before) = self.lots.back_mut() {
                    before.quote += quote;
                }
            } else {
                lot.qty -= part;
            }
        }
        if self.qty == 0 {
            self.realised.average.0 -= self.cost;
            self.realised.fifo.0 -= self.cost;
            (self.cost, self.lots) = (0, VecDeque::new());
        }
    }

    fn open(&mut self, signed: i64, quote: i128) {
        self.qty += signed;
        self.cost += quote;
        self.lots.push_back(Lot { qty: signed.abs(), quote });
        let oldest = if self.lots.len() > LOTS_MAX { self.lots.pop_front() } else { None };
        if let (Some(oldest), Some(next)) = (oldest, self.lots.front_mut()) {
            next.qty += oldest.qty;
            next.quote += oldest.quote;
        }
    }

    fn close(&mut self, qty: i64, quote: i128) -> Realised {
        let long = self.qty > 0;
        let gone = share(self.cost, qty, self.qty.abs());
        let oldest = self.take_oldest(qty);
        self.cost -= gone;
        self.qty -= self.qty.signum() * qty;
        let profit = |cost: i128| Money(if long { quote - cost } else { cost - quote });
        let done = Realised { average: profit(gone), fifo: profit(oldest), closed: Qty(qty) };
        self.realised.average.0 += done.average.0;
        self.realised.fifo.0 += done.fifo.0;
        self.realised.closed.0 = self.realised.closed.0.saturating_add(qty);
        done
    }

    /// The cost of the `qty` oldest units, removed from the lots.
    fn take_oldest(&mut self, mut qty: i64) -> i128 {
        let mut cost = 0;
        while let Some(lot) = self.lots.front_mut().filter(|_| qty > 0) {
            let part = qty.min(lot.qty);
            let quote = share(lot.quote, part, lot.qty);
            cost += quote;
            qty -= part;
            lot.qty -= part;
            lot.quote -= quote;
            if lot.qty == 0 {
                self.lots.pop_front();
            }
        }
        cost
    }
}

/// ⌊amount × part / whole⌋ for 0 ≤ part ≤ whole; all of it when they are equal. Never overflows.
fn share(amount: i128, part: i64, whole: i64) -> i128 {
    if part == whole {
        return amount;
    }
    if part == 0 {
        return 0;
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    // amount = a·whole + b: the first product is at most `amount`, the second below 2^126.
    (amount / whole) * part + (amount % whole) * part / whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trade(p: &mut Position, side: Side, qty: i64, quote: i128) -> Realised {
        p.trade(side, Qty(qty), Money(quote)).unwrap()
    }

    #[test]
    fn average_and_fifo_differ_until_all_is_closed() {
        let mut p = Position::default();
        trade(&mut p, Side::Buy, 10, 1_000);
        trade(&mut p, Side::Buy, 10, 2_000);
        let part = trade(&mut p, Side::Sell, 10, 1_800);
        assert_eq!(part, Realised { average: Money(300), fifo: Money(800), closed: Qty(10) });
        let rest = trade(&mut p, Side::Sell, 10, 1_800);
        assert_eq!(rest, Realised { average: Money(300), fifo: Money(-200), closed: Qty(10) });
        assert_eq!((p.qty(), p.cost()), (SignedQty(0), Money(0)));
        assert_eq!((p.realised().average, p.realised().fifo), (Money(600), Money(600)));
    }

    #[test]
    fn a_trade_through_zero_closes_and_opens() {
        let mut p = Position::default();
        trade(&mut p, Side::Sell, 4, 400);
        assert_eq!(p.unrealised(Money(360)), Money(40));
        let done = trade(&mut p, Side::Buy, 6, 540);
        assert_eq!((done.average, done.closed), (Money(40), Qty(4)));
        assert_eq!((p.qty(), p.cost()), (SignedQty(2), Money(180)));
    }

    #[test]
    fn a_fee_in_the_base_asset_makes_the_rest_dearer() {
        let mut p = Position::default();
        trade(&mut p, Side::Buy, 1_000, 5_000);
        p.shrink(Qty(1));
        assert_eq!((p.qty(), p.cost()), (SignedQty(999), Money(5_000)));
        assert_eq!(trade(&mut p, Side::Sell, 999, 5_000).average, Money(0));
    }

    proptest! {
        /// L6 in the small: whatever the path, realised + open cost = money in − money out.
        #[test]
        fn l6_nothing_is_lost_over_any_path(
            trades in prop::collection::vec((any::<bool>(), 1..50_i64, 1..100_000_i128), 1..200)
        ) {
            let (mut p, mut flow) = (Position::default(), 0_i128);
            for (buy, qty, quote) in trades {
                let side = if buy { Side::Buy } else { Side::Sell };
                trade(&mut p, side, qty, quote);
                flow += if buy { -quote } else { quote };
                let open = if p.qty().0 >= 0 { p.cost().0 } else { -p.cost().0 };
                prop_assert_eq!(p.realised().average.0, flow + open);
                let lots: i128 = p.lots.iter().map(|l| l.quote).sum();
                prop_assert_eq!(p.realised().fifo.0, flow + open.signum() * lots);
                prop_assert_eq!(p.lots.iter().map(|l| l.qty).sum::<i64>(), p.qty().0.abs());
            }
        }
    }
}
