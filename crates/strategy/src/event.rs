//! What a strategy hears.

use types::{Bar, Interval, MarketId, Print, VenueFill};

use crate::Tag;

/// A feed of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Closed bars of a length. A bar is heard when it has closed, never before (invariants H3, H4).
    Bars(Interval),
    /// Public trades.
    Prints,
    /// Changes of the book.
    Book,
}

/// A feed that a strategy wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Which market.
    pub market: MarketId,
    /// Which feed.
    pub feed: Feed,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Completely filled.
    Filled,
    /// Cancelled.
    Canceled,
    /// By its own terms.
    Expired,
    /// The venue refused it.
    Rejected,
    /// Risk did not let it out.
    Denied,
    /// It was lost on the way.
    NeverArrived,
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A bar closed.
    Bar {
        /// Where.
        market: MarketId,
        /// The bar.
        bar: &'a Bar,
    },
    /// A public trade.
    Print {
        /// Where.
        market: MarketId,
        /// The trade.
        print: &'a Print,
    },
    /// The book changed, or its feed went down or came up (look at it in the context).
    Book {
        /// Where.
        market: MarketId,
    },
    /// One of its orders traded.
    Fill {
        /// Which.
        order: Tag,
        /// Where.
        market: MarketId,
        /// The fill.
        fill: &'a VenueFill,
    },
    /// One of its orders ended.
    Ended {
        /// Which.
        order: Tag,
        /// How.
        how: Ended,
    },
    /// A timer it asked for.
    Timer(u32),
    /// A message from outside (webhook).
    Signal(&'a str),
}
