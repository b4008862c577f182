//! Live orders and lists in the snapshot.

use super::{read_option, sound, write_option};
use crate::Exchange;
use crate::lists::LiveList;
use crate::orders::Live;
use types::order::{AfterTrigger, Amount, Contingency, ListStatus, StopKind, Tags, Trigger};
use types::wire::{Reader, WireError, Writer};
use types::{
    AccountId, Bips, ClientOrderId, ListId, ListView, MarketId, Money, OrderId, OrderStatus, OrderView,
    Price, Qty, Side, StpMode, Terms, Time, TimeInForce,
};

/// Fewest bytes of an order.
pub(super) const LEN_MIN: usize = 64;
/// Fewest bytes of a list.
pub(super) const LIST_LEN_MIN: usize = 32;

pub(super) fn write(w: &mut Writer<'_>, live: &Live) {
    let view = &live.view;
    w.u64(view.id.0);
    w.u32(view.account.0);
    w.u16(view.market.0);
    w.text(view.client_id.as_str());
    write_option(w, view.list.map(|id| id.0.cast_signed()));
    w.bool(view.side == Side::Buy);
    write_terms(w, &view.terms);
    w.u8(stp_code(view.stp));
    write_option(w, view.tags.strategy_id);
    write_option(w, view.tags.strategy_type);
    w.u8(status_code(view.status));
    for number in
        [view.qty.0, view.executed.0, view.prevented.0, view.created.0, view.updated.0, live.cover.0]
    {
        w.i64(number);
    }
    w.i128(view.executed_quote.0);
    write_option(w, view.working_since.map(|t| t.0));
    write_option(w, view.trailing_since.map(|t| t.0));
    w.u32(live.amends);
}

pub(super) fn read(r: &mut Reader<'_>, x: &Exchange) -> Result<Live, WireError> {
    let (id, account, market) = (OrderId(r.u64()?), AccountId(r.u32()?), MarketId(r.u16()?));
    let holder = x.accounts.find(account).ok_or(WireError::Invalid)?;
    sound(usize::from(market.0) < x.desks.len())?;
    let client_id = read_client(r)?;
    sound(x.orders.find_client(holder, &client_id).is_none())?;
    let list = read_option(r)?.map(|id| ListId(id.cast_unsigned()));
    let side = if r.bool()? { Side::Buy } else { Side::Sell };
    let terms = read_terms(r)?;
    let stp = stp_of(r.u8()?)?;
    let tags = Tags { strategy_id: read_option(r)?, strategy_type: read_option(r)? };
    let status = status_of(r.u8()?)?;
    let mut numbers = [0_i64; 6];
    for number in &mut numbers {
        *number = r.i64()?;
    }
    let [qty, executed, prevented, created, updated, cover] = numbers;
    let used = executed.checked_add(prevented).ok_or(WireError::Invalid)?;
    sound(executed >= 0 && prevented >= 0 && used < qty && cover >= 0)?;
    check_terms(&terms, Qty(qty), status)?;
    let executed_quote = Money(r.i128()?);
    sound(executed_quote >= Money::ZERO)?;
    let view = OrderView {
        id,
        account,
        market,
        client_id,
        list,
        side,
        terms,
        stp,
        tags,
        status,
        qty: Qty(qty),
        executed: Qty(executed),
        executed_quote,
        prevented: Qty(prevented),
        created: Time(created),
        updated: Time(updated),
        working_since: read_option(r)?.map(Time),
        trailing_since: read_option(r)?.map(Time),
    };
    // A list must know its orders: it decides what becomes of them.
    let listed = |list| x.lists.find(list).is_some_and(|l| l.has(id, holder, market));
    sound(view.list.map_or(status != OrderStatus::PendingNew, listed))?;
    let mut live = Live::new(view, holder, Price(cover));
    live.amends = r.u32()?;
    Ok(live)
}

/// What the book and the triggers rely on.
fn check_terms(terms: &Terms, qty: Qty, status: OrderStatus) -> Result<(), WireError> {
    let price = terms.price().is_none_or(|price| price.0 > 0);
    let display = terms.display().is_none_or(|shown| shown.0 > 0 && shown <= qty);
    let trigger = terms.trigger().is_none_or(|trigger| {
        let trailing = trigger.trailing.is_none_or(|bips| (1..=10_000).contains(&bips.0));
        trailing && trigger.stop.is_none_or(|stop| stop.0 > 0)
    });
    let lives = !matches!(terms, Terms::Market { .. }) || status == OrderStatus::PendingNew;
    sound(price && display && trigger && lives)
}

fn write_terms(w: &mut Writer<'_>, terms: &Terms) {
    match *terms {
        Terms::Limit { price, qty, tif, display } => {
            w.u8(0);
            w.i64(qty.0);
            write_limit(w, price, tif, display);
        }
        Terms::LimitMaker { price, qty, display } => {
            w.u8(1);
            w.i64(qty.0);
            write_limit(w, price, TimeInForce::Gtc, display);
        }
        // Lives between commands as the pending order of a list only, and then by base quantity.
        Terms::Market { amount: Amount::Base(qty) } => {
            w.u8(2);
            w.i64(qty.0);
        }
        // Never lives between commands; a code that is not read back.
        Terms::Market { amount: Amount::Quote(_) } => w.u8(u8::MAX),
        Terms::Stop { trigger, qty, then } => {
            w.u8(3);
            w.i64(qty.0);
            w.bool(trigger.kind == StopKind::StopLoss);
            write_option(w, trigger.stop.map(|p| p.0));
            write_option(w, trigger.trailing.map(|b| i64::from(b.0)));
            match then {
                AfterTrigger::Market => w.bool(false),
                AfterTrigger::Limit { price, tif, display } => {
                    w.bool(true);
                    write_limit(w, price, tif, display);
                }
            }
        }
    }
}

fn read_terms(r: &mut Reader<'_>) -> Result<Terms, WireError> {
    let code = r.u8()?;
    let qty = Qty(r.i64()?);
    Ok(match code {
        0 => {
            let (price, tif, display) = read_limit(r)?;
            Terms::Limit { price, qty, tif, display }
        }
        1 => {
            let (price, _, display) = read_limit(r)?;
            Terms::LimitMaker { price, qty, display }
        }
        2 => Terms::Market { amount: Amount::Base(qty) },
        3 => {
            let kind = if r.bool()? { StopKind::StopLoss } else { StopKind::TakeProfit };
            let stop = read_option(r)?.map(Price);
            let trailing = match read_option(r)? {
                None => None,
                Some(bips) => Some(Bips(u32::try_from(bips).map_err(|_| WireError::Invalid)?)),
            };
            sound(stop.is_some() || trailing.is_some())?;
            let then = if r.bool()? {
                let (price, tif, display) = read_limit(r)?;
                AfterTrigger::Limit { price, tif, display }
            } else {
                AfterTrigger::Market
            };
            Terms::Stop { trigger: Trigger { kind, stop, trailing }, qty, then }
        }
        _ => return Err(WireError::Invalid),
    })
}

fn write_limit(w: &mut Writer<'_>, price: Price, tif: TimeInForce, display: Option<Qty>) {
    w.i64(price.0);
    w.u8(match tif {
        TimeInForce::Gtc => 0,
        TimeInForce::Ioc => 1,
        TimeInForce::Fok => 2,
    });
    write_option(w, display.map(|q| q.0));
}

fn read_limit(r: &mut Reader<'_>) -> Result<(Price, TimeInForce, Option<Qty>), WireError> {
    let price = Price(r.i64()?);
    let tif = match r.u8()? {
        0 => TimeInForce::Gtc,
        1 => TimeInForce::Ioc,
        2 => TimeInForce::Fok,
        _ => return Err(WireError::Invalid),
    };
    Ok((price, tif, read_option(r)?.map(Qty)))
}

const fn stp_code(mode: StpMode) -> u8 {
    match mode {
        StpMode::None => 0,
        StpMode::ExpireMaker => 1,
        StpMode::ExpireTaker => 2,
        StpMode::ExpireBoth => 3,
        StpMode::Decrement => 4,
    }
}

const fn stp_of(code: u8) -> Result<StpMode, WireError> {
    Ok(match code {
        0 => StpMode::None,
        1 => StpMode::ExpireMaker,
        2 => StpMode::ExpireTaker,
        3 => StpMode::ExpireBoth,
        4 => StpMode::Decrement,
        _ => return Err(WireError::Invalid),
    })
}

/// Only live states are ever written; the check of invariant O2 refuses others.
const fn status_code(status: OrderStatus) -> u8 {
    match status {
        OrderStatus::New => 0,
        OrderStatus::PendingNew => 1,
        OrderStatus::PartiallyFilled => 2,
        OrderStatus::Filled
        | OrderStatus::Canceled
        | OrderStatus::Rejected
        | OrderStatus::Expired
        | OrderStatus::ExpiredInMatch => u8::MAX,
    }
}

const fn status_of(code: u8) -> Result<OrderStatus, WireError> {
    Ok(match code {
        0 => OrderStatus::New,
        1 => OrderStatus::PendingNew,
        2 => OrderStatus::PartiallyFilled,
        _ => return Err(WireError::Invalid),
    })
}

fn read_client(r: &mut Reader<'_>) -> Result<ClientOrderId, WireError> {
    ClientOrderId::new(r.text()?).map_err(|_| WireError::Invalid)
}

pub(super) fn write_list(w: &mut Writer<'_>, list: &LiveList) {
    let view = &list.view;
    w.u64(view.id.0);
    w.u32(view.account.0);
    w.u16(view.market.0);
    w.text(view.client_id.as_str());
    w.bool(view.contingency == Contingency::Oto);
    w.u8(view.legs);
    for (id, client) in view.orders.iter().take(usize::from(view.legs)) {
        w.u64(id.0);
        w.text(client.as_str());
    }
    w.i64(view.updated.0);
}

pub(super) fn read_list(r: &mut Reader<'_>, x: &Exchange) -> Result<LiveList, WireError> {
    let (id, account, market) = (ListId(r.u64()?), AccountId(r.u32()?), MarketId(r.u16()?));
    let holder = x.accounts.find(account).ok_or(WireError::Invalid)?;
    sound(usize::from(market.0) < x.desks.len())?;
    let client_id = read_client(r)?;
    sound(x.lists.find_client(holder, &client_id).is_none())?;
    let contingency = if r.bool()? { Contingency::Oto } else { Contingency::Oco };
    let legs = r.u8()?;
    sound(legs == 2 || (legs == 3 && contingency == Contingency::Oto))?;
    let mut orders = [(OrderId(0), client_id); 3];
    for entry in orders.iter_mut().take(usize::from(legs)) {
        *entry = (OrderId(r.u64()?), read_client(r)?);
    }
    // What the constructor leaves in the unused place must be what a restored list has there.
    if legs == 2 {
        orders[2] = (OrderId(0), orders[0].1);
    }
    let status = ListStatus::Executing;
    let updated = Time(r.i64()?);
    let view = ListView { id, account, market, client_id, contingency, status, orders, legs, updated };
    Ok(LiveList { view, holder })
}
