//! The exchange's expected "no", with the numbers in it. A refused command changed nothing.
//!
//! Order of checks for a new order (tested in `exchange`): account (known, then allowed to trade) → market → client id →
//! shape of the terms → filters of the order alone (price, lot, notional, percent, iceberg, trailing) → counts → position
//! → trigger direction → post-only → funds.

use crate::instrument::ListingError;
use crate::{AssetId, Money, Price, Qty};

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such account.
    UnknownAccount,
    /// The account exists already, or its name is taken.
    AccountExists,
    /// The account may not place orders now.
    TradingBlocked,
    /// No such asset.
    UnknownAsset,
    /// No such market.
    UnknownMarket,
    /// An asset or market cannot be listed so.
    Listing(ListingError),
    /// An id is not the next free one, or a permanent property would change.
    NotNext,
    /// An amount or rate that is zero, negative or beyond its range.
    BadAmount,
    /// PRICE_FILTER: below the minimum, above the maximum or off the tick.
    PriceFilter {
        /// The price.
        price: Price,
    },
    /// PERCENT_PRICE_BY_SIDE: too far from the average price.
    PercentPrice {
        /// The price.
        price: Price,
        /// The average price.
        average: Price,
    },
    /// LOT_SIZE.
    LotSize {
        /// The quantity.
        qty: Qty,
    },
    /// MARKET_LOT_SIZE.
    MarketLotSize {
        /// The quantity.
        qty: Qty,
    },
    /// NOTIONAL.
    Notional {
        /// price × quantity.
        notional: Money,
    },
    /// ICEBERG_PARTS, or a shown quantity above the whole.
    IcebergParts,
    /// MAX_NUM_ORDERS.
    TooManyOrders {
        /// The limit.
        max: u32,
    },
    /// MAX_NUM_ALGO_ORDERS.
    TooManyStops {
        /// The limit.
        max: u32,
    },
    /// MAX_NUM_ICEBERG_ORDERS.
    TooManyIcebergs {
        /// The limit.
        max: u32,
    },
    /// MAX_NUM_ORDER_LISTS.
    TooManyLists {
        /// The limit.
        max: u32,
    },
    /// MAX_NUM_ORDER_AMENDS.
    TooManyAmends {
        /// The limit.
        max: u32,
    },
    /// MAX_POSITION.
    Position {
        /// The limit.
        max: Money,
    },
    /// TRAILING_DELTA.
    TrailingDelta,
    /// Parts of the terms do not go together (a conditional order without a trigger, legs of different quantity, ...).
    BadCombination,
    /// The client id is in use by a live order (or list) of the account.
    DuplicateClientId,
    /// A conditional order whose trigger is already reached.
    WouldTrigger,
    /// A post-only order that would trade at once.
    WouldTake,
    /// An OCO whose prices are on the wrong side of the market.
    OcoPrices,
    /// Not enough available money.
    InsufficientBalance {
        /// In which asset.
        asset: AssetId,
        /// How much the command needs.
        needed: Money,
        /// How much there is.
        available: Money,
    },
    /// No live order (or list) fits the target.
    UnknownOrder,
    /// The order is not in the state the cancel asked for.
    CancelCondition,
    /// An amendment that does not reduce the quantity, or not above what is executed.
    AmendQuantity,
    /// This kind of order cannot be amended.
    AmendKind,
    /// Cancel and replace of which nothing took effect.
    Replace {
        /// Why the cancel failed.
        cancel: Box<Refusal>,
        /// Why the new order failed; `None` when it was not tried.
        new: Option<Box<Refusal>>,
    },
    /// A memo or batch beyond its bounds, or a nested batch.
    TooLarge,
    /// A sum would leave the range of [`Money`].
    Overflow,
}

impl From<crate::Overflow> for Refusal {
    fn from(_: crate::Overflow) -> Self {
        Self::Overflow
    }
}
impl From<ListingError> for Refusal {
    fn from(error: ListingError) -> Self {
        Self::Listing(error)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
impl std::error::Error for Refusal {}
