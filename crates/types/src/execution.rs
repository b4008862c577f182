//! What a venue says about one of our orders. A report names the order by the client id that we gave it.

use crate::{AccountId, AssetId, ClientOrderId, MarketId, Money, Price, Qty, Side, TradeId};

/// One thing that happened to one of our orders at its venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which instrument.
    pub market: MarketId,
    /// Which order.
    pub client_id: ClientOrderId,
    /// What happened.
    pub outcome: Outcome,
}

/// What can happen to an order at its venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The venue has it.
    Accepted {
        /// The venue's own number for it.
        venue_id: u64,
    },
    /// The venue refused it; nothing of it will ever trade.
    Rejected(VenueReason),
    /// It traded.
    Fill(VenueFill),
    /// Nothing of the rest will trade: cancelled by us.
    Canceled,
    /// Nothing of the rest will trade: ended by its own terms.
    Expired,
    /// It is not known whether the venue has it (time-out, connection lost, HTTP 5xx, -1006, -1007).
    Unknown,
    /// The venue was asked long enough and never had it (order protocol, step 4).
    NeverArrived,
}

/// A fill as its venue reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueFill {
    /// The trade's id; a repeated report carries the same one.
    pub trade: TradeId,
    /// Price.
    pub price: Price,
    /// Base quantity.
    pub qty: Qty,
    /// price × qty.
    pub quote: Money,
    /// Fee, in `fee_asset`; negative for a rebate.
    pub fee: Money,
    /// What the fee was paid in.
    pub fee_asset: AssetId,
    /// True if our order was resting.
    pub is_maker: bool,
}

/// A venue closed (part of) a position because its collateral no longer carried it; no order of ours asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidation {
    /// Whose position.
    pub account: AccountId,
    /// In which instrument.
    pub market: MarketId,
    /// `Sell`: a long position was closed.
    pub side: Side,
    /// The fill, its fee included.
    pub fill: VenueFill,
}

/// Why a venue refused an order, as far as its answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VenueReason {
    /// A trading rule (price, lot, notional, count).
    Filter,
    /// Not enough money.
    InsufficientBalance,
    /// The client id was used before: a resend met its first attempt.
    Duplicate,
    /// A post-only order would have traded.
    WouldTake,
    /// A conditional order would have fired at once.
    WouldTrigger,
    /// Signature, permissions, address.
    NotAllowed,
    /// Too many requests.
    RateLimited,
    /// Too late: the venue's clock was past the request's window.
    Expired,
    /// Anything else, by the venue's own code.
    Other(i32),
}
