//! Orders against recorded books and prints.
//!
//! **Takers** walk the book as it is when they arrive, a fill per level, and what they took is gone until the level is shown anew.
//! What a limit leaves rests, what a market order leaves expires. **Resting orders** stand behind what their level showed
//! ([`Queue`](crate::Queue)); prints at their price reach them in turn, prints beyond it and a book that crosses it reach them at
//! once, always at their own price and never for more than was traded or shown. **Stops** follow the prints.
//!
//! A market without a book is filled by its prints: takers at the next one, resting orders when one goes through their price.

use market_data::Applied;
use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::order::AfterTrigger;
use types::{MarketId, Outcome, Price, Print, Qty, Side, Terms, Time, TimeInForce};

use crate::account;
use crate::order::{Doomed, SimOrder, Stage};
use crate::queue::Place;
use crate::resume::triggers;
use crate::{SimVenue, Touch};

impl SimVenue {
    pub(crate) fn snapshot(&mut self, now: Time, market: MarketId, snapshot: &DepthSnapshot) {
        let at = usize::from(market.0);
        let queue = self.config.queue;
        let view = &mut self.markets[at];
        view.has_book = true;
        if view.book.snapshot(snapshot) != Applied::Changed {
            return;
        }
        view.taken.clear();
        view.last = view.last.or_else(|| view.book.book()?.bid().map(|(price, _)| price));
        let all = view.orders.iter_mut().chain(&mut view.recalled);
        for order in all.filter(|o| o.stage == Stage::Resting) {
            let (Some(limit), Some(book)) = (order.limit, view.book.book()) else { continue };
            let shown = book.side(order.order.side).at(limit).0;
            order.place.shown(queue, shown.max(order.place.ahead), shown);
        }
        self.cross(at, now);
    }

    pub(crate) fn diff(&mut self, now: Time, market: MarketId, diff: &DepthDiff) {
        let at = usize::from(market.0);
        let queue = self.config.queue;
        let view = &mut self.markets[at];
        view.has_book = true;
        if !(view.orders.is_empty() && view.recalled.is_empty())
            && let Some(book) = view.book.book()
        {
            let all = view.orders.iter_mut().chain(&mut view.recalled);
            for order in all.filter(|o| o.stage == Stage::Resting) {
                let Some(limit) = order.limit else { continue };
                let levels: &[Level] = if order.buys() { &diff.bids } else { &diff.asks };
                if let Some((_, shown)) = levels.iter().find(|(price, _)| *price == limit) {
                    let before = book.side(order.order.side).at(limit).0;
                    order.place.shown(queue, before, shown.0);
                }
            }
        }
        let applied = view.book.diff(diff);
        if !view.taken.is_empty() {
            let shown = |levels: &[Level], price: Price| levels.iter().any(|(p, _)| *p == price);
            view.taken.retain(|(side, price, _)| {
                !shown(if *side == Side::Buy { &diff.bids } else { &diff.asks }, *price)
            });
        }
        if applied == Applied::Changed && !self.markets[at].orders.is_empty() {
            self.cross(at, now);
        }
    }

    /// A trade of others.
    pub(crate) fn print(&mut self, now: Time, market: MarketId, print: &Print) {
        let at = usize::from(market.0);
        self.markets[at].last = Some(print.price);
        if !self.markets[at].recalled.is_empty() {
            self.markets[at].recalled_print(print);
        }
        self.fire(at, now, print.price);
        let mut left = print.qty.0;
        if !self.markets[at].has_book {
            self.take_prints(at, now, print, &mut left);
        }
        // The taker sold: he met bids, the highest first. Those above the print's price came before it.
        let side = if print.buyer_is_maker { Side::Buy } else { Side::Sell };
        while left > 0 {
            let reached =
                |o: &SimOrder| o.stage == Stage::Resting && o.order.side == side && o.met != print.id;
            let beyond =
                |limit: Price| if side == Side::Buy { limit >= print.price } else { limit <= print.price };
            let orders = self.markets[at].orders.iter().enumerate();
            let found = orders
                .filter(|(_, o)| reached(o) && o.limit.is_some_and(beyond))
                .max_by_key(|(n, o)| {
                    (o.limit.map_or(0, |l| if side == Side::Buy { l.0 } else { -l.0 }), std::cmp::Reverse(*n))
                })
                .map(|(n, _)| n);
            let Some(index) = found else { break };
            let (has_book, touch) = (self.markets[at].has_book, self.config.touch);
            let order = &mut self.markets[at].orders[index];
            order.met = print.id;
            let through = order.limit != Some(print.price);
            let reaches = match (through, has_book) {
                (true, _) => left,
                (false, true) => order.place.trade(left),
                (false, false) if touch == Touch::At => left,
                (false, false) => 0,
            };
            let qty = reaches.min(order.left.0);
            if qty > 0 {
                left -= qty;
                let limit = order.limit.unwrap_or(print.price);
                self.fill_within(at, index, now, limit, None, qty);
            }
        }
        self.watch_collateral(at, now, print.price);
    }

    /// An order has arrived or was fired: it meets the book.
    pub(crate) fn meet(&mut self, at: usize, index: usize, now: Time) {
        let market = &self.markets[at];
        let order = &market.orders[index];
        let (side, tif) = (order.order.side, order.order.terms.tif());
        let Some(book) = market.book.book().filter(|_| market.has_book) else {
            // Nobody knows the book at this moment: it waits for the next one (or for a print).
            return;
        };
        if order.stage == Stage::Resting {
            let shown = order.limit.map_or(0, |limit| book.side(side).at(limit).0);
            self.markets[at].orders[index].place = Place::behind(shown);
            return;
        }
        if order.stage != Stage::Incoming {
            return;
        }
        let within = |price: Price| {
            order.limit.is_none_or(|limit| if side == Side::Buy { price <= limit } else { price >= limit })
        };
        let levels: Vec<(Price, i64)> =
            offered(market, side).take_while(|(price, _)| within(*price)).collect();
        let best = levels.first().map(|(price, _)| *price);
        let whole: i128 = levels.iter().map(|(_, qty)| i128::from(*qty)).sum();
        let id = order.order.client_id;
        if tif != TimeInForce::Fok || whole >= i128::from(order.left.0) {
            for (price, shown) in levels {
                let Some(index) = self.markets[at].find(&id) else { return };
                let before = self.markets[at].orders[index].left;
                let gone = self.fill_within(at, index, now, price, best, shown);
                let after = if gone { Qty::ZERO } else { self.markets[at].orders[index].left };
                self.markets[at].taken.push((side.opposite(), price, Qty((before.0 - after.0).max(0))));
                if gone {
                    return;
                }
            }
        }
        self.leave(at, &id, now);
    }

    /// What becomes of what the book did not give.
    fn leave(&mut self, at: usize, id: &types::ClientOrderId, now: Time) {
        let Some(index) = self.markets[at].find(id) else { return };
        let market = &mut self.markets[at];
        let order = &mut market.orders[index];
        match (order.limit, order.order.terms.tif()) {
            (Some(limit), TimeInForce::Gtc) => {
                let shown = market.book.book().map_or(0, |book| book.side(order.order.side).at(limit).0);
                order.stage = Stage::Resting;
                order.place = Place::behind(shown);
            }
            _ => self.end(at, index, now, Outcome::Expired),
        }
    }

    /// Resting orders that the book has come to, and orders that waited for a book.
    fn cross(&mut self, at: usize, now: Time) {
        let mut index = 0;
        while let Some(order) = self.markets[at].orders.get(index) {
            let (side, id) = (order.order.side, order.order.client_id);
            match (order.stage, order.limit) {
                (Stage::Incoming, _) => self.meet(at, index, now),
                (Stage::Resting, Some(limit)) => {
                    let crossed =
                        |price: Price| if side == Side::Buy { price <= limit } else { price >= limit };
                    let found = offered(&self.markets[at], side).next().filter(|(price, _)| crossed(*price));
                    if let Some((price, shown)) = found {
                        let qty = shown.min(order.left.0);
                        self.markets[at].taken.push((side.opposite(), price, Qty(qty)));
                        self.fill_within(at, index, now, limit, None, qty);
                        // It may meet the next level as well.
                        if self.markets[at].find(&id).is_some() {
                            continue;
                        }
                    }
                }
                _ => {}
            }
            // The place of an order that has gone is the next one's.
            index = self.markets[at].find(&id).map_or(index, |n| n + 1);
        }
    }

    /// Stops and trailing stops follow the prints.
    fn fire(&mut self, at: usize, now: Time, last: Price) {
        let orders = self.markets[at].orders.iter_mut();
        let fired: Vec<_> =
            orders.filter_map(|order| triggers(order, last).then_some(order.order.client_id)).collect();
        for id in fired {
            // The other one of its pair may have ended it.
            let Some(index) = self.markets[at].find(&id) else { continue };
            let order = &mut self.markets[at].orders[index];
            let Terms::Stop { then, .. } = order.order.terms else { continue };
            order.stage = Stage::Incoming;
            order.limit = match then {
                AfterTrigger::Market => None,
                AfterTrigger::Limit { price, .. } => Some(price),
            };
            let index = self.end_peer(at, index, now).unwrap_or(index);
            self.meet(at, index, now);
        }
    }

    /// Without a book: takers trade with the print.
    fn take_prints(&mut self, at: usize, now: Time, print: &Print, left: &mut i64) {
        let mut index = 0;
        while let Some(order) = self.markets[at].orders.get(index).filter(|_| *left > 0) {
            let meets = |limit: Price| if order.buys() { print.price <= limit } else { print.price >= limit };
            if order.stage != Stage::Incoming {
                index += 1;
                continue;
            }
            let (id, tif) = (order.order.client_id, order.order.terms.tif());
            if order.limit.is_none_or(meets) && (tif != TimeInForce::Fok || order.left.0 <= *left) {
                let before = order.left.0;
                let gone = self.fill_within(at, index, now, print.price, Some(print.price), *left);
                *left -= if gone { before } else { before - self.markets[at].orders[index].left.0 };
            }
            let Some(order) = self.markets[at].orders.get_mut(index).filter(|o| o.order.client_id == id)
            else {
                continue;
            };
            match (order.limit, tif) {
                (Some(_), TimeInForce::Gtc) => order.stage = Stage::Resting,
                (Some(_), _) => self.end(at, index, now, Outcome::Expired),
                // A market order waits for the next print.
                (None, _) => index += 1,
            }
        }
    }

    /// Fills at most `most` of an order.
    fn fill_within(
        &mut self,
        at: usize,
        index: usize,
        now: Time,
        price: Price,
        seen: Option<Price>,
        most: i64,
    ) -> bool {
        self.markets[at].room = Some(i128::from(most));
        let gone = self.fill(at, index, now, price, seen);
        self.markets[at].room = None;
        gone
    }

    /// Liquidates whoever's collateral ends at `last`.
    fn watch_collateral(&mut self, at: usize, now: Time, last: Price) {
        let id = self.markets[at].instrument.market.id;
        let doomed = self.accounts.holders(id).find_map(|(account, ledger)| {
            let long = ledger.position(id).qty().0 > 0;
            let price = account::liquidation_price(ledger, id, &self.markets)?;
            let gone = if long { last <= price } else { last >= price };
            gone.then_some(Doomed { account, at: now, price: last })
        });
        if let Some(doomed) = doomed {
            self.liquidate(at, doomed);
        }
    }
}

/// What an order of `side` can take: the other side's levels, best first, less what we took of them already.
fn offered(market: &crate::order::SimMarket, side: Side) -> impl Iterator<Item = (Price, i64)> + '_ {
    let other = side.opposite();
    let taken = move |price: Price| {
        let ours = market.taken.iter().filter(move |(s, p, _)| *s == other && *p == price);
        ours.map(|(_, _, qty)| qty.0).sum::<i64>()
    };
    let levels = market.book.book().into_iter().flat_map(move |book| book.side(other).iter());
    levels.map(move |(price, qty)| (price, qty.0 - taken(price))).filter(|(_, qty)| *qty > 0)
}
