//! A fill, an end, a liquidation: what they do to orders and accounts, and what is said about them.

use types::order::Amount;
use types::{InstrumentKind, Liquidation, Money, Outcome, Price, Qty, Side, Terms, Time, VenueFill};

use crate::account;
use crate::order::{Doomed, Ends};
use crate::{News, SimVenue};

impl SimVenue {
    /// Fills what can be filled at `price`; true when the order is gone. `seen`: the price without slippage, for a taker;
    /// `None` for a maker.
    pub(crate) fn fill(
        &mut self,
        at: usize,
        index: usize,
        now: Time,
        price: Price,
        seen: Option<Price>,
    ) -> bool {
        let Some(qty) = self.fillable(at, index, price, seen.is_none()) else {
            self.end(at, index, now, Outcome::Expired);
            return true;
        };
        if qty == Qty::ZERO {
            return false;
        }
        let index = self.end_peer(at, index, now).unwrap_or(index);
        let trade = self.next_trade();
        let market = &mut self.markets[at];
        let order = &mut market.orders[index];
        let (side, account, client_id) = (order.order.side, order.order.account, order.order.client_id);
        let notional = market.instrument.market.notional;
        let quote = notional.amount(price, qty);
        let is_maker = seen.is_none();
        let Ok((fee, fee_asset)) =
            account::fee(&self.config.fees, &market.instrument, side, is_maker, qty, quote)
        else {
            self.end(at, index, now, Outcome::Expired);
            return true;
        };
        if let Some(room) = &mut market.room {
            *room -= i128::from(qty.0);
        }
        let step = market.instrument.market.rules.lot.step;
        let done = if let Some(budget) = &mut order.budget {
            let fee_too = if fee_asset == market.instrument.market.quote.id { fee.0 } else { 0 };
            budget.0 -= quote.0 + fee_too;
            notional.affordable(*budget, price, step) == Qty::ZERO
        } else {
            // What is left keeps its share of the reservation, rounded up.
            let before = i128::from(order.left.0);
            order.left.0 -= qty.0;
            let rest = i128::from(order.left.0);
            order.hold.1.0 = (order.hold.1.0 / before * rest + order.hold.1.0 % before).min(order.hold.1.0);
            rest == 0
        };
        let fill = VenueFill { trade, price, qty, quote, fee, fee_asset, is_maker };
        account::book(self.accounts.get_mut(account), &market.instrument, side, &fill);
        let lost = seen.map_or(0, |seen| (quote.0 - notional.amount(seen, qty).0).abs());
        self.slipped.0 = self.slipped.0.saturating_add(lost);
        let by_budget = order.budget.is_some();
        if done {
            market.orders.remove(index);
        }
        let id = market.instrument.market.id;
        self.report(now, id, client_id, Outcome::Fill(fill));
        // No quantity tells that an order by amount is complete: its end is said.
        if done && by_budget {
            self.report(now, id, client_id, Outcome::Expired);
        }
        self.plan_liquidation(at);
        done
    }

    /// How much of an order can trade at `price`: bounded by what the bar's volume still gives and, on spot, by what its owner
    /// can pay. `None` when it can trade nothing, now or later.
    fn fillable(&self, at: usize, index: usize, price: Price, is_maker: bool) -> Option<Qty> {
        let market = &self.markets[at];
        let order = &market.orders[index];
        let listed = &market.instrument.market;
        let step = listed.rules.lot.step.0.max(1);
        let mut qty = order.left;
        if let (Some(budget), Terms::Market { amount: Amount::Quote(_) }) = (order.budget, order.order.terms)
        {
            qty = listed.notional.affordable(self.without_fee(budget), price, Qty(step));
        } else if market.instrument.kind == InstrumentKind::Spot && order.buys() && !is_maker {
            // The price may have risen since the order was accepted.
            let account = self.accounts.get(order.order.account)?;
            let free = account::free(order.order.account, account, listed.quote.id, &self.markets);
            let budget = self.without_fee(Money(free.0.saturating_add(order.hold.1.0)));
            if listed.notional.amount(price, qty) > budget {
                qty = listed.notional.affordable(budget, price, Qty(step));
            }
        }
        if qty.0 < step {
            return None;
        }
        if order.order.reduce_only && market.instrument.kind != InstrumentKind::Spot {
            // What it was to close may have been closed since it was accepted.
            let held = self.accounts.get(order.order.account)?.position(listed.id).qty();
            let closes = if order.buys() == (held.0 < 0) { held.size() } else { Qty::ZERO };
            qty = qty.min(closes);
            if qty.0 < step {
                return None;
            }
        }
        match market.room {
            Some(room) if i128::from(qty.0) > room => {
                let room = i64::try_from(room.max(0)).unwrap_or(i64::MAX);
                Some(Qty(room - room % step))
            }
            _ => Some(qty),
        }
    }

    /// The largest notional whose taker fee, charged in quote, still fits into `budget`.
    fn without_fee(&self, budget: Money) -> Money {
        let fees = &self.config.fees;
        if fees.in_received {
            return budget;
        }
        let one = types::FeeRate::ONE;
        let scaled = budget.0.checked_mul(one).map(|b| b / (one + i128::from(fees.taker.0)));
        Money(scaled.unwrap_or(budget.0))
    }

    /// Takes an order out and says how it ended.
    pub(crate) fn end(&mut self, at: usize, index: usize, now: Time, how: Outcome) {
        let order = self.markets[at].orders.remove(index);
        self.report(now, order.order.market, order.order.client_id, how);
    }

    /// Finds out whether the present bar takes the collateral of a position in this market.
    pub(crate) fn plan_liquidation(&mut self, at: usize) {
        let Some(bar) = self.markets[at].bar else { return };
        self.refresh_ends(at);
        let from = self.now_in(bar.start);
        let mut first: Option<Doomed> = None;
        for (account, long, price) in self.markets[at].ends.prices.iter().copied() {
            if if long { bar.low > price } else { bar.high < price } {
                continue;
            }
            let side = if long { Side::Sell } else { Side::Buy };
            let found = bar.corners(self.config.path, side).reach(from, price, long);
            if let Some((when, price)) = found
                && first.is_none_or(|f| when < f.at)
            {
                first = Some(Doomed { account, at: when, price });
            }
        }
        self.markets[at].liquidation = first;
    }

    /// Keeps the prices that end collaterals true. With one market they depend on the accounts alone, which change by fills and
    /// funding only; with several also on the other markets' prices.
    fn refresh_ends(&mut self, at: usize) {
        let changes = (self.markets.len() == 1).then(|| self.accounts.changes());
        if changes.is_some() && self.markets[at].ends.changes == changes {
            return;
        }
        let id = self.markets[at].instrument.market.id;
        let mut prices = std::mem::take(&mut self.markets[at].ends.prices);
        prices.clear();
        prices.extend(self.accounts.holders(id).filter_map(|(account, ledger)| {
            let long = ledger.position(id).qty().0 > 0;
            account::liquidation_price(ledger, id, &self.markets).map(|price| (account, long, price))
        }));
        self.markets[at].ends = Ends { changes, prices };
    }

    /// Closes a position at the price that ended its collateral, at taker fee plus liquidation fee, and cancels what the account
    /// still has working in the market.
    pub(crate) fn liquidate(&mut self, at: usize, doomed: Doomed) {
        let now = doomed.at;
        while let Some(index) = self.markets[at].orders.iter().position(|o| o.order.account == doomed.account)
        {
            self.end(at, index, now, Outcome::Canceled);
        }
        let trade = self.next_trade();
        let market = &mut self.markets[at];
        market.liquidation = None;
        let id = market.instrument.market.id;
        let held = self.accounts.get_mut(doomed.account).position(id).qty();
        let side = if held.0 > 0 { Side::Sell } else { Side::Buy };
        let quote = market.instrument.market.notional.amount(doomed.price, held.size());
        let fees = &self.config.fees;
        let taker = account::fee(fees, &market.instrument, side, false, held.size(), quote);
        let extra = quote.fee(self.config.liquidation_fee);
        let (Ok((fee, fee_asset)), Ok(extra)) = (taker, extra) else { return };
        let fee = Money(fee.0.saturating_add(extra.0));
        let (price, qty) = (doomed.price, held.size());
        let fill = VenueFill { trade, price, qty, quote, fee, fee_asset, is_maker: false };
        account::book(self.accounts.get_mut(doomed.account), &market.instrument, side, &fill);
        let news = Liquidation { account: doomed.account, market: id, side, fill };
        self.tell(now, News::Liquidated(news));
        self.plan_liquidation(at);
    }
}
