//! What a book command did, in order.
//!
//! Within one command: fills, preventions and replenishments in matching order; after the last of them at a price the
//! [`MatchEvent::Level`] of that price; then what became of the taker, and the level it rests at.
//! A touched level is reported exactly once per command, with its final visible quantity.

use types::{AccountId, OrderId, Price, Qty, Side, StpMode};

/// One thing that happened in a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchEvent {
    /// Two orders traded (invariant O3: both sides have this quantity and price, and one is the taker).
    /// A maker with `maker_left` 0 is gone, without a further event.
    Fill {
        /// The resting order.
        maker: OrderId,
        /// Its owner.
        maker_owner: AccountId,
        /// The incoming order.
        taker: OrderId,
        /// The maker's price.
        price: Price,
        /// How much.
        qty: Qty,
        /// What is left of the maker, hidden part included.
        maker_left: Qty,
    },
    /// A trade that self-trade prevention stopped. The orders it ends follow as [`Self::Removed`], the maker first.
    SelfTrade {
        /// The resting order.
        maker: OrderId,
        /// The incoming order of the same owner.
        taker: OrderId,
        /// The maker's price.
        price: Price,
        /// The smaller of the two whole remainders. Under `Decrement` both orders lose it.
        qty: Qty,
        /// The mode in force, the taker's. Never `None`.
        effect: StpMode,
    },
    /// An iceberg showed its next slice, at the back of its level's queue.
    Replenished {
        /// Which order.
        id: OrderId,
        /// What it shows now.
        shown: Qty,
    },
    /// What is left of the incoming order waits in the book.
    Rested {
        /// Which order.
        id: OrderId,
        /// What is left, hidden part included.
        left: Qty,
    },
    /// A resting order was reduced by command and kept its place.
    Reduced {
        /// Which order.
        id: OrderId,
        /// What is left, hidden part included.
        left: Qty,
    },
    /// An order ended other than by being filled.
    Removed {
        /// Which order.
        id: OrderId,
        /// What was left of it; 0 for a market order by quote amount, which has no quantity of its own.
        left: Qty,
        /// Why.
        reason: Removal,
    },
    /// The visible quantity of a level after this command (0: the level is gone). A sum beyond the range of
    /// [`Qty`] is told as its largest value.
    Level {
        /// Which side of the book.
        side: Side,
        /// Which price.
        price: Price,
        /// The sum of what its orders show.
        qty: Qty,
    },
}

/// Why an order ended other than by being filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Removal {
    /// By command.
    Canceled,
    /// IOC: the rest found nothing at its price or better.
    ImmediateOrCancel,
    /// FOK: not everything could fill, so nothing did.
    FillOrKill,
    /// A post-only order that would have traded.
    WouldTake,
    /// A market order found nothing (more) in the book.
    NoLiquidity,
    /// The budget does not pay another lot at the best price. The ordinary end of a market order by quote amount.
    BudgetSpent,
    /// Self-trade prevention.
    SelfTrade,
}
