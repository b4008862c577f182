//! The market's rules, one function per filter (Binance filters.md, 2026-07-21). A limit of zero is switched off.
//!
//! Where a rule needs a price that no one has traded at yet (no average, no last price), it passes.

use crate::limits::ICEBERG_PARTS_MAX;
use crate::seats::Seat;
use types::instrument::{LotRule, Rules};
use types::order::{AfterTrigger, Amount};
use types::{Bips, Market, Money, Price, Qty, Refusal, Side, Terms, TimeInForce};

/// All filters that look at one order alone, in this order: shape of the terms, PRICE_FILTER (limit, then stop price),
/// LOT_SIZE, MARKET_LOT_SIZE, NOTIONAL, PERCENT_PRICE_BY_SIDE, ICEBERG_PARTS, TRAILING_DELTA.
/// `average` is the market's average price, or its last price, or nothing.
pub(crate) fn alone(
    market: &Market,
    side: Side,
    terms: &Terms,
    average: Option<Price>,
) -> Result<(), Refusal> {
    let rules = &market.rules;
    shape(terms)?;
    if let Some(price) = terms.price() {
        price_filter(rules, price)?;
    }
    if let Some(stop) = terms.trigger().and_then(|t| t.stop) {
        price_filter(rules, stop)?;
    }
    if let Some(qty) = terms.qty() {
        lot(rules, qty)?;
    }
    if let Terms::Market { amount: Amount::Base(qty) } = terms {
        market_lot(rules, *qty)?;
    }
    notional(market, terms, average)?;
    if let (Some(price), Some(average)) = (terms.price(), average) {
        percent_price(rules, side, price, average)?;
    }
    if let (Some(display), Some(qty)) = (terms.display(), terms.qty()) {
        iceberg_parts(rules, display, qty)?;
    }
    if let Some(delta) = terms.trigger().and_then(|t| t.trailing) {
        trailing_delta(rules, delta)?;
    }
    Ok(())
}

/// Terms that can be written down and still mean nothing: a conditional order without any trigger, an iceberg that is
/// not good till cancelled.
fn shape(terms: &Terms) -> Result<(), Refusal> {
    let no_trigger = terms.trigger().is_some_and(|t| t.stop.is_none() && t.trailing.is_none());
    let hasty_iceberg = terms.display().is_some() && terms.tif() != TimeInForce::Gtc;
    if no_trigger || hasty_iceberg { Err(Refusal::BadCombination) } else { Ok(()) }
}

/// PRICE_FILTER: within minimum and maximum, on the tick.
fn price_filter(rules: &Rules, price: Price) -> Result<(), Refusal> {
    let below = price.0 <= 0 || price < rules.price_min;
    let above = rules.price_max.0 > 0 && price > rules.price_max;
    if below || above || !rules.tick.allows(price) { Err(Refusal::PriceFilter { price }) } else { Ok(()) }
}

/// LOT_SIZE.
pub(crate) fn lot(rules: &Rules, qty: Qty) -> Result<(), Refusal> {
    if fits(&rules.lot, qty) { Ok(()) } else { Err(Refusal::LotSize { qty }) }
}

/// MARKET_LOT_SIZE, for market orders by base quantity, on top of LOT_SIZE.
fn market_lot(rules: &Rules, qty: Qty) -> Result<(), Refusal> {
    if fits(&rules.market_lot, qty) { Ok(()) } else { Err(Refusal::MarketLotSize { qty }) }
}

fn fits(rule: &LotRule, qty: Qty) -> bool {
    let large_enough = qty.0 > 0 && qty >= rule.min;
    let small_enough = rule.max.0 <= 0 || qty <= rule.max;
    large_enough && small_enough && (rule.step.0 <= 0 || qty.0 % rule.step.0 == 0)
}

/// NOTIONAL: price × quantity; by the average price where the order has none. The maximum is for orders with a limit
/// price only (`applyMaxToMarket` false), the minimum for all (`applyMinToMarket` true).
fn notional(market: &Market, terms: &Terms, average: Option<Price>) -> Result<(), Refusal> {
    let rules = &market.rules;
    let notional = match (terms, terms.price().or(average), terms.qty()) {
        (Terms::Market { amount: Amount::Quote(budget) }, _, _) => {
            if *budget <= Money::ZERO {
                return Err(Refusal::BadAmount);
            }
            *budget
        }
        (_, Some(price), Some(qty)) => market.notional.amount(price, qty),
        _ => return Ok(()),
    };
    let small = notional < rules.notional_min;
    let large = terms.price().is_some() && rules.notional_max > Money::ZERO && notional > rules.notional_max;
    if small || large { Err(Refusal::Notional { notional }) } else { Ok(()) }
}

/// NOTIONAL's minimum again, for an order that is made smaller.
pub(crate) fn notional_of(market: &Market, price: Option<Price>, qty: Qty) -> Result<(), Refusal> {
    let Some(price) = price else { return Ok(()) };
    let notional = market.notional.amount(price, qty);
    if notional < market.rules.notional_min { Err(Refusal::Notional { notional }) } else { Ok(()) }
}

/// PERCENT_PRICE_BY_SIDE: average × down ≤ price × 10,000 ≤ average × up.
fn percent_price(rules: &Rules, side: Side, price: Price, average: Price) -> Result<(), Refusal> {
    let rule = &rules.percent_price;
    let (up, down) = match side {
        Side::Buy => (rule.bid_up, rule.bid_down),
        Side::Sell => (rule.ask_up, rule.ask_down),
    };
    let scaled = i128::from(price.0) * 10_000;
    let above = up > 0 && scaled > i128::from(average.0) * i128::from(up);
    let below = scaled < i128::from(average.0) * i128::from(down);
    if above || below { Err(Refusal::PercentPrice { price, average }) } else { Ok(()) }
}

/// ICEBERG_PARTS: ⌈quantity / shown⌉; what is shown is a whole number of lots and at most all.
/// [`ICEBERG_PARTS_MAX`] holds also where the market sets no limit.
fn iceberg_parts(rules: &Rules, display: Qty, qty: Qty) -> Result<(), Refusal> {
    if display.0 <= 0 || display > qty {
        return Err(Refusal::IcebergParts);
    }
    if display.0 % rules.lot.step.0 != 0 {
        return Err(Refusal::LotSize { qty: display });
    }
    let parts = (qty.0 - 1) / display.0 + 1;
    let max = match rules.iceberg_parts_max {
        0 => ICEBERG_PARTS_MAX,
        max => max.min(ICEBERG_PARTS_MAX),
    };
    if parts > i64::from(max) { Err(Refusal::IcebergParts) } else { Ok(()) }
}

/// TRAILING_DELTA: within the market's bounds and 1 to 10,000.
fn trailing_delta(rules: &Rules, delta: Bips) -> Result<(), Refusal> {
    let (min, max) = rules.trailing;
    let max = if max == 0 { 10_000 } else { max.min(10_000) };
    if (min.max(1)..=max).contains(&delta.0) { Ok(()) } else { Err(Refusal::TrailingDelta) }
}

/// What new orders add to an account's seat.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Added {
    pub(crate) orders: u32,
    pub(crate) stops: u32,
    pub(crate) icebergs: u32,
    pub(crate) lists: u32,
}

impl Added {
    /// One order more.
    pub(crate) fn order(mut self, terms: &Terms) -> Self {
        self.orders += 1;
        self.stops += u32::from(terms.trigger().is_some());
        self.icebergs += u32::from(terms.display().is_some());
        self
    }
}

/// MAX_NUM_ORDERS, MAX_NUM_ALGO_ORDERS, MAX_NUM_ICEBERG_ORDERS, MAX_NUM_ORDER_LISTS, in this order. An order that cannot
/// rest (market, IOC, FOK) counts too: Binance checks before matching.
pub(crate) fn counts(rules: &Rules, seat: &Seat, add: Added) -> Result<(), Refusal> {
    let full = |max: u32, has: u32, adds: u32| max > 0 && adds > 0 && has.saturating_add(adds) > max;
    if full(rules.orders_max, seat.orders, add.orders) {
        return Err(Refusal::TooManyOrders { max: rules.orders_max });
    }
    if full(rules.stops_max, seat.stops, add.stops) {
        return Err(Refusal::TooManyStops { max: rules.stops_max });
    }
    if full(rules.icebergs_max, seat.icebergs, add.icebergs) {
        return Err(Refusal::TooManyIcebergs { max: rules.icebergs_max });
    }
    if full(rules.lists_max, seat.lists, add.lists) {
        return Err(Refusal::TooManyLists { max: rules.lists_max });
    }
    Ok(())
}

/// MAX_NUM_ORDER_AMENDS.
pub(crate) const fn amends(rules: &Rules, amended: u32) -> Result<(), Refusal> {
    let max = rules.amends_max;
    if max > 0 && amended >= max { Err(Refusal::TooManyAmends { max }) } else { Ok(()) }
}

/// MAX_POSITION, for buys: base owned (available and locked) + open buys + this one. Both legs of an OCO count.
pub(crate) fn position(rules: &Rules, owned: Money, open_buys: i128, adds: i128) -> Result<(), Refusal> {
    let max = rules.position_max;
    let after = owned.0.saturating_add(open_buys).saturating_add(adds);
    if max > Money::ZERO && after > max.0 { Err(Refusal::Position { max }) } else { Ok(()) }
}

/// The quantity that a limit order shows at a time.
pub(crate) const fn execution_terms(terms: &Terms) -> Option<(Price, TimeInForce, Option<Qty>)> {
    match terms {
        Terms::Limit { price, tif, display, .. }
        | Terms::Stop { then: AfterTrigger::Limit { price, tif, display }, .. } => {
            Some((*price, *tif, *display))
        }
        Terms::LimitMaker { .. } | Terms::Market { .. } | Terms::Stop { .. } => None,
    }
}
