//! Assets, markets, instruments.

use crate::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use crate::wire::{Reader, WireError, Writer};
use crate::{Asset, AssetId, Instrument, InstrumentId, InstrumentKind, Market, MarketId, Money, Price, Qty};

use super::get_text;

/// Bytes of one step of a price ladder.
const LADDER_STEP_LEN: usize = 16;

/// Writes an asset.
pub fn put_asset(w: &mut Writer<'_>, asset: &Asset) {
    w.u16(asset.id.0);
    w.text(asset.code.as_str());
    w.u8(asset.scale);
}

/// Reads an asset.
pub fn get_asset(r: &mut Reader<'_>) -> Result<Asset, WireError> {
    Ok(Asset { id: AssetId(r.u16()?), code: get_text(r)?, scale: r.u8()? })
}

/// Writes a market. The notional scale is not written: [`Market::new`] derives it from the rules, and must arrive at the same one.
///
/// # Errors
/// A market whose numbers do not fit together, which could not be read back; nothing was written.
pub fn put_market(w: &mut Writer<'_>, market: &Market) -> Result<(), WireError> {
    let Market { id, symbol, base, quote, price_scale, rules, .. } = market;
    let again = Market::new(*id, *symbol, *base, *quote, *price_scale, rules.clone());
    if again.as_ref() != Ok(market) {
        return Err(WireError::Invalid);
    }
    w.u16(id.0);
    w.text(symbol.as_str());
    put_asset(w, base);
    put_asset(w, quote);
    w.u8(*price_scale);
    put_rules(w, rules);
    Ok(())
}

/// Reads a market.
pub fn get_market(r: &mut Reader<'_>) -> Result<Market, WireError> {
    let (id, symbol) = (MarketId(r.u16()?), get_text(r)?);
    let (base, quote) = (get_asset(r)?, get_asset(r)?);
    let price_scale = r.u8()?;
    let rules = get_rules(r)?;
    Market::new(id, symbol, base, quote, price_scale, rules).map_err(|_| WireError::Invalid)
}

fn put_rules(w: &mut Writer<'_>, rules: &Rules) {
    w.i64(rules.price_min.0);
    w.i64(rules.price_max.0);
    match &rules.tick {
        TickRule::Fixed(tick) => {
            w.u8(0);
            w.i64(tick.0);
        }
        TickRule::Ladder(steps) => {
            w.u8(1);
            w.varint(steps.len() as u64);
            for (from, tick) in steps {
                w.i64(from.0);
                w.i64(tick.0);
            }
        }
    }
    put_lot(w, &rules.lot);
    put_lot(w, &rules.market_lot);
    w.i128(rules.notional_min.0);
    w.i128(rules.notional_max.0);
    w.u8(rules.average_minutes);
    w.u32(rules.percent_price.bid_up);
    w.u32(rules.percent_price.bid_down);
    w.u32(rules.percent_price.ask_up);
    w.u32(rules.percent_price.ask_down);
    w.u32(rules.iceberg_parts_max);
    w.u32(rules.orders_max);
    w.u32(rules.stops_max);
    w.u32(rules.icebergs_max);
    w.u32(rules.lists_max);
    w.u32(rules.amends_max);
    w.i128(rules.position_max.0);
    w.u32(rules.trailing.0);
    w.u32(rules.trailing.1);
}

fn get_rules(r: &mut Reader<'_>) -> Result<Rules, WireError> {
    Ok(Rules {
        price_min: Price(r.i64()?),
        price_max: Price(r.i64()?),
        tick: match r.u8()? {
            0 => TickRule::Fixed(Price(r.i64()?)),
            1 => {
                let count = r.count(LADDER_STEP_LEN)?;
                let mut steps = Vec::with_capacity(count);
                for _ in 0..count {
                    steps.push((Price(r.i64()?), Price(r.i64()?)));
                }
                TickRule::Ladder(steps)
            }
            _ => return Err(WireError::Invalid),
        },
        lot: get_lot(r)?,
        market_lot: get_lot(r)?,
        notional_min: Money(r.i128()?),
        notional_max: Money(r.i128()?),
        average_minutes: r.u8()?,
        percent_price: PercentPriceRule {
            bid_up: r.u32()?,
            bid_down: r.u32()?,
            ask_up: r.u32()?,
            ask_down: r.u32()?,
        },
        iceberg_parts_max: r.u32()?,
        orders_max: r.u32()?,
        stops_max: r.u32()?,
        icebergs_max: r.u32()?,
        lists_max: r.u32()?,
        amends_max: r.u32()?,
        position_max: Money(r.i128()?),
        trailing: (r.u32()?, r.u32()?),
    })
}

fn put_lot(w: &mut Writer<'_>, lot: &LotRule) {
    w.i64(lot.min.0);
    w.i64(lot.max.0);
    w.i64(lot.step.0);
}

fn get_lot(r: &mut Reader<'_>) -> Result<LotRule, WireError> {
    Ok(LotRule { min: Qty(r.i64()?), max: Qty(r.i64()?), step: Qty(r.i64()?) })
}

/// Writes an instrument.
///
/// # Errors
/// As [`put_market`].
pub fn put_instrument(w: &mut Writer<'_>, instrument: &Instrument) -> Result<(), WireError> {
    put_market(w, &instrument.market)?;
    w.text(instrument.id.venue.as_str());
    w.text(instrument.id.symbol.as_str());
    match instrument.kind {
        InstrumentKind::Spot => w.u8(0),
        InstrumentKind::LinearPerp { initial_margin, maintenance_margin } => {
            w.u8(1);
            w.u32(initial_margin);
            w.u32(maintenance_margin);
        }
    }
    Ok(())
}

/// Reads an instrument.
pub fn get_instrument(r: &mut Reader<'_>) -> Result<Instrument, WireError> {
    let market = get_market(r)?;
    let id = InstrumentId { venue: get_text(r)?, symbol: get_text(r)? };
    let kind = match r.u8()? {
        0 => InstrumentKind::Spot,
        1 => InstrumentKind::LinearPerp { initial_margin: r.u32()?, maintenance_margin: r.u32()? },
        _ => return Err(WireError::Invalid),
    };
    Ok(Instrument { id, kind, market })
}
