//! The book in the fewest words: one unsorted list of orders, searched anew at every step. The specification of
//! [`crate::Book`], with the same methods; O(n) per maker touched and never fast.

use crate::order::reaches;
use crate::taker::Taker;
use crate::{Cost, Incoming, Kind, MatchEvent, Removal, Resting, RestoreError, Units};
use types::{AccountId, Money, OrderId, Price, Qty, Side, StpMode, TimeInForce};

/// The naive book.
#[derive(Clone, Debug)]
pub struct Book {
    units: Units,
    orders: Vec<Resting>,
    next_arrival: u64,
    last_price: Option<Price>,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub const fn new(units: Units) -> Self {
        Self { units, orders: Vec::new(), next_arrival: 0, last_price: None }
    }

    /// See [`crate::Book::restore`].
    pub fn restore(
        units: Units,
        last_price: Option<Price>,
        next_arrival: u64,
        orders: impl IntoIterator<Item = Resting>,
    ) -> Result<Self, RestoreError> {
        let mut book = Self { units, orders: Vec::new(), next_arrival, last_price };
        for order in orders {
            if book.contains(order.id) {
                return Err(RestoreError::DuplicateId(order.id));
            }
            order.check()?;
            let worst = book.orders(order.side).last().map(|o| o.priority());
            if order.arrival >= next_arrival || worst.is_some_and(|w| w >= order.priority()) {
                return Err(RestoreError::Order(order.id));
            }
            book.orders.push(order);
        }
        match (book.best(Side::Buy), book.best(Side::Sell)) {
            (Some(bid), Some(ask)) if bid >= ask => Err(RestoreError::Crossed),
            _ => Ok(book),
        }
    }

    /// See [`crate::Book::set_units`].
    pub const fn set_units(&mut self, units: Units) {
        self.units = units;
    }

    /// See [`crate::Book::place`].
    pub fn place(&mut self, order: Incoming, events: &mut Vec<MatchEvent>) {
        order.assert_sound();
        assert!(!self.contains(order.id), "order {} is live already", order.id);
        let mut taker = Taker::new(&order);
        if let Kind::PostOnly { price, .. } = order.kind
            && self.would_take(order.side, price)
        {
            return remove_taker(&taker, Removal::WouldTake, events);
        }
        if let Kind::Limit { tif: TimeInForce::Fok, .. } = order.kind
            && !self.can_fill(&taker)
        {
            return remove_taker(&taker, Removal::FillOrKill, events);
        }
        match (self.take(&mut taker, events), order.kind) {
            (Some(reason), _) => remove_taker(&taker, reason, events),
            (None, _) if taker.is_filled() => {}
            (None, Kind::Market { .. } | Kind::MarketQuote { .. }) => {
                remove_taker(&taker, Removal::NoLiquidity, events);
            }
            (None, Kind::Limit { tif: TimeInForce::Ioc | TimeInForce::Fok, .. }) => {
                remove_taker(&taker, Removal::ImmediateOrCancel, events);
            }
            (None, Kind::Limit { price, display, .. } | Kind::PostOnly { price, display, .. }) => {
                self.rest(&taker, price, display, events);
            }
        }
    }

    /// See [`crate::Book::cancel`].
    pub fn cancel(&mut self, id: OrderId, events: &mut Vec<MatchEvent>) -> bool {
        let Some(at) = self.position(id) else { return false };
        let order = self.orders.remove(at);
        events.push(MatchEvent::Removed { id, left: order.left, reason: Removal::Canceled });
        self.tell_level(order.side, order.price, events);
        true
    }

    /// See [`crate::Book::reduce`].
    pub fn reduce(&mut self, id: OrderId, left: Qty, events: &mut Vec<MatchEvent>) -> bool {
        let Some(at) = self.position(id) else { return false };
        let order = &mut self.orders[at];
        if left.0 <= 0 || left >= order.left {
            return false;
        }
        order.left = left;
        order.shown = order.shown.min(left);
        let (side, price) = (order.side, order.price);
        events.push(MatchEvent::Reduced { id, left });
        self.tell_level(side, price, events);
        true
    }

    /// See [`crate::Book::contains`].
    #[must_use]
    pub fn contains(&self, id: OrderId) -> bool {
        self.position(id).is_some()
    }

    /// See [`crate::Book::get`].
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<Resting> {
        self.position(id).map(|at| self.orders[at])
    }

    /// See [`crate::Book::len`].
    #[must_use]
    pub const fn len(&self) -> usize {
        self.orders.len()
    }

    /// See [`crate::Book::is_empty`].
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// See [`crate::Book::best`].
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        self.first(side).map(|at| self.orders[at].price)
    }

    /// See [`crate::Book::would_take`].
    #[must_use]
    pub fn would_take(&self, side: Side, limit: Price) -> bool {
        self.best(side.opposite()).is_some_and(|maker| reaches(side, limit, maker))
    }

    /// See [`crate::Book::levels`].
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> {
        let mut levels: Vec<(Price, i128)> = Vec::new();
        for order in self.orders(side) {
            match levels.last_mut() {
                Some((price, shown)) if *price == order.price => *shown += i128::from(order.shown.0),
                _ => levels.push((order.price, order.shown.0.into())),
            }
        }
        levels.into_iter().map(|(price, shown)| (price, clamped(shown)))
    }

    /// See [`crate::Book::orders`].
    pub fn orders(&self, side: Side) -> impl Iterator<Item = Resting> {
        let mut orders: Vec<Resting> = self.orders.iter().copied().filter(|o| o.side == side).collect();
        orders.sort_by_key(Resting::priority);
        orders.into_iter()
    }

    /// See [`crate::Book::cost_of`].
    #[must_use]
    pub fn cost_of(&self, side: Side, qty: Qty, skip: Option<AccountId>) -> Cost {
        let mut cost = Cost::default();
        for maker in self.orders(side.opposite()).filter(|o| Some(o.owner) != skip) {
            let part = maker.left.min(Qty(qty.0 - cost.qty.0));
            cost.qty.0 += part.0;
            let notional = self.units.notional.amount(maker.price, part);
            cost.notional = Money(cost.notional.0.saturating_add(notional.0));
        }
        cost
    }

    /// See [`crate::Book::last_price`].
    #[must_use]
    pub const fn last_price(&self) -> Option<Price> {
        self.last_price
    }

    /// See [`crate::Book::next_arrival`].
    #[must_use]
    pub const fn next_arrival(&self) -> u64 {
        self.next_arrival
    }

    /// Matches until nothing is left of the taker or nothing reaches it, or the returned reason ends it.
    fn take(&mut self, taker: &mut Taker, events: &mut Vec<MatchEvent>) -> Option<Removal> {
        let mut at_price = None;
        let end = loop {
            if taker.is_filled() {
                break None;
            }
            let Some(maker) = self.first(taker.side.opposite()) else { break None };
            let price = self.orders[maker].price;
            if !taker.reaches(price) {
                break None;
            }
            if taker.takeable(price, &self.units).is_zero() {
                break Some(Removal::BudgetSpent);
            }
            if at_price != Some(price) {
                self.tell_left_level(taker, at_price, events);
                at_price = Some(price);
            }
            if taker.owner == self.orders[maker].owner && taker.stp != StpMode::None {
                if let Some(reason) = self.prevent(taker, maker, events) {
                    break Some(reason);
                }
            } else {
                self.trade(taker, maker, events);
            }
        };
        self.tell_left_level(taker, at_price, events);
        end
    }

    fn trade(&mut self, taker: &mut Taker, at: usize, events: &mut Vec<MatchEvent>) {
        let maker = &mut self.orders[at];
        let price = maker.price;
        let qty = taker.takeable(price, &self.units).min(maker.shown);
        taker.trade(price, qty, &self.units);
        maker.left.0 -= qty.0;
        maker.shown.0 -= qty.0;
        self.last_price = Some(price);
        events.push(MatchEvent::Fill {
            maker: maker.id,
            maker_owner: maker.owner,
            taker: taker.id,
            price,
            qty,
            maker_left: maker.left,
        });
        if maker.left.is_zero() {
            self.orders.remove(at);
        } else if maker.shown.is_zero() {
            maker.shown = maker.display.unwrap_or(maker.left).min(maker.left);
            maker.arrival = self.next_arrival;
            self.next_arrival += 1;
            events.push(MatchEvent::Replenished { id: maker.id, shown: maker.shown });
        }
    }

    /// What self-trade prevention does with the taker and the own maker it met; a reason if the taker ends.
    fn prevent(&mut self, taker: &mut Taker, at: usize, events: &mut Vec<MatchEvent>) -> Option<Removal> {
        let maker = &mut self.orders[at];
        let (id, price) = (maker.id, maker.price);
        let qty = taker.remainder(price, &self.units).min(maker.left);
        events.push(MatchEvent::SelfTrade { maker: id, taker: taker.id, price, qty, effect: taker.stp });
        if taker.stp == StpMode::Decrement {
            taker.prevent(price, qty, &self.units);
            maker.left.0 -= qty.0;
            maker.shown = maker.shown.min(maker.left);
        }
        let left = maker.left;
        let maker_ends = match taker.stp {
            StpMode::ExpireMaker | StpMode::ExpireBoth => true,
            StpMode::Decrement => left.is_zero(),
            StpMode::ExpireTaker | StpMode::None => false,
        };
        if maker_ends {
            events.push(MatchEvent::Removed { id, left, reason: Removal::SelfTrade });
            self.orders.remove(at);
        }
        let taker_ends = match taker.stp {
            StpMode::ExpireTaker | StpMode::ExpireBoth => true,
            StpMode::Decrement => taker.is_filled(),
            StpMode::ExpireMaker | StpMode::None => false,
        };
        taker_ends.then_some(Removal::SelfTrade)
    }

    /// True if a fill-or-kill order would fill completely: plays it through on a copy of this book.
    fn can_fill(&self, taker: &Taker) -> bool {
        let mut events = Vec::new();
        self.clone().take(&mut { *taker }, &mut events);
        let filled = events.iter().map(|event| match event {
            MatchEvent::Fill { qty, .. } => i128::from(qty.0),
            _ => 0,
        });
        filled.sum::<i128>() == i128::from(taker.qty().0)
    }

    fn rest(&mut self, taker: &Taker, price: Price, display: Option<Qty>, events: &mut Vec<MatchEvent>) {
        let left = taker.qty();
        self.orders.push(Resting {
            id: taker.id,
            owner: taker.owner,
            side: taker.side,
            price,
            left,
            shown: display.unwrap_or(left).min(left),
            display,
            arrival: self.next_arrival,
        });
        self.next_arrival += 1;
        events.push(MatchEvent::Rested { id: taker.id, left });
        self.tell_level(taker.side, price, events);
    }

    fn position(&self, id: OrderId) -> Option<usize> {
        self.orders.iter().position(|o| o.id == id)
    }

    /// The order of `side` that is next to trade.
    fn first(&self, side: Side) -> Option<usize> {
        let of_side = self.orders.iter().enumerate().filter(|(_, o)| o.side == side);
        of_side.min_by_key(|(_, o)| o.priority()).map(|(at, _)| at)
    }

    fn visible(&self, side: Side, price: Price) -> Qty {
        let at_price = self.orders.iter().filter(|o| o.side == side && o.price == price);
        clamped(at_price.map(|o| i128::from(o.shown.0)).sum())
    }

    fn tell_level(&self, side: Side, price: Price, events: &mut Vec<MatchEvent>) {
        events.push(MatchEvent::Level { side, price, qty: self.visible(side, price) });
    }

    /// Tells the level that the taker has left, if it touched one.
    fn tell_left_level(&self, taker: &Taker, price: Option<Price>, events: &mut Vec<MatchEvent>) {
        // A taker that expired at a maker it left alone has changed nothing there, but saying so again is true.
        if let Some(price) = price {
            self.tell_level(taker.side.opposite(), price, events);
        }
    }
}

/// A sum of quantities, or the largest quantity if it is beyond.
fn clamped(sum: i128) -> Qty {
    Qty(i64::try_from(sum).unwrap_or(i64::MAX))
}

fn remove_taker(taker: &Taker, reason: Removal, events: &mut Vec<MatchEvent>) {
    events.push(MatchEvent::Removed { id: taker.id, left: taker.qty(), reason });
}
