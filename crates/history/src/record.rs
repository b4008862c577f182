//! What the store keeps beside the exchange's own words.

use types::event::{ExpiryReason, Fill};
use types::{
    AccountId, ClientOrderId, ListId, MarketId, Money, OrderId, OrderView, Price, Qty, Side, StpMode, Time,
    TradeId,
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
    /// The mode in force: the taker's.
    pub stp: StpMode,
    /// The price at which they would have met.
    pub price: Price,
    /// What the taker lost; nothing if it was left alone.
    pub taker_lost: Option<Qty>,
    /// What the maker lost; nothing if it was left alone.
    pub maker_lost: Option<Qty>,
    /// When.
    pub at: Time,
}

/// A reduction of a live order's quantity in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Which order.
    pub order: OrderId,
    /// Number of the execution, see [`types::event::execution_id`].
    pub execution: u64,
    /// The order's client id before.
    pub previous_id: ClientOrderId,
    /// Its client id since.
    pub client_id: ClientOrderId,
    /// Its quantity before.
    pub previous_qty: Qty,
    /// Its quantity since.
    pub qty: Qty,
    /// When.
    pub at: Time,
}
