//! Conditional orders, waiting outside the book until the last price reaches their triggers.
//!
//! * A plain stop fires when the last price reaches its stop price, in the direction that its kind and side give.
//! * A trailing stop first waits for its stop price (if it has one), then tracks: a sell remembers the highest, a buy
//!   the lowest last price since, and fires when the last price comes back from there by the delta. The price that
//!   starts the tracking is the first one remembered (Binance, "Spot Trailing Stop order FAQ", read 2026-11-20).
//! * All orders fired by one price fire in order of arrival.
//!
//! **Rounding.** A trailing sell fires when last × 10,000 ≤ best × (10,000 − delta), exactly. In integers that is
//! last ≤ best − ⌈best × delta / 10,000⌉, because last is one; buys mirrored. Nothing is lost by the rounding.

//!
//! [`Triggers`] is the fast structure, [`crate::naive::Triggers`] its twin. Orders that wait for a price lie sorted by
//! it; orders that track lie in groups (`tracking`). A price costs O(log n + fired), amortised; one that moves
//! nothing looks at four ends of sorted sets.

mod tracking;

use std::collections::{BTreeMap, BTreeSet};
use tracking::Tracking;
use types::order::{StopKind, Trigger};
use types::{Bips, OrderId, Price, Side};

/// A conditional order as far as its trigger goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditional {
    /// Its id, not waiting already.
    pub id: OrderId,
    /// Direction of the order it becomes.
    pub side: Side,
    /// When it fires; has a stop price, a trailing delta, or both.
    pub trigger: Trigger,
}

/// A conditional order as it waits: all there is to know to continue with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The order.
    pub order: Conditional,
    /// A trailing order that tracks: the best price since it began.
    pub best: Option<Price>,
}

/// What a price did to a conditional order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerEvent {
    /// A trailing order began to track.
    Tracking {
        /// Which order.
        id: OrderId,
    },
    /// The order fired and waits no more.
    Fired {
        /// Which order.
        id: OrderId,
    },
}

/// Which way the last price must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the stop price or above it.
    Rising,
    /// To the stop price or below it.
    Falling,
}

impl Direction {
    /// Binance's table: `StopLoss` buys and `TakeProfit` sells wait for a rise, the other two for a fall.
    #[must_use]
    pub const fn of(kind: StopKind, side: Side) -> Self {
        match (kind, side) {
            (StopKind::StopLoss, Side::Buy) | (StopKind::TakeProfit, Side::Sell) => Self::Rising,
            (StopKind::StopLoss, Side::Sell) | (StopKind::TakeProfit, Side::Buy) => Self::Falling,
        }
    }

    /// True if `last` has reached `stop`.
    #[must_use]
    pub const fn reached(self, stop: Price, last: Price) -> bool {
        match self {
            Self::Rising => last.0 >= stop.0,
            Self::Falling => last.0 <= stop.0,
        }
    }
}

/// The price at which a trailing order of `side` fires when `best` is the best price it saw: see the module for the
/// rounding. Always at least one unit away; clamped to the range of [`Price`].
#[must_use]
pub fn trailing_stop(side: Side, best: Price, delta: Bips) -> Price {
    let scaled = i128::from(best.0).abs() * i128::from(delta.0);
    let distance = (scaled + 9_999).div_euclid(10_000).max(1);
    let price = match side {
        Side::Sell => i128::from(best.0) - distance,
        Side::Buy => i128::from(best.0) + distance,
    };
    let limit = if price < 0 { i64::MIN } else { i64::MAX };
    Price(i64::try_from(price).unwrap_or(limit))
}

impl Conditional {
    /// Stops at a caller's mistake.
    pub(crate) fn assert_sound(&self) {
        let Trigger { stop, trailing, .. } = self.trigger;
        assert!(stop.is_some() || trailing.is_some(), "order {} can never fire", self.id);
    }

    /// True if `last` fires a plain stop, or starts the tracking of a trailing one.
    pub(crate) fn is_reached(&self, last: Price) -> bool {
        let direction = Direction::of(self.trigger.kind, self.side);
        self.trigger.stop.is_none_or(|stop| direction.reached(stop, last))
    }
}

/// The fast triggers.
#[derive(Clone, Debug)]
pub struct Triggers {
    /// By arrival, counted by itself.
    waiting: BTreeMap<u64, Conditional>,
    arrivals: BTreeMap<OrderId, u64>,
    /// Trailing orders without a stop price that came before the first price.
    unpriced: BTreeSet<u64>,
    rising: BTreeSet<(Price, u64)>,
    falling: BTreeSet<(Price, u64)>,
    buys: Tracking,
    sells: Tracking,
    next_arrival: u64,
    /// What the current price does, by arrival; empty between calls, kept for its memory.
    done: Vec<(u64, TriggerEvent)>,
}

impl Default for Triggers {
    fn default() -> Self {
        Self::new()
    }
}

impl Triggers {
    /// Nothing waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            unpriced: BTreeSet::new(),
            rising: BTreeSet::new(),
            falling: BTreeSet::new(),
            buys: Tracking::new(Side::Buy),
            sells: Tracking::new(Side::Sell),
            next_arrival: 0,
            done: Vec::new(),
        }
    }

    /// Conditional orders as they waited, in the order [`Self::iter`] gives them. Continues exactly as the original.
    ///
    /// # Panics
    /// As [`Self::add`].
    #[must_use]
    pub fn restore(waiting: impl IntoIterator<Item = Waiting>) -> Self {
        let mut triggers = Self::new();
        for Waiting { order, best } in waiting {
            let arrival = triggers.enter(order);
            triggers.park(arrival, order, best);
        }
        triggers
    }

    /// Lets an order wait. A trailing order whose tracking may begin at `last`, the last price so far, does so now;
    /// otherwise it, and any plain stop, looks at the prices to come only.
    ///
    /// # Panics
    /// If the order has neither stop price nor trailing delta, or its id waits already.
    pub fn add(&mut self, order: Conditional, last: Option<Price>, events: &mut Vec<TriggerEvent>) {
        let arrival = self.enter(order);
        let best = last.filter(|last| order.trigger.trailing.is_some() && order.is_reached(*last));
        if best.is_some() {
            events.push(TriggerEvent::Tracking { id: order.id });
        }
        self.park(arrival, order, best);
    }

    /// Takes an order out. False if it does not wait.
    pub fn remove(&mut self, id: OrderId) -> bool {
        let Some(arrival) = self.arrivals.remove(&id) else { return false };
        let Some(order) = self.waiting.remove(&arrival) else { return false };
        if !self.tracking_mut(order.side).remove(arrival) {
            match order.trigger.stop {
                Some(stop) => self.waiting_for(&order).remove(&(stop, arrival)),
                None => self.unpriced.remove(&arrival),
            };
        }
        true
    }

    /// Tells a trade's price, each in turn. Appends what it started and fired, in order of arrival.
    pub fn on_price(&mut self, last: Price, events: &mut Vec<TriggerEvent>) {
        let mut done = std::mem::take(&mut self.done);
        for tracking in [&mut self.buys, &mut self.sells] {
            tracking.on_price(last, |arrival, id| done.push((arrival, TriggerEvent::Fired { id })));
        }
        while let Some(arrival) = self.unpriced.pop_first() {
            self.reach(arrival, last, &mut done);
        }
        while let Some((_, arrival)) = self.rising.first().copied().filter(|(stop, _)| *stop <= last) {
            self.rising.pop_first();
            self.reach(arrival, last, &mut done);
        }
        while let Some((_, arrival)) = self.falling.last().copied().filter(|(stop, _)| *stop >= last) {
            self.falling.pop_last();
            self.reach(arrival, last, &mut done);
        }
        done.sort_unstable_by_key(|(arrival, _)| *arrival);
        for (arrival, event) in done.drain(..) {
            if let TriggerEvent::Fired { id } = event {
                self.waiting.remove(&arrival);
                self.arrivals.remove(&id);
            }
            events.push(event);
        }
        self.done = done;
    }

    /// True if the order waits.
    #[must_use]
    pub fn contains(&self, id: OrderId) -> bool {
        self.arrivals.contains_key(&id)
    }

    /// Number of waiting orders.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True if nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All waiting orders in order of arrival: for snapshots.
    pub fn iter(&self) -> impl Iterator<Item = Waiting> {
        self.waiting.iter().map(|(arrival, order)| {
            let tracking = match order.side {
                Side::Buy => &self.buys,
                Side::Sell => &self.sells,
            };
            Waiting { order: *order, best: tracking.best(*arrival) }
        })
    }

    /// Gives the order its arrival.
    fn enter(&mut self, order: Conditional) -> u64 {
        order.assert_sound();
        let arrival = self.next_arrival;
        self.next_arrival += 1;
        let before = self.arrivals.insert(order.id, arrival);
        assert!(before.is_none(), "order {} waits already", order.id);
        self.waiting.insert(arrival, order);
        arrival
    }

    /// Puts the order where the prices it waits for will find it.
    fn park(&mut self, arrival: u64, order: Conditional, best: Option<Price>) {
        match (best, order.trigger.trailing, order.trigger.stop) {
            (Some(best), Some(delta), _) => {
                self.tracking_mut(order.side).start(arrival, order.id, delta, best);
            }
            (_, _, Some(stop)) => {
                self.waiting_for(&order).insert((stop, arrival));
            }
            (_, _, None) => {
                self.unpriced.insert(arrival);
            }
        }
    }

    /// The price has come that the order waited for: it fires or starts to track.
    fn reach(&mut self, arrival: u64, last: Price, done: &mut Vec<(u64, TriggerEvent)>) {
        let order = self.waiting[&arrival];
        let id = order.id;
        if let Some(delta) = order.trigger.trailing {
            self.tracking_mut(order.side).start(arrival, id, delta, last);
            done.push((arrival, TriggerEvent::Tracking { id }));
        } else {
            done.push((arrival, TriggerEvent::Fired { id }));
        }
    }

    /// The orders that wait for a price in the same direction.
    const fn waiting_for(&mut self, order: &Conditional) -> &mut BTreeSet<(Price, u64)> {
        match Direction::of(order.trigger.kind, order.side) {
            Direction::Rising => &mut self.rising,
            Direction::Falling => &mut self.falling,
        }
    }

    const fn tracking_mut(&mut self, side: Side) -> &mut Tracking {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }
}
