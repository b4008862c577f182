//! What the store keeps beside the exchange's own words.

use types::event::{ExpiryReason, Fill};
use types::{
    AccountId, ListId, MarketId, Money, OrderId, OrderView, Price, Qty, Side, StpMode, Time, TradeId,
};

/// Trades of one taker order at one price within one command, as one (Binance `aggTrade`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AggTrade {
    /// Where.
    pub market: MarketId,
    /// Its number on the market, rising by one, first is 1.
    pub id: u64,
    /// The price of all of them.
    pub price: Price,
    /// Their base quantity.
    pub qty: Qty,
    /// Their quote amount.
    pub quote: Money,
    /// The first of them.
    pub first: TradeId,
    /// The last of them.
    pub last: TradeId,
    /// True when the taker sold.
    pub buyer_is_maker: bool,
    /// When.
    pub at: Time,
}

/// An order that can change no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedOrder {
    /// Its last state.
    pub order: OrderView,
    /// Why it expired, if it did.
    pub expiry: Option<ExpiryReason>,
    /// The prevented match that ended it, if one did.
    pub prevented_match: Option<u64>,
}

/// A fill of an account's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountFill {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Of which order.
    pub order: OrderId,
    /// The order's list.
    pub list: Option<ListId>,
    /// The order's side.
    pub side: Side,
    /// The fill.
    pub fill: Fill,
    /// When.
    pub at: Time,
}

/// A trade that self-trade prevention did not let happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreventedMatch {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Its number on the market.
    pub id: u64,
    /// The order that was coming in.
    pub taker: OrderId,
    /// The order that was resting.
    pub maker: OrderId,
    /// The mode in force.
    pub stp: StpMode,
    /// The price at which they would have met.
    pub price: Price,
    /// What would have traded.
    pub qty: Qty,
    /// When.
    pub at: Time,
}
