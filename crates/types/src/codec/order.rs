//! What an order asks for.

use crate::order::{AfterTrigger, Amount, StopKind, Trigger};
use crate::wire::{Reader, WireError, Writer};
use crate::{Bips, Money, Price, Qty, Side, Terms, TimeInForce};

use super::{get_option, put_option};

/// Writes an order's terms.
pub fn put_terms(w: &mut Writer<'_>, terms: &Terms) {
    match terms {
        Terms::Limit { price, qty, tif, display } => {
            w.u8(0);
            put_limit(w, *price, *tif, *display);
            w.i64(qty.0);
        }
        Terms::LimitMaker { price, qty, display } => {
            w.u8(1);
            w.i64(price.0);
            w.i64(qty.0);
            put_option(w, *display, |w, qty| w.i64(qty.0));
        }
        Terms::Market { amount: Amount::Base(qty) } => {
            w.u8(2);
            w.i64(qty.0);
        }
        Terms::Market { amount: Amount::Quote(budget) } => {
            w.u8(3);
            w.i128(budget.0);
        }
        Terms::Stop { trigger, qty, then } => {
            w.u8(4);
            w.u8(match trigger.kind {
                StopKind::StopLoss => 0,
                StopKind::TakeProfit => 1,
            });
            put_option(w, trigger.stop, |w, price| w.i64(price.0));
            put_option(w, trigger.trailing, |w, delta| w.u32(delta.0));
            w.i64(qty.0);
            match then {
                AfterTrigger::Market => w.u8(0),
                AfterTrigger::Limit { price, tif, display } => {
                    w.u8(1);
                    put_limit(w, *price, *tif, *display);
                }
            }
        }
    }
}

/// Reads an order's terms.
pub fn get_terms(r: &mut Reader<'_>) -> Result<Terms, WireError> {
    Ok(match r.u8()? {
        0 => {
            let (price, tif, display) = get_limit(r)?;
            Terms::Limit { price, qty: Qty(r.i64()?), tif, display }
        }
        1 => Terms::LimitMaker {
            price: Price(r.i64()?),
            qty: Qty(r.i64()?),
            display: get_option(r, |r| r.i64().map(Qty))?,
        },
        2 => Terms::Market { amount: Amount::Base(Qty(r.i64()?)) },
        3 => Terms::Market { amount: Amount::Quote(Money(r.i128()?)) },
        4 => Terms::Stop {
            trigger: Trigger {
                kind: match r.u8()? {
                    0 => StopKind::StopLoss,
                    1 => StopKind::TakeProfit,
                    _ => return Err(WireError::Invalid),
                },
                stop: get_option(r, |r| r.i64().map(Price))?,
                trailing: get_option(r, |r| r.u32().map(Bips))?,
            },
            qty: Qty(r.i64()?),
            then: match r.u8()? {
                0 => AfterTrigger::Market,
                1 => {
                    let (price, tif, display) = get_limit(r)?;
                    AfterTrigger::Limit { price, tif, display }
                }
                _ => return Err(WireError::Invalid),
            },
        },
        _ => return Err(WireError::Invalid),
    })
}

fn put_limit(w: &mut Writer<'_>, price: Price, tif: TimeInForce, display: Option<Qty>) {
    w.i64(price.0);
    w.u8(match tif {
        TimeInForce::Gtc => 0,
        TimeInForce::Ioc => 1,
        TimeInForce::Fok => 2,
    });
    put_option(w, display, |w, qty| w.i64(qty.0));
}

fn get_limit(r: &mut Reader<'_>) -> Result<(Price, TimeInForce, Option<Qty>), WireError> {
    let price = Price(r.i64()?);
    let tif = match r.u8()? {
        0 => TimeInForce::Gtc,
        1 => TimeInForce::Ioc,
        2 => TimeInForce::Fok,
        _ => return Err(WireError::Invalid),
    };
    Ok((price, tif, get_option(r, |r| r.i64().map(Qty))?))
}

/// Writes a side.
pub fn put_side(w: &mut Writer<'_>, side: Side) {
    w.u8(match side {
        Side::Buy => 0,
        Side::Sell => 1,
    });
}

/// Reads a side.
pub fn get_side(r: &mut Reader<'_>) -> Result<Side, WireError> {
    match r.u8()? {
        0 => Ok(Side::Buy),
        1 => Ok(Side::Sell),
        _ => Err(WireError::Invalid),
    }
}
