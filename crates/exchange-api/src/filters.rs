//! The filters that need neither book nor balance, for `order/test`: the exchange itself checks real orders.

use types::order::Amount;
use types::{Market, Price, Qty, Refusal, Terms};

/// PRICE_FILTER, LOT_SIZE, MARKET_LOT_SIZE, NOTIONAL, TRAILING_DELTA and ICEBERG_PARTS, in this order.
pub(crate) fn check(market: &Market, terms: &Terms) -> Result<(), Refusal> {
    let rules = &market.rules;
    if let Some(price) = terms.price() {
        price_filter(market, price)?;
    }
    if let Some(trigger) = terms.trigger() {
        if let Some(stop) = trigger.stop {
            price_filter(market, stop)?;
        }
        let (min, max) = rules.trailing;
        if trigger.trailing.is_some_and(|delta| delta.0 < min || delta.0 > max) {
            return Err(Refusal::TrailingDelta);
        }
    }
    if let Some(qty) = terms.qty() {
        let off = |lot: &types::instrument::LotRule| {
            qty < lot.min || qty > lot.max || (lot.step.0 > 0 && qty.0 % lot.step.0 != 0)
        };
        if off(&rules.lot) {
            return Err(Refusal::LotSize { qty });
        }
        if matches!(terms, Terms::Market { amount: Amount::Base(_) }) && off(&rules.market_lot) {
            return Err(Refusal::MarketLotSize { qty });
        }
        notional(market, terms, qty)?;
        parts(market, terms, qty)?;
    }
    Ok(())
}

fn price_filter(market: &Market, price: Price) -> Result<(), Refusal> {
    let rules = &market.rules;
    let inside = price >= rules.price_min && (rules.price_max.0 == 0 || price <= rules.price_max);
    if inside && rules.tick.allows(price) { Ok(()) } else { Err(Refusal::PriceFilter { price }) }
}

fn notional(market: &Market, terms: &Terms, qty: Qty) -> Result<(), Refusal> {
    let Some(price) = terms.price() else { return Ok(()) };
    let notional = market.notional.amount(price, qty);
    let (min, max) = (market.rules.notional_min, market.rules.notional_max);
    if notional < min || (max.0 > 0 && notional > max) { Err(Refusal::Notional { notional }) } else { Ok(()) }
}

fn parts(market: &Market, terms: &Terms, qty: Qty) -> Result<(), Refusal> {
    let max = i64::from(market.rules.iceberg_parts_max);
    match terms.display() {
        Some(shown) if shown.is_zero() || shown > qty => Err(Refusal::IcebergParts),
        Some(shown) if max > 0 && (qty.0 - 1) / shown.0 + 1 > max => Err(Refusal::IcebergParts),
        _ => Ok(()),
    }
}
