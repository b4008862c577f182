//! The incoming order's way through the fast book: what it takes, what stops it, and where its rest waits.

use super::Book;
use super::ladder::Ladder;
use super::orders::{Level, Slot};
use crate::order::ranked;
use crate::taker::Taker;
use crate::{Incoming, Kind, MatchEvent, Removal, Resting};
use types::{Price, Qty, StpMode, TimeInForce};

impl Book {
    /// Matches an incoming order and rests what may rest. Appends to `events`; see [`MatchEvent`] for their order.
    /// What becomes of the order: `Rested`, `Removed`, or neither when its quantity filled.
    ///
    /// # Panics
    /// On an order that breaks the rules of [`Incoming`], or whose id is live: going on would corrupt the book.
    pub fn place(&mut self, order: Incoming, events: &mut Vec<MatchEvent>) {
        order.assert_sound();
        debug_assert!(!self.contains(order.id), "order {} is live already", order.id);
        let mut taker = Taker::new(&order);
        let refused = match order.kind {
            Kind::PostOnly { price, .. } if self.would_take(order.side, price) => Some(Removal::WouldTake),
            Kind::Limit { tif: TimeInForce::Fok, .. } if !self.can_fill(&taker) => Some(Removal::FillOrKill),
            _ => None,
        };
        let ended = refused.or_else(|| self.take(&mut taker, events));
        if ended.is_none() && taker.is_filled() {
            return;
        }
        let reason = match (ended, order.kind) {
            (Some(reason), _) => reason,
            (None, Kind::Market { .. } | Kind::MarketQuote { .. }) => Removal::NoLiquidity,
            (None, Kind::Limit { tif: TimeInForce::Ioc | TimeInForce::Fok, .. }) => {
                Removal::ImmediateOrCancel
            }
            (None, Kind::Limit { price, display, .. } | Kind::PostOnly { price, display, .. }) => {
                return self.rest(&taker, price, display, events);
            }
        };
        events.push(MatchEvent::Removed { id: taker.id, left: taker.qty(), reason });
    }

    /// Matches until nothing is left of the taker or nothing reaches it, or the returned reason ends it.
    fn take(&mut self, taker: &mut Taker, events: &mut Vec<MatchEvent>) -> Option<Removal> {
        let makers = taker.side.opposite();
        while !taker.is_filled() {
            let rank = self.ladder(makers).best()?;
            let price = ranked(makers, rank);
            if !taker.reaches(price) {
                break;
            }
            if taker.takeable(price, &self.units).is_zero() {
                return Some(Removal::BudgetSpent);
            }
            if let Some(reason) = self.take_level(taker, rank, price, events) {
                return Some(reason);
            }
        }
        None
    }

    /// Matches with the orders of the best level, of which the taker can take some, and tells what is left of it.
    fn take_level(
        &mut self,
        taker: &mut Taker,
        rank: i64,
        price: Price,
        events: &mut Vec<MatchEvent>,
    ) -> Option<Removal> {
        // The level is worked on as a copy, so that the rest of the book can be borrowed beside it.
        let side = taker.side.opposite();
        let mut level = *self.ladder_mut(side).get_mut(rank).expect("the best level is there");
        let mut ended = None;
        while let Some(slot) = level.head
            && ended.is_none()
            && !taker.is_filled()
        {
            let qty = taker.takeable(price, &self.units);
            if qty.is_zero() {
                ended = Some(Removal::BudgetSpent);
            } else if taker.stp != StpMode::None && taker.owner == self.orders[slot].owner {
                ended = self.prevent(taker, &mut level, slot, events);
            } else {
                self.trade(taker, qty, &mut level, slot, events);
            }
        }
        events.push(MatchEvent::Level { side, price, qty: level.visible() });
        let ladder: &mut Ladder = self.ladder_mut(side);
        if level.head.is_none() {
            ladder.remove(rank);
        } else {
            *ladder.get_mut(rank).expect("it was there above") = level;
        }
        ended
    }

    /// Trades up to `takeable` with the first order of the level.
    fn trade(
        &mut self,
        taker: &mut Taker,
        takeable: Qty,
        level: &mut Level,
        slot: Slot,
        events: &mut Vec<MatchEvent>,
    ) {
        let maker = &mut self.orders[slot];
        let (id, price) = (maker.id, maker.price);
        let qty = takeable.min(maker.shown);
        taker.trade(price, qty, &self.units);
        maker.left.0 -= qty.0;
        maker.shown.0 -= qty.0;
        level.hide(qty);
        self.last_price = Some(price);
        events.push(MatchEvent::Fill {
            maker: id,
            maker_owner: maker.owner,
            taker: taker.id,
            price,
            qty,
            maker_left: maker.left,
        });
        if maker.left.is_zero() {
            self.leave(level, slot);
        } else if maker.shown.is_zero() {
            self.orders.unlink(level, slot);
            let maker = &mut self.orders[slot];
            maker.shown = maker.slice();
            maker.arrival = self.next_arrival;
            self.next_arrival += 1;
            events.push(MatchEvent::Replenished { id, shown: maker.shown });
            self.orders.link(level, slot);
        }
    }

    /// What self-trade prevention does with the taker and the own maker it met; a reason if the taker ends.
    fn prevent(
        &mut self,
        taker: &mut Taker,
        level: &mut Level,
        slot: Slot,
        events: &mut Vec<MatchEvent>,
    ) -> Option<Removal> {
        let maker = &mut self.orders[slot];
        let (id, price) = (maker.id, maker.price);
        let qty = taker.remainder(price, &self.units).min(maker.left);
        events.push(MatchEvent::SelfTrade { maker: id, taker: taker.id, price, qty, effect: taker.stp });
        let (maker_ends, taker_ends) = match taker.stp {
            StpMode::None => (false, false),
            StpMode::ExpireMaker => (true, false),
            StpMode::ExpireTaker => (false, true),
            StpMode::ExpireBoth => (true, true),
            StpMode::Decrement => {
                taker.prevent(price, qty, &self.units);
                level.hide(maker.reduce_to(Qty(maker.left.0 - qty.0)));
                (maker.left.is_zero(), taker.is_filled())
            }
        };
        if maker_ends {
            events.push(MatchEvent::Removed { id, left: maker.left, reason: Removal::SelfTrade });
            self.leave(level, slot);
        }
        taker_ends.then_some(Removal::SelfTrade)
    }

    /// True if a fill-or-kill order would fill completely. See the crate's rules for own and for hidden orders.
    fn can_fill(&self, taker: &Taker) -> bool {
        let makers = taker.side.opposite();
        let wanted = i128::from(taker.qty().0);
        let mut filled = 0;
        for (rank, level) in self.ladder(makers).iter() {
            if !taker.reaches(ranked(makers, rank)) {
                break;
            }
            let mut shown = 0;
            let mut whole = 0;
            for maker in self.orders.queue(level) {
                match taker.stp {
                    StpMode::ExpireMaker if maker.owner == taker.owner => continue,
                    StpMode::ExpireTaker | StpMode::ExpireBoth | StpMode::Decrement
                        if maker.owner == taker.owner =>
                    {
                        // It is met before any further slice of the orders ahead of it.
                        return filled + shown >= wanted;
                    }
                    _ => {}
                }
                shown += i128::from(maker.shown.0);
                whole += i128::from(maker.left.0);
                if filled + shown >= wanted {
                    return true;
                }
            }
            filled += whole;
            if filled >= wanted {
                return true;
            }
        }
        false
    }

    /// Lets the rest of the taker wait at `price`.
    fn rest(&mut self, taker: &Taker, price: Price, display: Option<Qty>, events: &mut Vec<MatchEvent>) {
        let (side, left) = (taker.side, taker.qty());
        let shown = display.unwrap_or(left).min(left);
        let arrival = self.next_arrival;
        let order = Resting { id: taker.id, owner: taker.owner, side, price, left, shown, display, arrival };
        let visible = self.enter(&order);
        self.next_arrival += 1;
        events.push(MatchEvent::Rested { id: order.id, left });
        events.push(MatchEvent::Level { side, price, qty: visible });
    }

    /// Takes a maker out of a level and the book.
    fn leave(&mut self, level: &mut Level, slot: Slot) {
        let id = self.orders[slot].id;
        self.orders.unlink(level, slot);
        self.index.remove(id, slot);
        self.orders.release(slot);
    }
}
