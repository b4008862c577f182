//! What goes into a book ([`Incoming`]), what rests in it ([`Resting`]) and the units it counts in ([`Units`]).

use types::instrument::NotionalScale;
use types::{AccountId, Market, Money, OrderId, Price, Qty, Side, StpMode, TimeInForce};

/// An order on its way into a book. The caller has checked it against the market's rules; the book relies on:
/// an id that is not live, quantities and budgets above zero, `display` within 1 ..= quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its id, not live in the book.
    pub id: OrderId,
    /// Whose; self-trade prevention compares it.
    pub owner: AccountId,
    /// Direction.
    pub side: Side,
    /// What is asked for.
    pub kind: Kind,
    /// What happens when it meets an order of the same owner.
    pub stp: StpMode,
}

/// What an incoming order asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Trade at `price` or better; `tif` decides about the rest.
    Limit {
        /// Worst price.
        price: Price,
        /// Quantity.
        qty: Qty,
        /// What becomes of the rest.
        tif: TimeInForce,
        /// Iceberg: the quantity shown at a time once the order rests. The caller bounds the number of parts
        /// (`iceberg_parts_max`), because each is an event of its own when it trades.
        display: Option<Qty>,
    },
    /// Rest at `price`, or end with [`crate::Removal::WouldTake`] if it would trade.
    PostOnly {
        /// Price.
        price: Price,
        /// Quantity.
        qty: Qty,
        /// Iceberg: the quantity shown at a time.
        display: Option<Qty>,
    },
    /// Trade `qty` at any price, spending (or earning, for a sell) at most `budget` if there is one.
    Market {
        /// Quantity.
        qty: Qty,
        /// Most quote money to trade for.
        budget: Option<Money>,
    },
    /// Trade as many whole lots as `budget` of the quote asset pays. Always ends with a
    /// [`crate::MatchEvent::Removed`].
    MarketQuote {
        /// Most quote money to trade for.
        budget: Money,
    },
}

/// An order as it stands in a book: all there is to know to continue with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Its id.
    pub id: OrderId,
    /// Whose.
    pub owner: AccountId,
    /// Direction.
    pub side: Side,
    /// Price.
    pub price: Price,
    /// Quantity left, hidden part included, above zero.
    pub left: Qty,
    /// Quantity it shows now, 1 ..= `left`; all of `left` unless it is an iceberg.
    pub shown: Qty,
    /// Iceberg: what a new slice shows.
    pub display: Option<Qty>,
    /// When it joined the back of its queue, in the book's own count.
    pub arrival: u64,
}

impl Incoming {
    /// Stops at a caller's mistake that would corrupt the book. See the type for the rules.
    pub(crate) fn assert_sound(&self) {
        let (qty, display, budget) = match self.kind {
            Kind::Limit { qty, display, .. } | Kind::PostOnly { qty, display, .. } => {
                (Some(qty), display, None)
            }
            Kind::Market { qty, budget } => (Some(qty), None, budget),
            Kind::MarketQuote { budget } => (None, None, Some(budget)),
        };
        assert!(qty.is_none_or(|qty| qty.0 > 0), "order {} has no quantity", self.id);
        assert!(
            display.is_none_or(|shown| shown.0 > 0 && Some(shown) <= qty),
            "order {} shows none or more than all of it",
            self.id
        );
        assert!(budget.is_none_or(|money| money.0 > 0), "order {} has no budget", self.id);
    }
}

impl Resting {
    /// Its place among the orders of its side: smaller trades first (invariant O4).
    pub(crate) const fn priority(&self) -> (i64, u64) {
        (rank(self.side, self.price), self.arrival)
    }

    /// Refuses quantities that no resting order can have.
    pub(crate) fn check(&self) -> Result<(), RestoreError> {
        let whole_if_plain = self.display.is_some() || self.shown == self.left;
        let display_sound = self.display.is_none_or(|display| display.0 > 0 && self.shown <= display);
        if self.shown.0 > 0 && self.shown <= self.left && whole_if_plain && display_sound {
            Ok(())
        } else {
            Err(RestoreError::Quantity(self.id))
        }
    }
}

/// What a quantity costs in the book as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How much of the quantity the book can fill.
    pub qty: Qty,
    /// What that costs (or earns), exactly; beyond the range of [`Money`] its largest value.
    pub notional: Money,
}

/// The units of a market, as far as matching needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// The price step that (most) prices are multiples of, above zero. Only speed depends on it: prices off the tick
    /// are matched just the same.
    pub tick: Price,
    /// The lot that budgets are spent in.
    pub step: Qty,
    /// How price × quantity becomes money.
    pub notional: NotionalScale,
}

impl Units {
    /// The units of a listed market: its finest tick, its lot step.
    #[must_use]
    pub fn of(market: &Market) -> Self {
        Self {
            tick: Price(market.rules.tick.finest()),
            step: market.rules.lot.step,
            notional: market.notional,
        }
    }
}

/// Why orders cannot be put back into a book: they were not taken from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// An id occurs twice.
    DuplicateId(OrderId),
    /// A quantity, or the shown part of it, is out of range.
    Quantity(OrderId),
    /// It does not come after the order before it on its side, or its stamp is not below the book's next one.
    Order(OrderId),
    /// The best bid is not below the best ask (invariant O4).
    Crossed,
}

impl std::fmt::Display for RestoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DuplicateId(id) => write!(f, "order {id} occurs twice"),
            Self::Quantity(id) => write!(f, "order {id} has a quantity out of range"),
            Self::Order(id) => write!(f, "order {id} is not in priority order"),
            Self::Crossed => f.write_str("the book is crossed"),
        }
    }
}
impl std::error::Error for RestoreError {}

/// Where a price stands on its side: smaller is better. `!` reverses the order of all of `i64` without overflow.
pub(crate) const fn rank(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => !price.0,
        Side::Sell => price.0,
    }
}

/// The price that has this rank.
pub(crate) const fn ranked(side: Side, rank: i64) -> Price {
    match side {
        Side::Buy => Price(!rank),
        Side::Sell => Price(rank),
    }
}

/// True if a price of a maker is good enough for a limit of `side`.
pub(crate) fn reaches(side: Side, limit: Price, maker: Price) -> bool {
    match side {
        Side::Buy => maker <= limit,
        Side::Sell => maker >= limit,
    }
}
