//! Orders: what a trader asks for ([`Terms`]) and what became of it ([`OrderView`]).

use crate::{AccountId, Bips, ClientOrderId, ListId, MarketId, Money, OrderId, Price, Qty, Time};

/// Which way an order trades the base asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Receives base, pays quote.
    Buy,
    /// Pays base, receives quote.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// How long an order that does not fill at once lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeInForce {
    /// Good till cancelled: the rest waits in the book.
    Gtc,
    /// Immediate or cancel: the rest expires.
    Ioc,
    /// Fill or kill: all at once or nothing.
    Fok,
}

/// What happens when an account's order would trade against its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StpMode {
    /// Self-trades are allowed.
    None,
    /// The resting order expires, the incoming one goes on.
    ExpireMaker,
    /// The incoming order expires, the resting one stays.
    ExpireTaker,
    /// Both expire.
    ExpireBoth,
    /// Both quantities are reduced by the smaller remainder; what reaches zero expires.
    Decrement,
}

/// The amount of a market order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So much of the base asset.
    Base(Qty),
    /// At most so much of the quote asset (Binance `quoteOrderQty`); the base quantity follows from the book, in whole lots.
    Quote(Money),
}

/// Whether a conditional order guards against a loss or takes a profit; together with the side this gives the direction:
/// `StopLoss` buys and `TakeProfit` sells fire at or above the stop price, the other two at or below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopKind {
    /// Binance `STOP_LOSS`, `STOP_LOSS_LIMIT`.
    StopLoss,
    /// Binance `TAKE_PROFIT`, `TAKE_PROFIT_LIMIT`.
    TakeProfit,
}

/// When a conditional order becomes active. At least one part is present (checked by the exchange).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Guard against loss or take profit.
    pub kind: StopKind,
    /// The last price at which the order fires; with `trailing`, the price at which tracking starts.
    pub stop: Option<Price>,
    /// Fires when the last price comes back by this much from its best since tracking started.
    pub trailing: Option<Bips>,
}

/// What a conditional order becomes when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterTrigger {
    /// A market order.
    Market,
    /// A limit order.
    Limit {
        /// Its price.
        price: Price,
        /// Its time in force.
        tif: TimeInForce,
        /// Iceberg: the quantity shown at a time.
        display: Option<Qty>,
    },
}

/// The terms of an order. Only combinations that mean something can be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Trade at `price` or better.
    Limit {
        /// Limit price.
        price: Price,
        /// Quantity of the base asset.
        qty: Qty,
        /// Time in force.
        tif: TimeInForce,
        /// Iceberg: the quantity shown at a time (GTC only).
        display: Option<Qty>,
    },
    /// A limit order that is refused if it would trade at once (post only).
    LimitMaker {
        /// Limit price.
        price: Price,
        /// Quantity of the base asset.
        qty: Qty,
        /// Iceberg: the quantity shown at a time.
        display: Option<Qty>,
    },
    /// Trade at once at any price.
    Market {
        /// How much.
        amount: Amount,
    },
    /// Waits outside the book until the last price reaches its trigger.
    Stop {
        /// When it fires.
        trigger: Trigger,
        /// Quantity of the base asset.
        qty: Qty,
        /// What it becomes.
        then: AfterTrigger,
    },
}

/// Binance's name for the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // each variant is the venue's own word
pub enum OrderType {
    Limit,
    LimitMaker,
    Market,
    StopLoss,
    StopLossLimit,
    TakeProfit,
    TakeProfitLimit,
}

impl Terms {
    /// Binance's name for these terms.
    #[must_use]
    pub const fn order_type(&self) -> OrderType {
        match self {
            Self::Limit { .. } => OrderType::Limit,
            Self::LimitMaker { .. } => OrderType::LimitMaker,
            Self::Market { .. } => OrderType::Market,
            Self::Stop { trigger, then, .. } => match (trigger.kind, then) {
                (StopKind::StopLoss, AfterTrigger::Market) => OrderType::StopLoss,
                (StopKind::StopLoss, AfterTrigger::Limit { .. }) => OrderType::StopLossLimit,
                (StopKind::TakeProfit, AfterTrigger::Market) => OrderType::TakeProfit,
                (StopKind::TakeProfit, AfterTrigger::Limit { .. }) => OrderType::TakeProfitLimit,
            },
        }
    }

    /// The limit price, if the terms have one.
    #[must_use]
    pub const fn price(&self) -> Option<Price> {
        match self {
            Self::Limit { price, .. }
            | Self::LimitMaker { price, .. }
            | Self::Stop { then: AfterTrigger::Limit { price, .. }, .. } => Some(*price),
            Self::Market { .. } | Self::Stop { .. } => None,
        }
    }

    /// The base quantity asked for; `None` for a market order by quote amount.
    #[must_use]
    pub const fn qty(&self) -> Option<Qty> {
        match self {
            Self::Limit { qty, .. } | Self::LimitMaker { qty, .. } | Self::Stop { qty, .. } => Some(*qty),
            Self::Market { amount: Amount::Base(qty) } => Some(*qty),
            Self::Market { amount: Amount::Quote(_) } => None,
        }
    }

    /// Time in force; Binance reports GTC where the terms have none.
    #[must_use]
    pub const fn tif(&self) -> TimeInForce {
        match self {
            Self::Limit { tif, .. } | Self::Stop { then: AfterTrigger::Limit { tif, .. }, .. } => *tif,
            Self::LimitMaker { .. } | Self::Market { .. } | Self::Stop { .. } => TimeInForce::Gtc,
        }
    }

    /// The iceberg's shown quantity.
    #[must_use]
    pub const fn display(&self) -> Option<Qty> {
        match self {
            Self::Limit { display, .. }
            | Self::LimitMaker { display, .. }
            | Self::Stop { then: AfterTrigger::Limit { display, .. }, .. } => *display,
            Self::Market { .. } | Self::Stop { .. } => None,
        }
    }

    /// The trigger of a conditional order.
    #[must_use]
    pub const fn trigger(&self) -> Option<&Trigger> {
        match self {
            Self::Stop { trigger, .. } => Some(trigger),
            Self::Limit { .. } | Self::LimitMaker { .. } | Self::Market { .. } => None,
        }
    }
}

/// Where an order stands. `Filled`, `Canceled`, `Rejected`, `Expired` and `ExpiredInMatch` are terminal (invariant O2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// Accepted, nothing executed yet; a conditional order waits here too.
    New,
    /// The pending part of an order list, waiting for the working order to fill.
    PendingNew,
    /// Something executed, the rest is live.
    PartiallyFilled,
    /// All executed.
    Filled,
    /// Cancelled by its owner.
    Canceled,
    /// Could not be placed when its turn came (a pending order of a list, a triggered stop).
    Rejected,
    /// Ended by the order's own rules (IOC or FOK remainder, empty book, the other leg of an OCO).
    Expired,
    /// Ended by self-trade prevention.
    ExpiredInMatch,
}

impl OrderStatus {
    /// True when nothing can happen to the order any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::New | Self::PendingNew | Self::PartiallyFilled)
    }
}

/// A trader's own tags on an order, kept and reported, without meaning for the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Binance `strategyId`.
    pub strategy_id: Option<i64>,
    /// Binance `strategyType`, at least 1,000,000.
    pub strategy_type: Option<i64>,
}

/// The public state of one order at one moment: everything a report about it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// The exchange's id.
    pub id: OrderId,
    /// The owner.
    pub account: AccountId,
    /// Where it trades.
    pub market: MarketId,
    /// The owner's id for it.
    pub client_id: ClientOrderId,
    /// The list it belongs to.
    pub list: Option<ListId>,
    /// Direction.
    pub side: Side,
    /// The terms as placed; an amendment changes the quantity in them.
    pub terms: Terms,
    /// Self-trade prevention in force.
    pub stp: StpMode,
    /// The owner's tags.
    pub tags: Tags,
    /// Where it stands.
    pub status: OrderStatus,
    /// The base quantity asked for. For a market order by quote amount: what was executed so far.
    pub qty: Qty,
    /// Base quantity executed.
    pub executed: Qty,
    /// Quote amount executed: Σ price × qty of the fills, exact.
    pub executed_quote: Money,
    /// Base quantity taken away by self-trade prevention (mode DECREMENT).
    pub prevented: Qty,
    /// When it was accepted.
    pub created: Time,
    /// When it last changed.
    pub updated: Time,
    /// Since when it has been in the book or trading; `None` while it waits for its trigger or its list.
    pub working_since: Option<Time>,
    /// When a trailing order started to follow the price, once it has.
    pub trailing_since: Option<Time>,
}

impl OrderView {
    /// Quantity that can still execute.
    #[must_use]
    pub const fn remaining(&self) -> Qty {
        Qty(self.qty.0 - self.executed.0 - self.prevented.0)
    }

    /// The reserved quote budget of a market order by quote amount.
    #[must_use]
    pub const fn quote_budget(&self) -> Option<Money> {
        match self.terms {
            Terms::Market { amount: Amount::Quote(budget) } => Some(budget),
            _ => None,
        }
    }
}

/// What kind of order list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contingency {
    /// One cancels the other.
    Oco,
    /// One triggers the other (or an OCO pair): Binance reports `OTO` for both OTO and OTOCO.
    Oto,
}

/// Where an order list stands (Binance `listStatusType` / `listOrderStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListStatus {
    /// Placed, orders are live (EXEC_STARTED / EXECUTING).
    Executing,
    /// Nothing left alive (ALL_DONE / ALL_DONE).
    AllDone,
    /// Could not be placed (RESPONSE / REJECT).
    Rejected,
}

/// The public state of an order list. Orders are in the list's own order: Oco above, below; Oto working, pending;
/// Otoco working, pending above, pending below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListView {
    /// The exchange's id.
    pub id: ListId,
    /// The owner.
    pub account: AccountId,
    /// Where it trades.
    pub market: MarketId,
    /// The owner's id for it.
    pub client_id: ClientOrderId,
    /// What kind.
    pub contingency: Contingency,
    /// Where it stands.
    pub status: ListStatus,
    /// The orders' ids and client ids; the first `legs` entries count.
    pub orders: [(OrderId, ClientOrderId); 3],
    /// Number of orders, 2 or 3.
    pub legs: u8,
    /// When it last changed.
    pub updated: Time,
}
