//! What the exchange says happened, in order. Views, streams and reports are folds of these and of nothing else.

use crate::{
    AccountId, AccountName, Asset, AssetId, ClientOrderId, FeeRate, ListView, Market, MarketId, Money,
    OrderId, OrderView, Price, Qty, Refusal, Side, StpMode, Time, TradeId,
};

/// One thing that happened. All events of a command carry its time and number outside (see the host's batches).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An asset was listed.
    AssetListed(Asset),
    /// A market was listed, or its rules changed.
    MarketListed(Box<Market>),
    /// An account was opened or its terms changed.
    Account(AccountView),
    /// Money came in (positive) or went out (negative) from outside.
    Transfer {
        /// Whose.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// By how much.
        delta: Money,
    },
    /// An order changed; `order` is its state after the change.
    Order {
        /// The order now.
        order: OrderView,
        /// What changed.
        change: OrderChange,
    },
    /// An order list changed.
    List(ListView),
    /// The public print of a trade. The two [`OrderChange::Trade`] events beside it tell the parties.
    Trade(Trade),
    /// The visible quantity of a price level is now `qty` (0: the level is gone).
    Level {
        /// Where.
        market: MarketId,
        /// Which side of the book.
        side: Side,
        /// Which price.
        price: Price,
        /// The sum of what its orders show.
        qty: Qty,
        /// The market's book number after this change, rising by one.
        update_id: u64,
    },
    /// A balance is now so much.
    Balance {
        /// Whose.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Can be spent.
        available: Money,
        /// Reserved by live orders.
        locked: Money,
    },
    /// A command inside a batch, or one part of a replace, was refused.
    Refused {
        /// Its place in the batch; in a replace 0 is the cancel, 1 the new order.
        index: u32,
        /// Why.
        refusal: Refusal,
    },
}

/// An account's public terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: AccountName,
    /// Maker fee rate.
    pub maker: FeeRate,
    /// Taker fee rate.
    pub taker: FeeRate,
    /// Whether it may place orders.
    pub trading: bool,
}

/// The public print of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Where.
    pub market: MarketId,
    /// Its id.
    pub id: TradeId,
    /// The maker's price.
    pub price: Price,
    /// Base quantity.
    pub qty: Qty,
    /// price × qty, exact.
    pub quote: Money,
    /// True when the buyer's order was resting (so the taker sold).
    pub buyer_is_maker: bool,
    /// The buyer's order.
    pub buyer: OrderId,
    /// The seller's order.
    pub seller: OrderId,
    /// When.
    pub at: Time,
}

/// One side of a trade as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The trade.
    pub trade: TradeId,
    /// At what price.
    pub price: Price,
    /// How much base.
    pub qty: Qty,
    /// How much quote.
    pub quote: Money,
    /// The fee charged, in `fee_asset`.
    pub fee: Money,
    /// The asset received, which pays the fee.
    pub fee_asset: AssetId,
    /// True if this order was resting.
    pub is_maker: bool,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderChange {
    /// Accepted (also a pending order of a list, with status `PendingNew`).
    New,
    /// A conditional order fired, or a pending order of a list was placed.
    Working,
    /// A trailing order started to follow the price.
    Trailing,
    /// It traded.
    Trade(Fill),
    /// Cancelled by its owner.
    Canceled {
        /// The client id of the cancel.
        by: ClientOrderId,
    },
    /// Its quantity was reduced in place.
    Amended {
        /// Its client id before.
        previous: ClientOrderId,
        /// Its quantity before.
        previous_qty: Qty,
    },
    /// It ended by its own rules.
    Expired(ExpiryReason),
    /// It could not be placed when its turn came.
    Rejected(RejectReason),
    /// Self-trade prevention took something away or ended it (see the status).
    SelfTradePrevented(Prevented),
}

/// A match that self-trade prevention stopped; both orders tell it in the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prevented {
    /// Its number on this market, first is 1.
    pub number: u64,
    /// The order that was resting.
    pub maker: OrderId,
    /// The order that was coming in.
    pub taker: OrderId,
    /// The mode in force: the taker's.
    pub mode: StpMode,
    /// The price at which they would have met.
    pub price: Price,
    /// What would have traded, in base units.
    pub qty: Qty,
    /// What the maker lost, in base units; nothing if it was left alone.
    pub maker_lost: Option<Qty>,
    /// What the taker lost, in base units; nothing if it was left alone.
    pub taker_lost: Option<Qty>,
}

impl Prevented {
    /// The other order of the two.
    #[must_use]
    pub fn counter(&self, order: OrderId) -> OrderId {
        if order == self.maker { self.taker } else { self.maker }
    }

    /// What this order of the two lost.
    #[must_use]
    pub fn lost(&self, order: OrderId) -> Option<Qty> {
        if order == self.maker { self.maker_lost } else { self.taker_lost }
    }
}

/// The number of an execution, one for every event: unique and rising. The command's number, then the event's place in it (a
/// command with more than 65,536 events repeats the last number). Stays exact in a client that reads numbers as doubles
/// for the first 10^11 commands.
#[must_use]
pub fn execution_id(seq: u64, index: usize) -> u64 {
    (seq << 16) | u64::try_from(index).map_or(0xffff, |index| index.min(0xffff))
}

/// Why an order ended without its owner's doing (Binance `expiryReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryReason {
    /// IOC: the rest found nothing.
    ImmediateOrCancel,
    /// FOK: not everything could fill.
    FillOrKill,
    /// A market order found the book empty.
    NoLiquidity,
    /// The other leg of the OCO traded or fired.
    OtherLeg,
    /// The working order of its list ended unfilled.
    WorkingOrderEnded,
    /// A triggered market buy could not be paid any further.
    FundsExhausted,
}

/// Why an accepted order could not be placed when its turn came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// Not enough money at that moment.
    InsufficientBalance,
    /// A post-only order would have traded.
    WouldTake,
    /// The trigger of a conditional order was already reached.
    WouldTrigger,
    /// A filter was broken at that moment.
    Filter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_stay_small_enough_to_copy_on_the_hot_path() {
        assert!(size_of::<Event>() <= 512, "{}", size_of::<Event>());
    }
}
