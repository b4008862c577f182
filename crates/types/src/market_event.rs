//! What a market shows, in the words every mode shares: recorded, simulated and live feeds all become these.

use crate::depth::{DepthDiff, DepthSnapshot};
use crate::{Bar, MarketId, Money, Price, Qty, Time, TradeId};

/// One thing a market showed. `market` is the shard's own number for the instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketEvent {
    /// Which instrument.
    pub market: MarketId,
    /// What.
    pub data: MarketNews,
}

/// What a market can show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketNews {
    /// A bar that has closed; it never changes any more (invariant M3).
    Bar(Bar),
    /// A public trade.
    Print(Print),
    /// The whole book.
    Snapshot(DepthSnapshot),
    /// Changes of the book.
    Diff(DepthDiff),
    /// Best bid and ask with the book's update number.
    Best {
        /// Update number.
        update: u64,
        /// Best bid and its quantity.
        bid: (Price, Qty),
        /// Best ask and its quantity.
        ask: (Price, Qty),
    },
    /// The mark price of a perpetual.
    Mark(Price),
    /// Funding of a perpetual falls due: longs pay shorts `rate` (10^-8) of the position's value at `mark`.
    Funding {
        /// In units of 10^-8, negative when shorts pay.
        rate: i64,
        /// At what price.
        mark: Price,
    },
    /// The feed's connection.
    Feed(FeedState),
}

/// A public trade of any venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// The venue's id, rising.
    pub id: TradeId,
    /// Price.
    pub price: Price,
    /// Base quantity.
    pub qty: Qty,
    /// price × qty.
    pub quote: Money,
    /// True when the buyer was resting.
    pub buyer_is_maker: bool,
    /// The venue's time; may be ahead of the receiver's clock.
    pub at: Time,
}

/// Whether a feed brings news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedState {
    /// Connected; the book comes with the next snapshot.
    Up,
    /// Nothing is known from here on; the book is stale.
    Down,
}
