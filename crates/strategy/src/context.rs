//! What a strategy may look at.

use market_data::{MarketView, Markets};
use portfolio::position::BotAccount;
use types::{InstrumentKind, MarketId, Money, Price, Qty, Side, SignedQty, Time};

use crate::Tag;

/// One of the bot's own orders that may still trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// The mark its strategy gave it.
    pub tag: Tag,
    /// Where.
    pub market: MarketId,
    /// Direction.
    pub side: Side,
    /// Its limit price, if its terms have one.
    pub price: Option<Price>,
    /// What may still trade.
    pub open: Qty,
}

/// The world at the moment of an event.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Now: the time of the input.
    pub now: Time,
    /// Instruments and markets.
    pub markets: &'a Markets,
    /// The bot's own assets and positions.
    pub account: &'a BotAccount,
    /// Quantity of its working orders by market: buys and sells.
    pub working: &'a [(Qty, Qty)],
    /// Its working orders, in no order that means anything.
    pub orders: &'a [OpenOrder],
}

impl<'a> Context<'a> {
    /// A market it subscribed to.
    #[must_use]
    pub fn market(&self, market: MarketId) -> Option<&'a MarketView> {
        self.markets.get(market)
    }

    /// Its position.
    #[must_use]
    pub fn position(&self, market: MarketId) -> SignedQty {
        self.account.position(market).qty()
    }

    /// Quantity of its working orders on a side.
    #[must_use]
    pub fn working(&self, market: MarketId, side: Side) -> Qty {
        let (buys, sells) = self.working.get(usize::from(market.0)).copied().unwrap_or_default();
        if side == Side::Buy { buys } else { sells }
    }

    /// `price` on the instrument's tick: down for a buy, up for a sell, so never worse for its owner.
    #[must_use]
    pub fn on_tick(&self, market: MarketId, side: Side, price: Price) -> Price {
        let Some(view) = self.market(market) else { return price };
        let tick = view.instrument().market.rules.tick.at(price).0.max(1);
        let down = price.0 - price.0.rem_euclid(tick);
        Price(if side == Side::Buy || down == price.0 { down } else { down.saturating_add(tick) })
    }

    /// `qty` in whole lots, rounded down.
    #[must_use]
    pub fn in_lots(&self, market: MarketId, qty: Qty) -> Qty {
        let step = self.market(market).map_or(1, |v| v.instrument().market.rules.lot.step.0.max(1));
        Qty(qty.0 - qty.0.rem_euclid(step))
    }

    /// Its working order with this mark.
    #[must_use]
    pub fn order(&self, tag: Tag) -> Option<&'a OpenOrder> {
        self.orders.iter().find(|o| o.tag == tag)
    }

    /// Whether a position below zero is possible there.
    #[must_use]
    pub fn can_short(&self, market: MarketId) -> bool {
        let kind = self.market(market).map(|v| v.instrument().kind);
        matches!(kind, Some(InstrumentKind::LinearPerp { .. }))
    }

    /// `qty` as a limit order at `price` may have it: whole lots within the instrument's limits. `None` when what is left is too
    /// small to send; too much is cut to the largest order.
    #[must_use]
    pub fn sendable(&self, market: MarketId, qty: Qty, price: Price) -> Option<Qty> {
        self.within(market, qty, price, false)
    }

    /// The same for a market order, valued at the last price.
    #[must_use]
    pub fn sendable_at_market(&self, market: MarketId, qty: Qty) -> Option<Qty> {
        self.within(market, qty, self.market(market)?.last()?, true)
    }

    /// The smallest quantity a market order may have, valued at the last price.
    #[must_use]
    pub fn least_at_market(&self, market: MarketId) -> Option<Qty> {
        let view = self.market(market)?;
        let listed = &view.instrument().market;
        let rules = &listed.rules;
        let step = rules.market_lot.step.0.max(rules.lot.step.0).max(1);
        let least = rules.market_lot.min.0.max(rules.lot.min.0).max(step);
        let up = |qty: i64| qty.saturating_add(step - 1) / step * step;
        let least = up(least);
        let worth = listed.notional.amount(view.last()?, Qty(least));
        if worth >= rules.notional_min || worth.0 <= 0 {
            return Some(Qty(least));
        }
        // The smallest number of lots whose value reaches the smallest value: proportional, rounded up.
        let lots = (rules.notional_min.0 * i128::from(least)).div_euclid(worth.0) + 1;
        Some(Qty(up(i64::try_from(lots).ok()?)))
    }

    fn within(&self, market: MarketId, qty: Qty, price: Price, at_market: bool) -> Option<Qty> {
        let listed = &self.market(market)?.instrument().market;
        let rules = &listed.rules;
        let lot = if at_market { &rules.market_lot } else { &rules.lot };
        let step = lot.step.0.max(rules.lot.step.0).max(1);
        let most = if lot.max.0 > 0 { lot.max.0 } else { i64::MAX };
        let fitting = qty.0.min(most) - qty.0.min(most).rem_euclid(step);
        let worth = listed.notional.amount(price, Qty(fitting.max(0)));
        let enough = fitting > 0 && fitting >= lot.min.0 && worth >= rules.notional_min;
        let worth_most = rules.notional_max;
        if enough && !at_market && worth_most > Money::ZERO && worth > worth_most {
            let cut = listed.notional.affordable(worth_most, price, Qty(step));
            return (cut.0 > 0 && cut >= lot.min).then_some(cut);
        }
        enough.then_some(Qty(fitting))
    }
}
