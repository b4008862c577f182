//! The exchange's one way in. Every change of its state is a command that was journaled with its time and number.

use crate::order::Tags;
use crate::{
    AccountId, AccountName, Asset, AssetId, ClientOrderId, FeeRate, ListId, Market, MarketId, Money, OrderId,
    Qty, Side, StpMode, Terms, Time,
};

/// An input with the driver's time and its number in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamped<T> {
    /// When the driver took it in. Never earlier than the one before.
    pub at: Time,
    /// Its number in the log, rising by one, first is 1.
    pub seq: u64,
    /// The input.
    pub input: T,
}

/// Everything that can change an exchange. A command that is refused changes nothing and is not journaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Adds an asset; ids are dense, in order.
    ListAsset(Asset),
    /// Adds a market; ids are dense, in order. Listing the same id again replaces its rules (scales must stay).
    ListMarket(Box<Market>),
    /// Opens an account with a name that no other has.
    OpenAccount {
        /// Its id.
        account: AccountId,
        /// Its name.
        name: AccountName,
        /// What it pays when its resting order is hit.
        maker: FeeRate,
        /// What it pays when it takes.
        taker: FeeRate,
    },
    /// Changes an account's fee tier, for trades from now on.
    SetFees {
        /// The account.
        account: AccountId,
        /// Maker rate.
        maker: FeeRate,
        /// Taker rate.
        taker: FeeRate,
    },
    /// Blocks new orders of an account (cancels stay possible), or allows them again.
    SetTrading {
        /// The account.
        account: AccountId,
        /// Whether it may place orders.
        allowed: bool,
    },
    /// Brings money in.
    Deposit {
        /// Who gets it.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much, above zero.
        amount: Money,
    },
    /// Takes available money out.
    Withdraw {
        /// From whom.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much, above zero.
        amount: Money,
    },
    /// Places one order.
    Place(NewOrder),
    /// Places an order list.
    PlaceList(Box<NewList>),
    /// Cancels one live order (and its list, if it belongs to one).
    Cancel(Cancel),
    /// Cancels all live orders of an account on one market, lists included.
    CancelAll {
        /// The account.
        account: AccountId,
        /// The market.
        market: MarketId,
        /// The client id reported for these cancels.
        client_id: ClientOrderId,
    },
    /// Cancels an order list.
    CancelList {
        /// The account.
        account: AccountId,
        /// The market.
        market: MarketId,
        /// Which list.
        target: ListTarget,
        /// The client id reported for this cancel.
        client_id: ClientOrderId,
    },
    /// Cancels one order and places another, in one step. When only one part works, the command has taken effect and the
    /// other part is told by [`crate::Event::Refused`] (index 0: the cancel, 1: the new order).
    Replace {
        /// The cancel.
        cancel: Cancel,
        /// The new order, same account and market.
        new: NewOrder,
        /// What to do when the cancel fails.
        mode: ReplaceMode,
    },
    /// Reduces the quantity of a live order without losing its place in the queue.
    Amend {
        /// The account.
        account: AccountId,
        /// The market.
        market: MarketId,
        /// Which order.
        target: Target,
        /// The new total quantity: below the present one, above what is executed.
        qty: Qty,
        /// The order's client id from now on; may equal the old one.
        client_id: ClientOrderId,
    },
    /// Something the host wants to find again after recovery (the simulated participants' state). No effect on trading.
    Memo {
        /// Which memo; a later one with the same number replaces it.
        slot: u8,
        /// The host's own bytes, at most [`MEMO_LEN_MAX`].
        bytes: Box<[u8]>,
    },
    /// Several commands as one unit of the log, applied in order; each may be refused on its own. Not nested.
    /// The simulated participants use it: one record for all that one tick of theirs does.
    Batch(Vec<Command>),
}

/// Longest memo in bytes.
pub const MEMO_LEN_MAX: usize = 64 * 1024;
/// Most commands in a batch.
pub const BATCH_LEN_MAX: usize = 4096;

/// A new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// The owner's id for it, unique among the owner's live orders (invariant O1).
    pub client_id: ClientOrderId,
    /// Direction.
    pub side: Side,
    /// What is asked for.
    pub terms: Terms,
    /// Self-trade prevention.
    pub stp: StpMode,
    /// The owner's tags.
    pub tags: Tags,
}

/// One order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The owner's id for it.
    pub client_id: ClientOrderId,
    /// Direction.
    pub side: Side,
    /// What is asked for.
    pub terms: Terms,
    /// The owner's tags.
    pub tags: Tags,
}

/// A new order list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewList {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// The owner's id for the list, unique among the owner's live lists.
    pub client_id: ClientOrderId,
    /// Self-trade prevention of all its orders.
    pub stp: StpMode,
    /// Its orders.
    pub shape: ListShape,
}

/// The orders of a list and how they hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListShape {
    /// Two legs of the same side and quantity; when one trades or fires, the other expires.
    Oco {
        /// The leg with the higher (stop) price.
        above: Leg,
        /// The leg with the lower (stop) price.
        below: Leg,
    },
    /// `pending` is placed when `working` is filled completely.
    Oto {
        /// LIMIT or LIMIT_MAKER.
        working: Leg,
        /// Any type.
        pending: Leg,
    },
    /// An OCO pair that is placed when `working` is filled completely.
    Otoco {
        /// LIMIT or LIMIT_MAKER.
        working: Leg,
        /// The pair's upper leg.
        above: Leg,
        /// The pair's lower leg.
        below: Leg,
    },
}

/// Which order is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The exchange's id.
    Id(OrderId),
    /// The owner's id of a live order.
    Client(ClientOrderId),
    /// Both, which must agree.
    Both(OrderId, ClientOrderId),
}

/// Which list is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListTarget {
    /// The exchange's id.
    Id(ListId),
    /// The owner's id of a live list.
    Client(ClientOrderId),
}

/// Cancels one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Which.
    pub target: Target,
    /// The client id reported for this cancel.
    pub client_id: ClientOrderId,
    /// Only if the order is still in this state.
    pub only_if: Option<CancelCondition>,
}

/// Binance `cancelRestrictions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelCondition {
    /// ONLY_NEW.
    New,
    /// ONLY_PARTIALLY_FILLED.
    PartiallyFilled,
}

/// Binance `cancelReplaceMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceMode {
    /// No new order when the cancel fails.
    StopOnFailure,
    /// The new order is tried in any case.
    AllowFailure,
}
