//! Orders against bars: when, inside a bar, the assumed path of the price makes an order trade.
//!
//! A bar that begins makes a plan: every order gets the first moment at which something happens to it, computed from the
//! corners of the path, and an order that comes later gets it from its arrival on. A bar without orders costs a comparison.
//!
//! Takers pay the price of the moment plus slippage. A resting order is filled at its limit, never better: others stood in
//! line between. Flat bars (no trades) fill too unless a share of the volume is set as the bound.

use matching::triggers::Direction;
use types::order::AfterTrigger;
use types::{Bar, Instrument, InstrumentKind, MarketId, Outcome, Price, Side, Terms, Time, TimeInForce};

use crate::order::{SimMarket, SimOrder, Stage};
use crate::path::{BarPath, Corners};
use crate::{Config, PricePath, SimVenue, Slippage, Touch};

/// Whole of a share in 10^-8.
const SHARE_ONE: i128 = 100_000_000;

impl SimVenue {
    /// A bar begins.
    pub(crate) fn begin_bar(&mut self, market: MarketId, bar: &Bar) {
        let at = usize::from(market.0);
        let participation = self.config.participation_bips;
        let view = &mut self.markets[at];
        let path = BarPath::of(bar);
        view.bar = Some(path);
        view.volume = bar.volume.0;
        view.room = participation.map(|bips| bar.volume.0.saturating_mul(i128::from(bips)) / 10_000);
        view.last = Some(bar.open);
        if !view.recalled.is_empty() {
            let plan = Plan::of(&self.config);
            self.markets[at].recalled_begin(bar, &plan);
        }
        let view = &mut self.markets[at];
        let idle = view.orders.is_empty() && view.due.is_none();
        if !idle {
            for index in 0..self.markets[at].orders.len() {
                let order = &mut self.markets[at].orders[index];
                order.from = order.from.max(path.start);
                if let (Stage::Armed { best }, Some(after)) = (&mut order.stage, order.best_after) {
                    *best = Some(after);
                }
                self.plan(at, index);
            }
        }
        let perpetual = matches!(self.markets[at].instrument.kind, InstrumentKind::LinearPerp { .. });
        if perpetual {
            self.plan_liquidation(at);
        }
        if !idle || perpetual {
            self.markets[at].refresh_due();
            self.refresh_due();
        }
    }

    /// The price an order of `side` would meet at `now`: inside a bar the path's, else the book's best, else the last one.
    pub(crate) fn price(&self, market: &SimMarket, side: Side, now: Time) -> Option<Price> {
        if let Some(bar) = market.bar {
            return Some(bar.corners(self.config.path, side).price_at(now, side == Side::Buy));
        }
        let best = market.book.book().and_then(|book| book.side(side.opposite()).best());
        best.map(|(price, _)| price).or(market.last)
    }

    /// An order arrived or changed at `now`: plans what happens to it in the present bar.
    pub(crate) fn schedule(&mut self, at: usize, index: usize, now: Time) {
        self.markets[at].orders[index].from = now;
        self.plan(at, index);
        self.markets[at].refresh_due();
    }

    fn plan(&mut self, at: usize, index: usize) {
        let plan = Plan::of(&self.config);
        let market = &mut self.markets[at];
        plan.make(market.bar, market.room, &market.instrument, &mut market.orders[index]);
    }

    /// Does the first thing that is due at `now`: a liquidation waits for the orders of the same moment, one may prevent it.
    pub(crate) fn act(&mut self, now: Time) {
        let Some(at) = self.markets.iter().position(|m| m.due == Some(now)) else { return };
        let market = &self.markets[at];
        let first = market.orders.iter().position(|o| o.due.is_some_and(|due| due.0 == now));
        match (first, market.liquidation) {
            (Some(index), _) => self.act_on(at, index, now),
            (None, Some(doomed)) => self.liquidate(at, doomed),
            (None, None) => {}
        }
        self.markets[at].refresh_due();
        self.refresh_due();
    }

    fn act_on(&mut self, at: usize, index: usize, now: Time) {
        let order = &mut self.markets[at].orders[index];
        let Some((_, price)) = order.due.take() else { return };
        match order.stage {
            Stage::Resting => {
                let limit = order.limit.unwrap_or(price);
                self.fill(at, index, now, limit, None);
            }
            Stage::Armed { .. } => {
                let Terms::Stop { then, .. } = order.order.terms else { return };
                order.limit = match then {
                    AfterTrigger::Market => None,
                    AfterTrigger::Limit { price, .. } => Some(price),
                };
                order.stage = Stage::Incoming;
                order.from = now;
                let index = self.end_peer(at, index, now).unwrap_or(index);
                self.take(at, index, now, price);
            }
            Stage::Incoming => self.take(at, index, now, price),
        }
    }

    /// An incoming order meets the market at `price`.
    fn take(&mut self, at: usize, index: usize, now: Time, price: Price) {
        let order = &self.markets[at].orders[index];
        let tif = order.order.terms.tif();
        let takes =
            order.limit.is_none_or(|limit| if order.buys() { limit >= price } else { limit <= price });
        if takes {
            let all = self.markets[at].room.is_none_or(|room| room >= i128::from(order.left.0));
            if tif != TimeInForce::Fok || all {
                let paid = self.slip(at, index, price);
                if self.fill(at, index, now, paid, Some(price)) {
                    return;
                }
            }
        }
        // What is left of it.
        let order = &mut self.markets[at].orders[index];
        match (order.limit, tif) {
            (Some(_), TimeInForce::Gtc) => {
                order.stage = Stage::Resting;
                self.schedule(at, index, now);
            }
            (Some(_), TimeInForce::Ioc | TimeInForce::Fok) => self.end(at, index, now, Outcome::Expired),
            // A market order waits for the volume of the next bar.
            (None, _) => {}
        }
    }

    /// The price with slippage, on the tick, not beyond the limit.
    fn slip(&mut self, at: usize, index: usize, price: Price) -> Price {
        let market = &self.markets[at];
        let order = &market.orders[index];
        let (buys, limit) = (order.buys(), order.limit);
        let share = |of: i64, rate: u32| (i128::from(of) * i128::from(rate) + SHARE_ONE - 1) / SHARE_ONE;
        let extra = match self.config.slippage {
            Slippage::None => 0,
            Slippage::Rate(rate) => share(price.0, rate),
            Slippage::Range(rate) => market.bar.map_or(0, |bar| share(bar.high.0 - bar.low.0, rate)),
            Slippage::Volume(rate) => {
                let (qty, volume) = (i128::from(order.left.0), market.volume.max(1));
                share(price.0, rate).saturating_mul(qty.min(volume)) / volume
            }
        };
        let extra = i64::try_from(extra).unwrap_or(i64::MAX);
        let raw = if buys { price.0.saturating_add(extra) } else { (price.0 - extra).max(1) };
        let tick = market.instrument.market.rules.tick.at(Price(raw)).0.max(1);
        let down = raw - raw.rem_euclid(tick);
        let on_tick = if buys && down != raw { down.saturating_add(tick) } else { down.max(tick) };
        match limit {
            Some(limit) if buys => Price(on_tick.min(limit.0)),
            Some(limit) => Price(on_tick.max(limit.0)),
            None => Price(on_tick),
        }
    }
}

/// How an order's part in a bar is planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    path: PricePath,
    touch: Touch,
}

impl Plan {
    pub(crate) const fn of(config: &Config) -> Self {
        Self { path: config.path, touch: config.touch }
    }

    /// When, and at what price, something happens to an order in `bar`, of which orders may still take `room`.
    pub(crate) fn make(
        self,
        bar: Option<BarPath>,
        room: Option<i128>,
        instrument: &Instrument,
        order: &mut SimOrder,
    ) {
        order.due = None;
        let Some(bar) = bar else { return };
        // At the very end of a bar only the convention of filling at the close still knows a price.
        let over = if self.path == PricePath::Close { order.from > bar.end } else { order.from >= bar.end };
        let empty = room.is_some_and(|room| room < i128::from(instrument.market.rules.lot.step.0));
        if over || (empty && !matches!(order.stage, Stage::Armed { .. })) {
            return;
        }
        let corners = bar.corners(self.path, order.order.side);
        let buys = order.buys();
        match order.stage {
            Stage::Incoming => order.due = Some((order.from, corners.price_at(order.from, buys))),
            Stage::Resting => {
                let Some(limit) = order.limit else { return };
                let tick = instrument.market.rules.tick.at(limit).0;
                let beyond = match (self.touch, buys) {
                    (Touch::At, _) => limit.0,
                    (Touch::Through, true) => limit.0 - tick,
                    (Touch::Through, false) => limit.0.saturating_add(tick),
                };
                let outside = if buys { bar.low.0 > beyond } else { bar.high.0 < beyond };
                if !outside {
                    order.due = corners.reach(order.from, Price(beyond), buys);
                }
            }
            Stage::Armed { best } => armed(order, best, corners),
        }
    }
}

/// When a stop fires within a bar.
fn armed(order: &mut SimOrder, best: Option<Price>, corners: Corners) {
    let Terms::Stop { trigger, .. } = order.order.terms else { return };
    let falls = Direction::of(trigger.kind, order.order.side) == Direction::Falling;
    let begins = match (best, trigger.stop) {
        (Some(best), _) => Some((order.from, best)),
        (None, Some(stop)) => corners.reach(order.from, stop, falls),
        (None, None) => Some((order.from, corners.price_at(order.from, !order.buys()))),
    };
    match (trigger.trailing, begins) {
        (None, fires) => order.due = fires,
        (Some(delta), Some((from, best))) => {
            let (fires, best) = corners.trail(from, best, order.order.side, delta);
            (order.due, order.best_after) = (fires, Some(best));
        }
        (Some(_), None) => {}
    }
}
