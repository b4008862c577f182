//! Bytes of an order's terms, part of a stored order.

use types::order::{AfterTrigger, Amount, StopKind, Trigger};
use types::wire::{Reader, WireError, Writer};
use types::{Bips, Price, Qty, Terms, TimeInForce};

use crate::codec::{get_code, get_i64, get_money, get_option, put_code, put_i64, put_money, put_option};

const TIF: [TimeInForce; 3] = [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok];
const STOP_KIND: [StopKind; 2] = [StopKind::StopLoss, StopKind::TakeProfit];

const LIMIT: u8 = 0;
const LIMIT_MAKER: u8 = 1;
const MARKET_BASE: u8 = 2;
const MARKET_QUOTE: u8 = 3;
const STOP_MARKET: u8 = 4;
const STOP_LIMIT: u8 = 5;

fn put_display(w: &mut Writer<'_>, display: Option<Qty>) {
    put_option(w, display.map(|qty| qty.0.unsigned_abs()));
}

/// A stored magnitude as a number that has a sign.
pub(crate) fn get_unsigned(value: Option<u64>) -> Result<Option<i64>, WireError> {
    value.map(|v| i64::try_from(v).map_err(|_| WireError::Invalid)).transpose()
}

fn get_display(r: &mut Reader<'_>) -> Result<Option<Qty>, WireError> {
    Ok(get_unsigned(get_option(r)?)?.map(Qty))
}

fn put_trigger(w: &mut Writer<'_>, trigger: &Trigger) {
    put_code(w, &STOP_KIND, &trigger.kind);
    put_option(w, trigger.stop.map(|price| price.0.unsigned_abs()));
    put_option(w, trigger.trailing.map(|bips| u64::from(bips.0)));
}

fn get_trigger(r: &mut Reader<'_>) -> Result<Trigger, WireError> {
    let kind = get_code(r, &STOP_KIND)?;
    let stop = get_unsigned(get_option(r)?)?.map(Price);
    let trailing = get_option(r)?.map(|v| u32::try_from(v).map(Bips)).transpose();
    Ok(Trigger { kind, stop, trailing: trailing.map_err(|_| WireError::Invalid)? })
}

/// Appends `terms`.
pub(crate) fn put_terms(w: &mut Writer<'_>, terms: &Terms) {
    match terms {
        Terms::Limit { price, qty, tif, display } => {
            w.u8(LIMIT);
            put_i64(w, price.0);
            put_i64(w, qty.0);
            put_code(w, &TIF, tif);
            put_display(w, *display);
        }
        Terms::LimitMaker { price, qty, display } => {
            w.u8(LIMIT_MAKER);
            put_i64(w, price.0);
            put_i64(w, qty.0);
            put_display(w, *display);
        }
        Terms::Market { amount: Amount::Base(qty) } => {
            w.u8(MARKET_BASE);
            put_i64(w, qty.0);
        }
        Terms::Market { amount: Amount::Quote(budget) } => {
            w.u8(MARKET_QUOTE);
            put_money(w, *budget);
        }
        Terms::Stop { trigger, qty, then: AfterTrigger::Market } => {
            w.u8(STOP_MARKET);
            put_trigger(w, trigger);
            put_i64(w, qty.0);
        }
        Terms::Stop { trigger, qty, then: AfterTrigger::Limit { price, tif, display } } => {
            w.u8(STOP_LIMIT);
            put_trigger(w, trigger);
            put_i64(w, qty.0);
            put_i64(w, price.0);
            put_code(w, &TIF, tif);
            put_display(w, *display);
        }
    }
}

/// Reads terms.
pub(crate) fn get_terms(r: &mut Reader<'_>) -> Result<Terms, WireError> {
    Ok(match r.u8()? {
        LIMIT => Terms::Limit {
            price: Price(get_i64(r)?),
            qty: Qty(get_i64(r)?),
            tif: get_code(r, &TIF)?,
            display: get_display(r)?,
        },
        LIMIT_MAKER => {
            Terms::LimitMaker { price: Price(get_i64(r)?), qty: Qty(get_i64(r)?), display: get_display(r)? }
        }
        MARKET_BASE => Terms::Market { amount: Amount::Base(Qty(get_i64(r)?)) },
        MARKET_QUOTE => Terms::Market { amount: Amount::Quote(get_money(r)?) },
        STOP_MARKET => {
            let (trigger, qty) = (get_trigger(r)?, Qty(get_i64(r)?));
            Terms::Stop { trigger, qty, then: AfterTrigger::Market }
        }
        STOP_LIMIT => {
            let (trigger, qty) = (get_trigger(r)?, Qty(get_i64(r)?));
            let (price, tif) = (Price(get_i64(r)?), get_code(r, &TIF)?);
            let then = AfterTrigger::Limit { price, tif, display: get_display(r)? };
            Terms::Stop { trigger, qty, then }
        }
        _ => return Err(WireError::Invalid),
    })
}
