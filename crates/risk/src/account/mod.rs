//! Limits of an account as a whole: what a person trades by hand passes the same [`crate::check`] as a bot's order.
//!
//! An [`Account`] keeps what cannot be read anywhere at the moment of an order: what is on its way to the venue, the orders of the last
//! minute, the day's start and the highest result. Everything else is the venue's word, a [`Standing`] read in one piece. What is
//! on its way counts as working until the venue's word holds it, so limits hold whatever is sent at once (invariant B4).
//!
//! A position is what was *traded*: holdings minus what was brought in from outside, per asset. The result is the sum of that at the
//! marks: realised and unrealised profit after fees; test money and its price do not count.

mod limits;
mod marks;
mod standing;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::{BTreeMap, VecDeque};

use types::{AssetId, ClientOrderId, Instrument, InstrumentKind, Money, Qty, Side, SignedQty, Terms, Time};

pub use limits::{AccountLimits, MarketLimits};
pub use marks::Marks;
pub use standing::{Standing, Working};
pub use uses::{Kind, Use};

use crate::{Approved, Denied, Halt, Limits, Losses, Proposal, View, check};

/// The window of the order rate, nanoseconds: a minute.
const RATE_WINDOW_NS: i64 = 60_000_000_000;
/// A UTC day, nanoseconds.
const DAY_NS: i64 = 86_400_000_000_000;
/// Most orders on their way at once: far beyond what one person or program waits for.
pub const IN_FLIGHT_MAX: usize = 1_024;

/// Results so far, in the account's currency; what a restart takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// The UTC day of `day_start`, in days since 1970.
    pub day: i64,
    /// The result when the day began.
    pub day_start: Money,
    /// The highest result so far.
    pub highest: Money,
}

/// An account: its limits and what they need to know.
#[derive(Clone, Debug, Default)]
pub struct Account {
    limits: AccountLimits,
    /// What came from outside less what left, by asset.
    brought: BTreeMap<AssetId, Money>,
    results: Option<Results>,
    /// When the orders of the last minute left.
    sent: VecDeque<Time>,
    in_flight: BTreeMap<ClientOrderId, Working>,
}

/// An order, or the legs of a list of which one can trade, as somebody wants to send it.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Where.
    pub instrument: &'a Instrument,
    /// Direction.
    pub side: Side,
    /// What; every leg is judged, the larger one is counted.
    pub legs: &'a [Terms],
    /// Its id at the venue; of a list, its first leg's.
    pub client_id: ClientOrderId,
}

impl Account {
    /// An account with limits, what was brought in, and results so far.
    #[must_use]
    pub fn new(limits: AccountLimits, brought: BTreeMap<AssetId, Money>, results: Option<Results>) -> Self {
        Self { limits, brought, results, ..Self::default() }
    }

    /// Its limits.
    #[must_use]
    pub const fn limits(&self) -> &AccountLimits {
        &self.limits
    }

    /// Other limits from now on.
    pub fn limit(&mut self, limits: AccountLimits) {
        self.limits = limits;
    }

    /// Results so far; `None` before the first look with prices.
    #[must_use]
    pub const fn results(&self) -> Option<Results> {
        self.results
    }

    /// What was brought in, found anew.
    pub fn bring(&mut self, brought: BTreeMap<AssetId, Money>) {
        self.brought = brought;
    }

    /// Money came from outside (positive) or left.
    pub fn transfer(&mut self, asset: AssetId, delta: Money) {
        let sum = self.brought.entry(asset).or_default();
        *sum = Money(sum.0.saturating_add(delta.0));
    }

    /// How many orders are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Judges a wish; one that passes counts as on its way until [`Account::landed`]. `order` is what is approved.
    ///
    /// # Errors
    /// The first check that denies; nothing changed.
    pub fn judge<T>(
        &mut self,
        standing: &Standing<'_>,
        wish: &Wish<'_>,
        order: T,
    ) -> Result<Approved<T>, Denied> {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            return Err(Denied::OrderRate { sent: count(self.in_flight.len()), max: count(IN_FLIGHT_MAX) });
        }
        self.observe(standing);
        let limits = self.limits_at(standing, wish.instrument)?;
        let view = self.view(standing, wish, &limits)?;
        let (last, others) = wish.legs.split_last().ok_or(Denied::NoPrice)?;
        let proposal = |terms: &Terms| Proposal { side: wish.side, terms: *terms, reduce_only: false };
        for leg in others {
            check(&proposal(leg), &view, ())?;
        }
        let approved = check(&proposal(last), &view, order)?;
        let qty = wish.legs.iter().map(|terms| base_qty(terms, wish.instrument, view.last)).max();
        let working = Working {
            client_id: wish.client_id,
            market: wish.instrument.market.id,
            side: wish.side,
            open: qty.unwrap_or_default(),
        };
        self.in_flight.insert(wish.client_id, working);
        self.sent.extend(wish.legs.iter().map(|_| standing.now));
        Ok(approved)
    }

    /// An order is no longer on its way: the venue has it, refused it, or never got it.
    pub fn landed(&mut self, id: &ClientOrderId) {
        self.in_flight.remove(id);
    }

    /// Notes what the account has earned: highest so far, start of the day. Nothing without prices.
    pub fn observe(&mut self, standing: &Standing<'_>) {
        while self.sent.front().is_some_and(|at| standing.now.since(*at) >= RATE_WINDOW_NS) {
            self.sent.pop_front();
        }
        let Some(now) = self.result(standing) else { return };
        let day = standing.now.0.div_euclid(DAY_NS);
        let results = self.results.get_or_insert(Results { day, day_start: now, highest: now });
        if results.day != day {
            (results.day, results.day_start) = (day, now);
        }
        results.highest = results.highest.max(now);
    }

    /// What trading has earned so far at the marks, after fees, in the account's currency. `None` while something traded has no price.
    #[must_use]
    pub fn result(&self, standing: &Standing<'_>) -> Option<Money> {
        let mut sum = 0_i128;
        for (asset, held) in standing.holdings {
            let traded = Money(held.0.checked_sub(self.brought_of(*asset).0)?);
            if traded != Money::ZERO {
                sum = sum.checked_add(standing.marks.worth(*asset, traded, standing.currency)?.0)?;
            }
        }
        // What was brought in and is gone altogether.
        for (asset, brought) in &self.brought {
            if *brought != Money::ZERO && !standing.holdings.iter().any(|(held, _)| held == asset) {
                let lost = Money(brought.0.checked_neg()?);
                sum = sum.checked_add(standing.marks.worth(*asset, lost, standing.currency)?.0)?;
            }
        }
        Some(Money(sum))
    }

    /// What the account has traded itself into of an asset.
    #[must_use]
    pub fn position(&self, standing: &Standing<'_>, asset: AssetId) -> SignedQty {
        let held = standing.holdings.iter().find(|(id, _)| *id == asset).map_or(0, |(_, held)| held.0);
        let traded = held.saturating_sub(self.brought_of(asset).0);
        let bound = if traded < 0 { i64::MIN + 1 } else { i64::MAX };
        SignedQty(i64::try_from(traded).unwrap_or(bound))
    }

    fn brought_of(&self, asset: AssetId) -> Money {
        self.brought.get(&asset).copied().unwrap_or_default()
    }

    /// All that may still trade: what the venue tells and what is on its way there.
    fn working<'a>(&'a self, standing: &'a Standing<'_>) -> impl Iterator<Item = &'a Working> {
        let known = |id: &ClientOrderId| standing.working.iter().any(|order| order.client_id == *id);
        let on_its_way = self.in_flight.values().filter(move |order| !known(&order.client_id));
        standing.working.iter().chain(on_its_way)
    }

    /// Open quantity on a market: buys, sells.
    fn open(&self, standing: &Standing<'_>, instrument: &Instrument) -> (Qty, Qty) {
        let sum = |side| {
            let orders = self.working(standing);
            let fits = orders.filter(|o| o.market == instrument.market.id && o.side == side);
            Qty(fits.fold(0, |sum: i64, order| sum.saturating_add(order.open.0)))
        };
        (sum(Side::Buy), sum(Side::Sell))
    }

    /// Σ |position| and open orders at the marks, in `currency`; `None` without a price.
    fn exposure(&self, standing: &Standing<'_>, currency: AssetId) -> Option<Money> {
        let mut sum = 0_i128;
        let mut add = |asset, amount: i128| {
            let worth = standing.marks.worth(asset, Money(amount), currency)?;
            sum = sum.checked_add(worth.0)?;
            Some(())
        };
        // Cash is not at stake: only what is bought and sold as a base.
        for asset in standing.marks.bases() {
            let held = i128::from(self.position(standing, asset).size().0);
            if held != 0 && asset != currency {
                add(asset, held)?;
            }
        }
        for order in self.working(standing) {
            let base = standing.marks.market(order.market)?.market.base.id;
            add(base, i128::from(order.open.0))?;
        }
        Some(Money(sum))
    }

    /// The account's limits in a market's own assets.
    fn limits_at(&self, standing: &Standing<'_>, instrument: &Instrument) -> Result<Limits, Denied> {
        let quote = instrument.market.quote.id;
        let money = |limit: Option<Money>| {
            let inside = |limit| standing.marks.worth(standing.currency, limit, quote).ok_or(Denied::NoPrice);
            limit.map(inside).transpose()
        };
        let of_market = self.limits.markets.get(&instrument.market.id).copied().unwrap_or_default();
        Ok(Limits {
            order_qty_max: of_market.order_qty_max,
            order_notional_max: money(self.limits.order_value_max)?,
            price_band_bips: self.limits.price_band_bips,
            position_max: of_market.position_max,
            account_exposure_max: money(self.limits.exposure_max)?,
            order_rate_max: self.limits.orders_per_minute,
            order_rate_window_ns: RATE_WINDOW_NS,
            drawdown_max_bips: self.limits.drawdown_max_bips,
            daily_loss_max: money(self.limits.daily_loss_max)?,
            ..Limits::default()
        })
    }

    fn view<'a>(
        &self,
        standing: &Standing<'_>,
        wish: &Wish<'a>,
        limits: &'a Limits,
    ) -> Result<View<'a>, Denied> {
        let market = &wish.instrument.market;
        let (working_buys, working_sells) = self.open(standing, wish.instrument);
        let pays = match (wish.instrument.kind, wish.side) {
            (InstrumentKind::Spot, Side::Sell) => market.base.id,
            _ => market.quote.id,
        };
        let exposure = match limits.account_exposure_max {
            Some(_) => self.exposure(standing, market.quote.id).ok_or(Denied::NoPrice)?,
            None => Money::ZERO,
        };
        Ok(View {
            now: standing.now,
            instrument: wish.instrument,
            limits,
            halt: if standing.halted { Halt::Full } else { Halt::Off },
            running: true,
            barred: None,
            fresh: standing.fresh,
            last: standing.marks.last(market.id),
            free: standing
                .free
                .iter()
                .find(|(asset, _)| *asset == pays)
                .map_or(Money::ZERO, |(_, free)| *free),
            position: self.position(standing, market.base.id),
            working_buys,
            working_sells,
            exposure: [Money::ZERO, exposure, Money::ZERO],
            sent_in_window: count(self.sent.len() + wish.legs.len().saturating_sub(1)),
            losses: self.losses(standing, limits, market.quote.id)?,
        })
    }

    /// Results as risk compares them: worth now, and what it would be without what was lost since the day began and since the best.
    fn losses(&self, standing: &Standing<'_>, limits: &Limits, quote: AssetId) -> Result<Losses, Denied> {
        if limits.daily_loss_max.is_none() && limits.drawdown_max_bips.is_none() {
            return Ok(Losses::default());
        }
        let (results, now) = self.results.zip(self.result(standing)).ok_or(Denied::NoPrice)?;
        let worth = self.worth(standing);
        let inside =
            |sum: i128| standing.marks.worth(standing.currency, Money(sum), quote).ok_or(Denied::NoPrice);
        Ok(Losses {
            equity: inside(worth.0)?,
            highest: inside(worth.0 + (results.highest.0 - now.0))?,
            day_start: inside(worth.0 + (results.day_start.0 - now.0))?,
            ..Losses::default()
        })
    }

    /// What the account holds, in its currency; what has no price counts nothing.
    fn worth(&self, standing: &Standing<'_>) -> Money {
        let one = |(asset, held): &(AssetId, Money)| standing.marks.worth(*asset, *held, standing.currency);
        Money(standing.holdings.iter().filter_map(one).fold(0, |sum: i128, one| sum.saturating_add(one.0)))
    }
}

/// What terms trade of the base asset; what a quote amount buys at the last price.
fn base_qty(terms: &Terms, instrument: &Instrument, last: Option<types::Price>) -> Qty {
    let market = &instrument.market;
    match (terms, last) {
        (Terms::Market { amount: types::order::Amount::Quote(budget) }, Some(last)) => {
            market.notional.affordable(*budget, last, market.rules.lot.step)
        }
        (terms, _) => terms.qty().unwrap_or_default(),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
