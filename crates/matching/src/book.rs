//! The fast book.
//!
//! * Orders are records of one cache line in a slab, linked into the queues of their levels (`orders`).
//! * Each side's levels lie in a window of ticks around the touch, the others in a tree (`ladder`).
//! * An index of 8 bytes an entry finds orders by id (`index`).
//!
//! Invariants: the best bid is below the best ask; a level exists exactly while it has orders; a level's visible sum
//! is what its orders show; stamps rise along every queue; every order is in the index. All of it is compared with
//! [`crate::naive::Book`] after every command of the differential test.
//!
//! Cost: O(1) per command and per maker touched near the touch, O(log n) away from it. A book that has seen its
//! largest size allocates nothing. It starts at about one megabyte, its two windows.

mod bitset;
mod far;
mod index;
mod ladder;
mod matching;
mod orders;

use crate::order::{rank, ranked, reaches};
use crate::{Cost, MatchEvent, Removal, Resting, RestoreError, Units};
use index::Index;
use ladder::Ladder;
use orders::{Level, Order, Orders};
use types::{AccountId, Money, OrderId, Price, Qty, Side};

/// Most orders in a book.
pub const ORDERS_MAX: usize = orders::ORDERS_MAX;

/// The fast book. See [`crate`] for the rules it follows.
#[derive(Clone, Debug)]
pub struct Book {
    units: Units,
    orders: Orders,
    index: Index,
    bids: Ladder,
    asks: Ladder,
    next_arrival: u64,
    last_price: Option<Price>,
}

impl Book {
    /// An empty book.
    ///
    /// # Panics
    /// If the tick is not above zero.
    #[must_use]
    pub fn new(units: Units) -> Self {
        Self {
            units,
            orders: Orders::default(),
            index: Index::new(),
            bids: empty_ladder(units, Side::Buy),
            asks: empty_ladder(units, Side::Sell),
            next_arrival: 0,
            last_price: None,
        }
    }

    /// A book as it stood: the orders of both sides, each in priority order as [`Self::orders`] gives them, and the two
    /// numbers beside them. Continues exactly as the original would.
    ///
    /// # Errors
    /// [`RestoreError`] when the orders cannot have come from a book.
    pub fn restore(
        units: Units,
        last_price: Option<Price>,
        next_arrival: u64,
        orders: impl IntoIterator<Item = Resting>,
    ) -> Result<Self, RestoreError> {
        let mut book = Self { next_arrival, last_price, ..Self::new(units) };
        let (mut worst_bid, mut worst_ask) = (None, None);
        for order in orders {
            if book.contains(order.id) {
                return Err(RestoreError::DuplicateId(order.id));
            }
            order.check()?;
            let worst = match order.side {
                Side::Buy => &mut worst_bid,
                Side::Sell => &mut worst_ask,
            };
            if order.arrival >= next_arrival || worst.is_some_and(|w| w >= order.priority()) {
                return Err(RestoreError::Order(order.id));
            }
            *worst = Some(order.priority());
            book.enter(&order);
        }
        match (book.best(Side::Buy), book.best(Side::Sell)) {
            (Some(bid), Some(ask)) if bid >= ask => Err(RestoreError::Crossed),
            _ => Ok(book),
        }
    }

    /// Changes the units from the next command on (a market listed anew). Orders keep their places.
    ///
    /// # Panics
    /// If the tick is not above zero.
    pub fn set_units(&mut self, units: Units) {
        if units.tick != self.units.tick {
            for side in [Side::Buy, Side::Sell] {
                let old = std::mem::replace(self.ladder_mut(side), empty_ladder(units, side));
                for (rank, level) in old.iter() {
                    self.ladder_mut(side).insert(rank, *level);
                }
            }
        }
        self.units = units;
    }

    /// Takes an order out. False, and no event, if it is not live.
    pub fn cancel(&mut self, id: OrderId, events: &mut Vec<MatchEvent>) -> bool {
        let Some(slot) = self.index.get(id, &self.orders) else { return false };
        let Order { side, price, left, .. } = self.orders[slot];
        events.push(MatchEvent::Removed { id, left, reason: Removal::Canceled });
        let ladder = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let level = ladder.get_mut(rank(side, price)).expect("a resting order has a level");
        self.orders.unlink(level, slot);
        events.push(MatchEvent::Level { side, price, qty: level.visible() });
        if level.head.is_none() {
            ladder.remove(rank(side, price));
        }
        self.index.remove(id, slot);
        self.orders.release(slot);
        true
    }

    /// Reduces what is left of an order to `left`, hidden part first; it keeps its place. False, and no event, if the
    /// order is not live or `left` is not within 1 .. what is left.
    pub fn reduce(&mut self, id: OrderId, left: Qty, events: &mut Vec<MatchEvent>) -> bool {
        let Some(slot) = self.index.get(id, &self.orders) else { return false };
        let order = &mut self.orders[slot];
        if left.0 <= 0 || left >= order.left {
            return false;
        }
        let hidden = order.reduce_to(left);
        let (side, price) = (order.side, order.price);
        events.push(MatchEvent::Reduced { id, left });
        let level = self.ladder_mut(side).get_mut(rank(side, price)).expect("a resting order has a level");
        level.hide(hidden);
        events.push(MatchEvent::Level { side, price, qty: level.visible() });
        true
    }

    /// True if the order rests in the book.
    #[must_use]
    pub fn contains(&self, id: OrderId) -> bool {
        self.index.get(id, &self.orders).is_some()
    }

    /// The order as it stands.
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<Resting> {
        self.index.get(id, &self.orders).map(|slot| self.orders[slot].view())
    }

    /// Number of resting orders.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.orders.len()
    }

    /// True if no order rests.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.orders.len() == 0
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        self.ladder(side).best().map(|rank| ranked(side, rank))
    }

    /// True if a limit order of `side` at `limit` would meet a maker.
    #[must_use]
    pub fn would_take(&self, side: Side, limit: Price) -> bool {
        self.best(side.opposite()).is_some_and(|maker| reaches(side, limit, maker))
    }

    /// Price levels of a side, best first, with their visible quantities (clamped to the range of [`Qty`]).
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> {
        self.ladder(side).iter().map(move |(rank, level)| (ranked(side, rank), level.visible()))
    }

    /// Orders of a side in priority order: for snapshots.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = Resting> {
        self.ladder(side).iter().flat_map(|(_, level)| self.orders.queue(level)).map(Order::view)
    }

    /// What a market order of `side` over `qty` would fill and cost now; hidden quantity counts, orders of `skip` do not.
    #[must_use]
    pub fn cost_of(&self, side: Side, qty: Qty, skip: Option<AccountId>) -> Cost {
        let mut cost = Cost::default();
        for (_, level) in self.ladder(side.opposite()).iter() {
            for maker in self.orders.queue(level).filter(|maker| Some(maker.owner) != skip) {
                let part = maker.left.min(Qty(qty.0 - cost.qty.0));
                cost.qty.0 += part.0;
                let notional = self.units.notional.amount(maker.price, part);
                cost.notional = Money(cost.notional.0.saturating_add(notional.0));
                if cost.qty == qty {
                    return cost;
                }
            }
        }
        cost
    }

    /// The price of the last trade.
    #[must_use]
    pub const fn last_price(&self) -> Option<Price> {
        self.last_price
    }

    /// The stamp that the next order to join a queue gets.
    #[must_use]
    pub const fn next_arrival(&self) -> u64 {
        self.next_arrival
    }

    /// Puts an order at the back of its level's queue. The level's visible quantity then.
    fn enter(&mut self, order: &Resting) -> Qty {
        let slot = self.orders.add(Order::new(order));
        self.index.insert(order.id, slot, &self.orders);
        let ladder = match order.side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let rank = rank(order.side, order.price);
        if let Some(level) = ladder.get_mut(rank) {
            self.orders.link(level, slot);
            level.visible()
        } else {
            let mut level = Level::default();
            self.orders.link(&mut level, slot);
            ladder.insert(rank, level);
            level.visible()
        }
    }

    const fn ladder(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    const fn ladder_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

/// A ladder whose window takes prices that are multiples of the tick.
fn empty_ladder(units: Units, side: Side) -> Ladder {
    Ladder::new(units.tick.0, rank(side, Price(0)))
}
