//! What a strategy may look at.

use market_data::{MarketView, Markets};
use portfolio::position::BotAccount;
use types::{MarketId, Price, Qty, Side, SignedQty, Time};

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
}
