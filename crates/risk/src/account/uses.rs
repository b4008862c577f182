//! How much of each limit is used, and what an order would do to it.

use types::{Instrument, MarketId, Side};

use super::{Account, Standing, Wish, base_qty, count};
use crate::Proposal;

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Quantity of one order, base units of the market.
    OrderQuantity(MarketId),
    /// Value of one order, in the account's currency.
    OrderValue,
    /// Distance of the limit price beyond the last price, hundredths of a percent.
    PriceBand,
    /// Position if all open orders filled, base units of the market.
    Position(MarketId),
    /// What is at stake, in the account's currency.
    Exposure,
    /// Orders of the last minute.
    OrdersPerMinute,
    /// Lost since the start of the UTC day, in the account's currency.
    DailyLoss,
    /// Fallen from the highest result, hundredths of a percent.
    Drawdown,
}

/// A limit with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which.
    pub kind: Kind,
    /// Used now.
    pub used: i128,
    /// Used with the order; the same without one.
    pub after: i128,
    /// Allowed; `None` when it is off.
    pub max: Option<i128>,
}

impl Account {
    /// Every limit that applies, with and without an order. One that cannot be counted for lack of a price is left out.
    #[must_use]
    pub fn uses(&self, standing: &Standing<'_>, wish: Option<&Wish<'_>>) -> Vec<Use> {
        let mut all = Vec::new();
        if let Some(wish) = wish {
            self.of_order(standing, wish, &mut all);
        }
        self.positions(standing, wish, &mut all);
        self.of_account(standing, wish, &mut all);
        all
    }

    /// The order's largest value in the account's currency.
    fn value(standing: &Standing<'_>, wish: &Wish<'_>) -> Option<i128> {
        let market = &wish.instrument.market;
        let last = standing.marks.last(market.id);
        let one = |terms: &types::Terms| {
            let price = terms.price().or_else(|| terms.trigger().and_then(|t| t.stop)).or(last)?;
            let value = match terms {
                types::Terms::Market { amount: types::order::Amount::Quote(budget) } => *budget,
                terms => market.notional.amount(price, terms.qty()?),
            };
            standing.marks.worth(market.quote.id, value, standing.currency)
        };
        wish.legs.iter().map(one).collect::<Option<Vec<_>>>()?.into_iter().max().map(|value| value.0)
    }

    fn of_order(&self, standing: &Standing<'_>, wish: &Wish<'_>, all: &mut Vec<Use>) {
        let (limits, market) = (self.limits(), &wish.instrument.market);
        let last = standing.marks.last(market.id);
        let qty = wish.legs.iter().map(|terms| base_qty(terms, wish.instrument, last).0).max().unwrap_or(0);
        let of_market = limits.markets.get(&market.id).copied().unwrap_or_default();
        let mut add = |kind, after, max| all.push(Use { kind, used: 0, after, max });
        let qty_max = of_market.order_qty_max.map(|max| i128::from(max.0));
        add(Kind::OrderQuantity(market.id), i128::from(qty), qty_max);
        if let Some(value) = Self::value(standing, wish) {
            add(Kind::OrderValue, value, limits.order_value_max.map(|max| max.0));
        }
        let beyond = |terms: &types::Terms| {
            let (price, last) = (i128::from(terms.price()?.0), i128::from(last?.0));
            let distance = if wish.side == Side::Buy { price - last } else { last - price };
            // Rounded up: what is shown as within the limit is within it.
            let bips = distance.max(0) * 10_000;
            Some(bips.div_euclid(last) + i128::from(bips.rem_euclid(last) != 0))
        };
        if let Some(bips) = wish.legs.iter().filter_map(beyond).max() {
            add(Kind::PriceBand, bips, limits.price_band_bips.map(i128::from));
        }
    }

    fn positions(&self, standing: &Standing<'_>, wish: Option<&Wish<'_>>, all: &mut Vec<Use>) {
        let mut one = |instrument: &Instrument, wish: Option<&Wish<'_>>| {
            let id = instrument.market.id;
            let position = i128::from(self.position(standing, instrument.market.base.id).0);
            let (buys, sells) = self.open(standing, instrument);
            let reach = |buys: i128, sells: i128| (position + buys).abs().max((position - sells).abs());
            let (buys, sells) = (i128::from(buys.0), i128::from(sells.0));
            let max = self.limits().markets.get(&id).and_then(|limits| limits.position_max);
            let used = reach(buys, sells);
            let after = wish.map_or(used, |wish| {
                let last = standing.marks.last(id);
                let qty = wish.legs.iter().map(|terms| base_qty(terms, instrument, last).0).max();
                let qty = i128::from(qty.unwrap_or(0));
                if wish.side == Side::Buy { reach(buys + qty, sells) } else { reach(buys, sells + qty) }
            });
            let max = max.map(|max| i128::from(max.0));
            all.push(Use { kind: Kind::Position(id), used, after, max });
        };
        match wish {
            Some(wish) => one(wish.instrument, Some(wish)),
            None => {
                let limited = self.limits().markets.keys();
                limited.filter_map(|id| standing.marks.market(*id)).for_each(|market| one(market, None));
            }
        }
    }

    fn of_account(&self, standing: &Standing<'_>, wish: Option<&Wish<'_>>, all: &mut Vec<Use>) {
        let limits = self.limits();
        let mut add = |kind, used, after, max| all.push(Use { kind, used, after, max });
        let value = wish.map_or(Some(0), |wish| Self::value(standing, wish));
        if let (Some(now), Some(value)) = (self.exposure(standing, standing.currency), value) {
            let adds = if wish.is_some_and(|wish| self.reduces(standing, wish)) { 0 } else { value };
            add(Kind::Exposure, now.0, now.0 + adds, limits.exposure_max.map(|max| max.0));
        }
        let since = |at: &types::Time| standing.now.since(*at) < super::RATE_WINDOW_NS;
        let sent = i128::from(count(self.sent.iter().filter(|at| since(at)).count()));
        let more = i128::from(count(wish.map_or(0, |wish| wish.legs.len())));
        add(Kind::OrdersPerMinute, sent, sent + more, limits.orders_per_minute.map(i128::from));
        let Some(now) = self.result(standing) else { return };
        let results = self.results().unwrap_or(super::Results { day: 0, day_start: now, highest: now });
        let loss = (results.day_start.0 - now.0).max(0);
        add(Kind::DailyLoss, loss, loss, limits.daily_loss_max.map(|max| max.0));
        let fallen = (results.highest.0 - now.0).max(0);
        let whole = self.worth(standing).0 + fallen;
        let bips = if whole > 0 { fallen.saturating_mul(10_000) / whole } else { 0 };
        add(Kind::Drawdown, bips, bips, limits.drawdown_max_bips.map(i128::from));
    }

    /// Whether an order can only make the position smaller: it puts nothing more at stake.
    fn reduces(&self, standing: &Standing<'_>, wish: &Wish<'_>) -> bool {
        let limits = crate::Limits::default();
        let Ok(view) = self.view(standing, wish, &limits) else { return false };
        let one = |terms: &types::Terms| {
            let proposal = Proposal { side: wish.side, terms: *terms, reduce_only: false };
            crate::checks::reducing::is_reducing(&proposal, &view)
        };
        wish.legs.iter().all(one)
    }
}
