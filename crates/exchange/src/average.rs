//! The average price of a market: Σ quote / Σ base of its trades in the last `average_minutes` minutes, from buckets of
//! one minute of the commands' own time, so that replay gives the same (Binance `avgPrice`, filters NOTIONAL and
//! PERCENT_PRICE_BY_SIDE, 2026-07). The window is the running minute and the `average_minutes - 1` before it.
//! A window of 0, or one without trades, gives the last price. Cost: a lookup; a division when a trade changed it.

use std::collections::VecDeque;
use types::{Market, Money, Price, Qty, Time};

const MINUTE: i64 = 60_000_000_000;

/// What traded in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Minutes since the epoch.
    pub(crate) minute: i64,
    /// Σ quote units.
    pub(crate) quote: i128,
    /// Σ base units.
    pub(crate) base: i128,
}

/// The buckets of a market, oldest first, minutes rising.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Average {
    pub(crate) buckets: VecDeque<Bucket>,
    /// The answer for one minute, as long as nothing trades. Not part of the state.
    known: Option<(i64, Option<Price>)>,
}

impl Average {
    pub(crate) fn restored(buckets: VecDeque<Bucket>) -> Self {
        Self { buckets, known: None }
    }

    /// A trade. Sums saturate (after 10^20 coins a minute).
    pub(crate) fn trade(&mut self, market: &Market, at: Time, quote: Money, qty: Qty) {
        let minute = at.0.div_euclid(MINUTE);
        let window = i64::from(market.rules.average_minutes);
        self.known = None;
        while self.buckets.front().is_some_and(|b| b.minute <= minute - window) {
            self.buckets.pop_front();
        }
        if window == 0 {
            return;
        }
        match self.buckets.back_mut() {
            Some(last) if last.minute == minute => {
                last.quote = last.quote.saturating_add(quote.0);
                last.base = last.base.saturating_add(i128::from(qty.0));
            }
            _ => self.buckets.push_back(Bucket { minute, quote: quote.0, base: i128::from(qty.0) }),
        }
    }

    /// Remembers the answer for the running minute.
    pub(crate) fn refresh(&mut self, market: &Market, now: Time) {
        let minute = now.0.div_euclid(MINUTE);
        if self.known.is_none_or(|(known, _)| known != minute) {
            self.known = Some((minute, self.compute(market, minute)));
        }
    }

    /// Forgets the remembered answer: the window changed.
    pub(crate) const fn forget(&mut self) {
        self.known = None;
    }

    /// The average as of `now`; `None` when nothing traded in the window.
    pub(crate) fn price(&self, market: &Market, now: Time) -> Option<Price> {
        let minute = now.0.div_euclid(MINUTE);
        match self.known {
            Some((known, price)) if known == minute => price,
            _ => self.compute(market, minute),
        }
    }

    fn compute(&self, market: &Market, minute: i64) -> Option<Price> {
        let from = minute - i64::from(market.rules.average_minutes);
        let inside = || self.buckets.iter().filter(|b| b.minute > from);
        let quote = inside().fold(0_i128, |sum, b| sum.saturating_add(b.quote));
        let base = inside().fold(0_i128, |sum, b| sum.saturating_add(b.base));
        // quote / base in price units: shift by price scale + base scale − quote scale decimals, rounded down.
        let decimals = (market.price_scale + market.base.scale).checked_sub(market.quote.scale)?;
        let unit = 10_i128.checked_pow(u32::from(decimals))?;
        if base == 0 {
            return None;
        }
        let (whole, rest) = (quote / base, quote % base);
        let fraction = rest.checked_mul(unit).map_or(0, |r| r / base);
        let price = whole.checked_mul(unit)?.checked_add(fraction)?;
        i64::try_from(price).ok().map(Price)
    }
}
