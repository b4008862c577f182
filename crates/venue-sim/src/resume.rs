//! Going on after a process that ended: the past is lived through again in silence, and orders that live stand where they stood.
//!
//! An order that is recalled at the moment at which it had arrived follows the market as it did then: its place in the queue, the best
//! price of a trailing stop, a trigger that fired and left a limit. It trades nothing meanwhile; what it traded is in its owner's
//! books, and says how much is left of it. Limit: where several orders of one account stood at one price, what a print gave to
//! those that have ended counts as if it had passed the others, too.

use matching::triggers::{Direction, trailing_stop};
use orders::VenueOrder;
use types::order::AfterTrigger;
use types::{AssetId, Bar, Money, Price, Print, Qty, Side, Terms, Time, TimeInForce};

use crate::bars::Plan;
use crate::order::{SimMarket, SimOrder, Stage};
use crate::path::BarPath;
use crate::queue::Place;
use crate::{SimVenue, account};

impl SimVenue {
    /// An account as its owner's books have it.
    pub fn restore_account(&mut self, account: types::AccountId, ledger: portfolio::position::BotAccount) {
        self.accounts.restore(account, ledger);
    }

    /// An order that will be restored: `now` is when it had arrived. From here on it follows the market.
    pub fn recall_order(&mut self, now: Time, order: &VenueOrder) {
        let plan = Plan::of(&self.config);
        let Some(market) = self.markets.get_mut(usize::from(order.market.0)) else { return };
        let mut recalled = SimOrder::new(*order, (AssetId(0), Money::ZERO), now);
        if recalled.limit.is_some() {
            rest(&mut recalled, market);
        }
        plan.make(market.bar, None, &market.instrument, &mut recalled);
        market.recalled.push(recalled);
    }

    /// A live order of which `left` may still trade goes on: where it stands if it was recalled, else at the end of its queue, with a
    /// trailing stop that follows the price anew.
    pub fn restore_order(&mut self, now: Time, order: &VenueOrder, left: Qty) {
        let at = usize::from(order.market.0);
        let (Some(market), Some(account)) = (self.markets.get(at), self.accounts.get(order.account)) else {
            return;
        };
        let price = self.price(market, order.side, now).or_else(|| order.terms.price()).unwrap_or_default();
        let needed = account::needed(order, &market.instrument, account, price, &self.config.fees);
        let whole = order.terms.qty().unwrap_or(left).0.max(1);
        let Ok((asset, hold)) = needed else { return };
        let hold = Money(hold.0 / i128::from(whole) * i128::from(left.0) + hold.0 % i128::from(whole));
        // One of a pair holds for both.
        let is_second = order.other.is_some_and(|leg| market.find(&leg.client_id).is_some());
        let hold = if is_second { Money::ZERO } else { hold };
        let market = &mut self.markets[at];
        let known = market.recalled.iter().position(|o| o.order.client_id == order.client_id);
        let recalled = known.map(|place| market.recalled.remove(place));
        let goes_on = recalled.is_some();
        let mut live = recalled.unwrap_or_else(|| SimOrder::new(*order, (asset, hold), now));
        (live.left, live.hold) = (left, (asset, hold));
        if !goes_on && live.limit.is_some() {
            live.stage = Stage::Resting;
            // Behind whatever the first book shows.
            live.place = Place::behind(i64::MAX);
        }
        if matches!(live.stage, Stage::Armed { .. }) && live.due.is_some_and(|(due, _)| due <= now) {
            fired(&mut live, market);
        }
        // What was due before now has happened, or the order would not live.
        let planned = goes_on && live.due.is_none_or(|(due, _)| due > now);
        market.orders.push(live);
        let index = market.orders.len() - 1;
        if market.bar.is_none() {
            if !goes_on {
                self.meet(at, index, now);
            }
        } else if planned {
            self.markets[at].refresh_due();
            self.refresh_due();
        } else {
            self.schedule(at, index, now);
            self.refresh_due();
        }
    }

    /// Its own numbers for orders and trades go on above `last`, so that none is used twice.
    pub fn number_from(&mut self, last: u64) {
        self.orders = self.orders.max(last);
        self.trades = self.trades.max(last);
    }
}

impl SimMarket {
    /// A bar begins for recalled orders.
    pub(crate) fn recalled_begin(&mut self, bar: &Bar, plan: &Plan) {
        let path = BarPath::of(bar);
        let mut orders = std::mem::take(&mut self.recalled);
        for order in &mut orders {
            // What the bar before led to has happened by now.
            if order.due.is_some() && matches!(order.stage, Stage::Armed { .. }) {
                fired(order, self);
            }
            order.from = order.from.max(path.start);
            if let (Stage::Armed { best }, Some(after)) = (&mut order.stage, order.best_after) {
                *best = Some(after);
            }
            plan.make(Some(path), None, &self.instrument, order);
        }
        self.recalled = orders;
    }

    /// Recalled orders see a trade of others.
    pub(crate) fn recalled_print(&mut self, print: &Print) {
        let mut orders = std::mem::take(&mut self.recalled);
        let side = if print.buyer_is_maker { Side::Buy } else { Side::Sell };
        for order in &mut orders {
            if order.stage == Stage::Resting {
                if self.has_book && order.order.side == side && order.limit == Some(print.price) {
                    order.place.trade(print.qty.0);
                }
            } else if triggers(order, print.price) {
                fired(order, self);
            }
        }
        self.recalled = orders;
    }
}

/// A trigger fired: what it leaves rests, if it has a limit. (A market order of it would not live any more.)
fn fired(order: &mut SimOrder, market: &SimMarket) {
    let Terms::Stop { then: AfterTrigger::Limit { price, .. }, .. } = order.order.terms else { return };
    order.limit = Some(price);
    rest(order, market);
}

fn rest(order: &mut SimOrder, market: &SimMarket) {
    if order.order.terms.tif() != TimeInForce::Gtc {
        return;
    }
    order.stage = Stage::Resting;
    let book = market.book.book().zip(order.limit);
    order.place = Place::behind(book.map_or(0, |(book, limit)| book.side(order.order.side).at(limit).0));
}

/// A stop that waits sees a price; whether it fires. A trailing one remembers the best price.
pub(crate) fn triggers(order: &mut SimOrder, last: Price) -> bool {
    let (Stage::Armed { best }, Terms::Stop { trigger, .. }) = (order.stage, order.order.terms) else {
        return false;
    };
    let side = order.order.side;
    let direction = Direction::of(trigger.kind, side);
    let reached = trigger.stop.is_none_or(|stop| direction.reached(stop, last));
    match (trigger.trailing, best) {
        (None, _) => reached,
        (Some(_), None) => {
            if reached {
                order.stage = Stage::Armed { best: Some(last) };
            }
            false
        }
        (Some(delta), Some(best)) => {
            let best = if side == Side::Sell { best.max(last) } else { best.min(last) };
            order.stage = Stage::Armed { best: Some(best) };
            let back = if side == Side::Sell { Direction::Falling } else { Direction::Rising };
            back.reached(trailing_stop(side, best, delta), last)
        }
    }
}
