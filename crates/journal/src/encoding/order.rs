//! Orders and order lists.

use types::codec::{get_option, get_side, get_terms, get_text, put_option, put_side, put_terms};
use types::command::{Leg, ListShape, NewList, NewOrder};
use types::order::Tags;
use types::wire::{Reader, WireError, Writer};
use types::{AccountId, MarketId, StpMode};

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
