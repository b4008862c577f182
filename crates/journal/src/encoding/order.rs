//! Orders and order lists.

use types::command::{Leg, ListShape, NewList, NewOrder};
use types::order::{AfterTrigger, Amount, StopKind, Tags, Trigger};
use types::wire::{Reader, WireError, Writer};
use types::{AccountId, Bips, MarketId, Money, Price, Qty, Side, StpMode, Terms, TimeInForce};

use super::{get_option, get_text, put_option};

pub(super) fn put_new(w: &mut Writer<'_>, new: &NewOrder) {
    w.u32(new.account.0);
    w.u16(new.market.0);
    w.text(new.client_id.as_str());
    put_side(w, new.side);
    put_terms(w, &new.terms);
    put_stp(w, new.stp);
    put_tags(w, &new.tags);
}

pub(super) fn get_new(r: &mut Reader<'_>) -> Result<NewOrder, WireError> {
    Ok(NewOrder {
        account: AccountId(r.u32()?),
        market: MarketId(r.u16()?),
        client_id: get_text(r)?,
        side: get_side(r)?,
        terms: get_terms(r)?,
        stp: get_stp(r)?,
        tags: get_tags(r)?,
    })
}

pub(super) fn put_list(w: &mut Writer<'_>, list: &NewList) {
    w.u32(list.account.0);
    w.u16(list.market.0);
    w.text(list.client_id.as_str());
    put_stp(w, list.stp);
    let (shape, legs) = match &list.shape {
        ListShape::Oco { above, below } => (0, [Some(above), Some(below), None]),
        ListShape::Oto { working, pending } => (1, [Some(working), Some(pending), None]),
        ListShape::Otoco { working, above, below } => (2, [Some(working), Some(above), Some(below)]),
    };
    w.u8(shape);
    for leg in legs.into_iter().flatten() {
        put_leg(w, leg);
    }
}

pub(super) fn get_list(r: &mut Reader<'_>) -> Result<NewList, WireError> {
    Ok(NewList {
        account: AccountId(r.u32()?),
        market: MarketId(r.u16()?),
        client_id: get_text(r)?,
        stp: get_stp(r)?,
        shape: match r.u8()? {
            0 => ListShape::Oco { above: get_leg(r)?, below: get_leg(r)? },
            1 => ListShape::Oto { working: get_leg(r)?, pending: get_leg(r)? },
            2 => ListShape::Otoco { working: get_leg(r)?, above: get_leg(r)?, below: get_leg(r)? },
            _ => return Err(WireError::Invalid),
        },
    })
}

fn put_leg(w: &mut Writer<'_>, leg: &Leg) {
    w.text(leg.client_id.as_str());
    put_side(w, leg.side);
    put_terms(w, &leg.terms);
    put_tags(w, &leg.tags);
}

fn get_leg(r: &mut Reader<'_>) -> Result<Leg, WireError> {
    Ok(Leg { client_id: get_text(r)?, side: get_side(r)?, terms: get_terms(r)?, tags: get_tags(r)? })
}

fn put_terms(w: &mut Writer<'_>, terms: &Terms) {
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

fn get_terms(r: &mut Reader<'_>) -> Result<Terms, WireError> {
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

fn put_side(w: &mut Writer<'_>, side: Side) {
    w.u8(match side {
        Side::Buy => 0,
        Side::Sell => 1,
    });
}

fn get_side(r: &mut Reader<'_>) -> Result<Side, WireError> {
    match r.u8()? {
        0 => Ok(Side::Buy),
        1 => Ok(Side::Sell),
        _ => Err(WireError::Invalid),
    }
}

fn put_stp(w: &mut Writer<'_>, stp: StpMode) {
    w.u8(match stp {
        StpMode::None => 0,
        StpMode::ExpireMaker => 1,
        StpMode::ExpireTaker => 2,
        StpMode::ExpireBoth => 3,
        StpMode::Decrement => 4,
    });
}

fn get_stp(r: &mut Reader<'_>) -> Result<StpMode, WireError> {
    Ok(match r.u8()? {
        0 => StpMode::None,
        1 => StpMode::ExpireMaker,
        2 => StpMode::ExpireTaker,
        3 => StpMode::ExpireBoth,
        4 => StpMode::Decrement,
        _ => return Err(WireError::Invalid),
    })
}

fn put_tags(w: &mut Writer<'_>, tags: &Tags) {
    put_option(w, tags.strategy_id, |w, id| w.i64(id));
    put_option(w, tags.strategy_type, |w, kind| w.i64(kind));
}

fn get_tags(r: &mut Reader<'_>) -> Result<Tags, WireError> {
    Ok(Tags { strategy_id: get_option(r, Reader::i64)?, strategy_type: get_option(r, Reader::i64)? })
}
