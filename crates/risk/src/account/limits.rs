//! What an account may do.

use std::collections::BTreeMap;

use types::{MarketId, Money, Qty};

/// Limits of an account; `None` switches one off. Money in the account's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountLimits {
    /// Most value of one order.
    pub order_value_max: Option<Money>,
    /// Most at stake: positions and open orders at the marks.
    pub exposure_max: Option<Money>,
    /// Most orders in a minute.
    pub orders_per_minute: Option<u32>,
    /// Largest distance of a limit price beyond the last price, hundredths of a percent.
    pub price_band_bips: Option<u32>,
    /// Largest loss since the start of the UTC day.
    pub daily_loss_max: Option<Money>,
    /// Largest fall of the result from its highest, hundredths of a percent of what the account would be worth without it.
    pub drawdown_max_bips: Option<u32>,
    /// Limits of single markets.
    pub markets: BTreeMap<MarketId, MarketLimits>,
}

/// Limits of an account on one market, in its base asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketLimits {
    /// Most quantity in one order.
    pub order_qty_max: Option<Qty>,
    /// Largest position in the base asset, open orders counted.
    pub position_max: Option<Qty>,
}

impl AccountLimits {
    /// Whether results have to be watched.
    #[must_use]
    pub const fn watches_losses(&self) -> bool {
        self.daily_loss_max.is_some() || self.drawdown_max_bips.is_some()
    }

    /// Whether these allow anything that `before` did not: a limit is higher or gone.
    #[must_use]
    pub fn raises(&self, before: &Self) -> bool {
        let of = |limits: &Self, market: MarketId| limits.markets.get(&market).copied().unwrap_or_default();
        let markets = before.markets.iter().any(|(market, old)| {
            let new = of(self, *market);
            higher(old.order_qty_max, new.order_qty_max) || higher(old.position_max, new.position_max)
        });
        markets
            || higher(before.order_value_max, self.order_value_max)
            || higher(before.exposure_max, self.exposure_max)
            || higher(before.orders_per_minute, self.orders_per_minute)
            || higher(before.price_band_bips, self.price_band_bips)
            || higher(before.daily_loss_max, self.daily_loss_max)
            || higher(before.drawdown_max_bips, self.drawdown_max_bips)
    }
}

fn higher<T: Ord>(old: Option<T>, new: Option<T>) -> bool {
    old.is_some_and(|old| new.is_none_or(|new| new > old))
}
