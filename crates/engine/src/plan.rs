//! Which orders are to guard a position: what its bracket says, as far as the venue can keep it.

use types::order::{AfterTrigger, StopKind, Trigger};
use types::{Price, Qty, Side, SignedQty, Terms, TimeInForce};

use crate::engine::Engine;
use crate::guard::TRIES;

/// The orders that are to guard a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) stop: Option<Terms>,
    pub(crate) target: Option<Terms>,
}

/// A position as a guard needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) qty: SignedQty,
    pub(crate) average: Price,
}

impl Held {
    pub(crate) const fn is_long(self) -> bool {
        self.qty.0 > 0
    }

    /// The side that closes it.
    pub(crate) const fn exit(self) -> Side {
        if self.is_long() { Side::Sell } else { Side::Buy }
    }
}

impl Engine {
    /// What is to rest at the venue.
    pub(crate) fn plan(&self, at: usize, n: usize, held: Held) -> Plan {
        let (bot, guard) = (&self.bots[at], &self.bots[at].guards[n]);
        let (Some(bracket), Some(view)) = (guard.bracket, self.markets.get(guard.market)) else {
            return Plan::default();
        };
        let (buys, sells) = bot.working(guard.market);
        let own = if held.is_long() { sells } else { buys };
        let qty = self.closable(at, guard.market, held, own);
        if guard.refused >= TRIES || self.is_dust(guard.market, qty, held.average) {
            return Plan::default();
        }
        let rules = &view.instrument().market.rules;
        let (long, exit) = (held.is_long(), held.exit());
        let on_tick = |price: Price| {
            let tick = rules.tick.at(price).0.max(1);
            let down = price.0 - price.0.rem_euclid(tick);
            Price(if exit == Side::Buy || down == price.0 { down } else { down.saturating_add(tick) })
        };
        let fits = |bips: types::Bips| rules.trailing == (0, 0) || within(bips.0, rules.trailing);
        let fixed = bracket.stop_price(held.average, long).filter(|_| self.native.stop).map(on_tick);
        let trailing = bracket.trailing().filter(|bips| self.native.trailing && fits(*bips));
        let stop = (fixed.is_some() || trailing.is_some()).then_some(Terms::Stop {
            trigger: Trigger { kind: StopKind::StopLoss, stop: fixed, trailing },
            qty,
            then: AfterTrigger::Market,
        });
        let price = bracket.target_price(held.average, long).map(on_tick);
        let target = price.and_then(|price| match stop {
            // Two orders that do not know of each other must not hold the same quantity.
            Some(_) => self.native.oco.then_some(Terms::LimitMaker { price, qty, display: None }),
            None => Some(Terms::Limit { price, qty, tif: TimeInForce::Gtc, display: None }),
        });
        Plan { stop, target }
    }
}

const fn within(value: u32, (min, max): (u32, u32)) -> bool {
    value >= min && value <= max
}

/// Whether an order that lives, and of which `open` may still trade, is the one that is wanted.
pub(crate) fn is_same(live: &Terms, open: Qty, wanted: &Terms) -> bool {
    let same_kind = live.order_type() == wanted.order_type()
        && live.price() == wanted.price()
        && live.trigger() == wanted.trigger();
    same_kind && Some(open) == wanted.qty()
}
