//! One market at work: its rules, its book, its conditional orders, its numbers.

use crate::average::Average;
use matching::{Book, MatchEvent, Triggers, Units};
use types::{Event, Market, Price, Time, TradeId};

/// A market with everything that belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) market: Market,
    pub(crate) book: Book,
    /// Conditional orders that have not fired.
    pub(crate) triggers: Triggers,
    pub(crate) average: Average,
    /// The number of the last change of a visible level.
    pub(crate) update_id: u64,
    /// The number of the last trade.
    pub(crate) trade_id: u64,
    /// The number of the last prevented match.
    pub(crate) prevented_id: u64,
}

impl Desk {
    pub(crate) fn new(market: Market) -> Self {
        let book = Book::new(Units::of(&market));
        let (triggers, average) = (Triggers::new(), Average::default());
        Self { market, book, triggers, average, update_id: 0, trade_id: 0, prevented_id: 0 }
    }

    /// The average price, or else the last price, or nothing.
    pub(crate) fn reference(&self, now: Time) -> Option<Price> {
        self.average.price(&self.market, now).or_else(|| self.book.last_price())
    }

    pub(crate) const fn next_trade(&mut self) -> TradeId {
        self.trade_id += 1;
        TradeId(self.trade_id)
    }

    /// Passes a level of the book on, with the next book number.
    pub(crate) fn tell_level(&mut self, event: &MatchEvent, out: &mut Vec<Event>) {
        if let MatchEvent::Level { side, price, qty } = *event {
            self.update_id += 1;
            let (market, update_id) = (self.market.id, self.update_id);
            out.push(Event::Level { market, side, price, qty, update_id });
        }
    }
}
