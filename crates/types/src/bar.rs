//! Bars: open, high, low, close and volumes of the trades of one interval.

use crate::event::Trade;
use crate::{Interval, Money, Price, Print, Qty, Time, TradeId};

/// The fold of the trades whose time lies in [`Bar::open_time`], `close_time`] (invariant M3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// How long.
    pub interval: Interval,
    /// Start of the interval.
    pub open_time: Time,
    /// First price; the previous close when there was no trade.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Base volume.
    pub volume: Money,
    /// Quote volume.
    pub quote: Money,
    /// Base volume of trades whose taker bought.
    pub taker_base: Money,
    /// Quote volume of trades whose taker bought.
    pub taker_quote: Money,
    /// Number of trades.
    pub count: u64,
    /// First trade; 0 when there was none.
    pub first: TradeId,
    /// Last trade; 0 when there was none.
    pub last: TradeId,
    /// Quantity of the last trade.
    pub last_qty: Qty,
}

impl Bar {
    /// The bar of an interval without a trade after one that closed at `close`.
    #[must_use]
    pub const fn flat(interval: Interval, open_time: Time, close: Price) -> Self {
        Self {
            interval,
            open_time,
            open: close,
            high: close,
            low: close,
            close,
            volume: Money::ZERO,
            quote: Money::ZERO,
            taker_base: Money::ZERO,
            taker_quote: Money::ZERO,
            count: 0,
            first: TradeId(0),
            last: TradeId(0),
            last_qty: Qty::ZERO,
        }
    }

    /// The bar that starts at `start` and begins with `trade`.
    #[must_use]
    pub fn of(interval: Interval, start: Time, trade: &Trade) -> Self {
        let mut bar = Self::flat(interval, start, trade.price);
        bar.first = trade.id;
        bar.add(trade);
        bar
    }

    /// Takes in the next trade of its interval. Volumes saturate: 2^127 units never trade.
    pub fn add(&mut self, trade: &Trade) {
        self.take(trade.id, trade.price, trade.qty, trade.quote, trade.buyer_is_maker);
    }

    /// The bar that starts at `start` and begins with the public trade `print`.
    #[must_use]
    pub fn of_print(interval: Interval, start: Time, print: &Print) -> Self {
        let mut bar = Self::flat(interval, start, print.price);
        bar.first = print.id;
        bar.add_print(print);
        bar
    }

    /// [`Bar::add`] for a public trade.
    pub fn add_print(&mut self, print: &Print) {
        self.take(print.id, print.price, print.qty, print.quote, print.buyer_is_maker);
    }

    /// Takes in the bar of a later part of its interval. Folding the parts gives the same as folding their trades.
    pub fn merge(&mut self, part: &Self) {
        self.high = self.high.max(part.high);
        self.low = self.low.min(part.low);
        self.close = part.close;
        self.volume.0 = self.volume.0.saturating_add(part.volume.0);
        self.quote.0 = self.quote.0.saturating_add(part.quote.0);
        self.taker_base.0 = self.taker_base.0.saturating_add(part.taker_base.0);
        self.taker_quote.0 = self.taker_quote.0.saturating_add(part.taker_quote.0);
        if part.count > 0 {
            if self.count == 0 {
                self.first = part.first;
            }
            (self.last, self.last_qty) = (part.last, part.last_qty);
        }
        self.count = self.count.saturating_add(part.count);
    }

    fn take(&mut self, id: TradeId, price: Price, qty: Qty, quote: Money, buyer_is_maker: bool) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
        let base = Money::from(qty);
        self.volume.0 = self.volume.0.saturating_add(base.0);
        self.quote.0 = self.quote.0.saturating_add(quote.0);
        if !buyer_is_maker {
            self.taker_base.0 = self.taker_base.0.saturating_add(base.0);
            self.taker_quote.0 = self.taker_quote.0.saturating_add(quote.0);
        }
        self.count += 1;
        self.last = id;
        self.last_qty = qty;
    }

    /// The last millisecond of the interval (Binance `closeTime`).
    #[must_use]
    pub fn close_time(&self) -> Time {
        self.interval.next(self.open_time).plus_nanos(-1_000_000)
    }
}
