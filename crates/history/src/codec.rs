//! Bytes of stored values. Each starts with a version; an unknown one is refused. What the key says is not repeated.
//! Numbers that are small in practice are varints: a trade takes about 40 bytes, a bar about 70, an order about 110.

use types::event::{ExpiryReason, Fill, Trade};
use types::order::{Contingency, ListStatus, Tags};
use types::wire::{Reader, WireError, Writer};
use types::{
    AccountId, AssetId, ClientOrderId, ListId, ListView, MarketId, Money, OrderId, OrderStatus, OrderView,
    Price, Qty, Side, StpMode, Time, TradeId,
};

use crate::codec_terms::{get_terms, get_unsigned, put_terms};
use crate::{AccountFill, AggTrade, Amendment, Bar, ClosedOrder, Interval, PreventedMatch};

/// The version this program writes.
const VERSION: u8 = 1;

pub(crate) fn open(bytes: &[u8]) -> Result<Reader<'_>, WireError> {
    let mut r = Reader::new(bytes);
    if r.u8()? == VERSION { Ok(r) } else { Err(WireError::Invalid) }
}

pub(crate) fn start(out: &mut Vec<u8>) -> Writer<'_> {
    out.push(VERSION);
    Writer(out)
}

/// Signed as zigzag varint: small either way is short.
pub(crate) fn put_i64(w: &mut Writer<'_>, value: i64) {
    w.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
}

pub(crate) fn get_i64(r: &mut Reader<'_>) -> Result<i64, WireError> {
    let raw = r.varint()?;
    Ok((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
}

/// Amounts nearly always fit 64 bits: high part, then low part.
pub(crate) fn put_money(w: &mut Writer<'_>, money: Money) {
    let raw = money.0.cast_unsigned();
    let half = |bits: u128| u64::try_from(bits).expect("a half of 128 bits has 64");
    w.varint(half(raw >> 64));
    w.varint(half(raw & u128::from(u64::MAX)));
}

pub(crate) fn get_money(r: &mut Reader<'_>) -> Result<Money, WireError> {
    let high = u128::from(r.varint()?);
    let low = u128::from(r.varint()?);
    Ok(Money(((high << 64) | low).cast_signed()))
}

pub(crate) fn put_client(w: &mut Writer<'_>, id: &ClientOrderId) {
    w.text(id.as_str());
}

pub(crate) fn get_client(r: &mut Reader<'_>) -> Result<ClientOrderId, WireError> {
    ClientOrderId::new(r.text()?).map_err(|_| WireError::Invalid)
}

pub(crate) fn put_side(w: &mut Writer<'_>, side: Side) {
    w.bool(side == Side::Sell);
}

pub(crate) fn get_side(r: &mut Reader<'_>) -> Result<Side, WireError> {
    Ok(if r.bool()? { Side::Sell } else { Side::Buy })
}

/// The code of an enum value is its place in a table here, so that reordering the enum changes nothing on disk.
pub(crate) fn put_code<T: PartialEq>(w: &mut Writer<'_>, table: &[T], value: &T) {
    let at = table.iter().position(|entry| entry == value).unwrap_or(usize::from(u8::MAX));
    w.u8(u8::try_from(at).unwrap_or(u8::MAX));
}

pub(crate) fn get_code<T: Copy>(r: &mut Reader<'_>, table: &[T]) -> Result<T, WireError> {
    table.get(usize::from(r.u8()?)).copied().ok_or(WireError::Invalid)
}

/// 0 for nothing, else the value + 1.
pub(crate) fn put_option(w: &mut Writer<'_>, value: Option<u64>) {
    w.varint(value.map_or(0, |v| v.saturating_add(1)));
}

pub(crate) fn get_option(r: &mut Reader<'_>) -> Result<Option<u64>, WireError> {
    Ok(r.varint()?.checked_sub(1))
}

const STATUS: [OrderStatus; 8] = [
    OrderStatus::New,
    OrderStatus::PendingNew,
    OrderStatus::PartiallyFilled,
    OrderStatus::Filled,
    OrderStatus::Canceled,
    OrderStatus::Rejected,
    OrderStatus::Expired,
    OrderStatus::ExpiredInMatch,
];
const STP: [StpMode; 5] =
    [StpMode::None, StpMode::ExpireMaker, StpMode::ExpireTaker, StpMode::ExpireBoth, StpMode::Decrement];
const EXPIRY: [Option<ExpiryReason>; 7] = [
    None,
    Some(ExpiryReason::ImmediateOrCancel),
    Some(ExpiryReason::FillOrKill),
    Some(ExpiryReason::NoLiquidity),
    Some(ExpiryReason::OtherLeg),
    Some(ExpiryReason::WorkingOrderEnded),
    Some(ExpiryReason::FundsExhausted),
];
const CONTINGENCY: [Contingency; 2] = [Contingency::Oco, Contingency::Oto];
const LIST_STATUS: [ListStatus; 3] = [ListStatus::Executing, ListStatus::AllDone, ListStatus::Rejected];

pub(crate) fn put_trade(trade: &Trade, out: &mut Vec<u8>) {
    let mut w = start(out);
    put_i64(&mut w, trade.price.0);
    put_i64(&mut w, trade.qty.0);
    put_money(&mut w, trade.quote);
    w.bool(trade.buyer_is_maker);
    w.varint(trade.buyer.0);
    w.varint(trade.seller.0);
    w.i64(trade.at.0);
}

pub(crate) fn get_trade((market, id): (u16, u64), bytes: &[u8]) -> Result<Trade, WireError> {
    let mut r = open(bytes)?;
    let trade = Trade {
        market: MarketId(market),
        id: TradeId(id),
        price: Price(get_i64(&mut r)?),
        qty: Qty(get_i64(&mut r)?),
        quote: get_money(&mut r)?,
        buyer_is_maker: r.bool()?,
        buyer: OrderId(r.varint()?),
        seller: OrderId(r.varint()?),
        at: Time(r.i64()?),
    };
    r.end().map(|()| trade)
}

pub(crate) fn put_agg(agg: &AggTrade, out: &mut Vec<u8>) {
    let mut w = start(out);
    put_i64(&mut w, agg.price.0);
    put_i64(&mut w, agg.qty.0);
    put_money(&mut w, agg.quote);
    w.varint(agg.first.0);
    w.varint(agg.last.0.saturating_sub(agg.first.0));
    w.bool(agg.buyer_is_maker);
    w.i64(agg.at.0);
}

pub(crate) fn get_agg((market, id): (u16, u64), bytes: &[u8]) -> Result<AggTrade, WireError> {
    let mut r = open(bytes)?;
    let (price, qty, quote) = (Price(get_i64(&mut r)?), Qty(get_i64(&mut r)?), get_money(&mut r)?);
    let first = r.varint()?;
    let last = first.checked_add(r.varint()?).ok_or(WireError::Invalid)?;
    let (buyer_is_maker, at) = (r.bool()?, Time(r.i64()?));
    r.end()?;
    let (first, last) = (TradeId(first), TradeId(last));
    Ok(AggTrade { market: MarketId(market), id, price, qty, quote, first, last, buyer_is_maker, at })
}

pub(crate) fn put_bar(bar: &Bar, out: &mut Vec<u8>) {
    let mut w = start(out);
    for price in [bar.open, bar.high, bar.low, bar.close] {
        put_i64(&mut w, price.0);
    }
    for money in [bar.volume, bar.quote, bar.taker_base, bar.taker_quote] {
        put_money(&mut w, money);
    }
    w.varint(bar.count);
    w.varint(bar.first.0);
    w.varint(bar.last.0);
    put_i64(&mut w, bar.last_qty.0);
}

pub(crate) fn get_bar((_, interval, second): (u16, u8, u64), bytes: &[u8]) -> Result<Bar, WireError> {
    let mut r = open(bytes)?;
    let interval = *Interval::ALL.get(usize::from(interval)).ok_or(WireError::Invalid)?;
    let second = i64::try_from(second).map_err(|_| WireError::Invalid)?;
    let bar = Bar {
        interval,
        open_time: Time(second.checked_mul(1_000_000_000).ok_or(WireError::Invalid)?),
        open: Price(get_i64(&mut r)?),
        high: Price(get_i64(&mut r)?),
        low: Price(get_i64(&mut r)?),
        close: Price(get_i64(&mut r)?),
        volume: get_money(&mut r)?,
        quote: get_money(&mut r)?,
        taker_base: get_money(&mut r)?,
        taker_quote: get_money(&mut r)?,
        count: r.varint()?,
        first: TradeId(r.varint()?),
        last: TradeId(r.varint()?),
        last_qty: Qty(get_i64(&mut r)?),
    };
    r.end().map(|()| bar)
}

pub(crate) fn put_order(closed: &ClosedOrder, out: &mut Vec<u8>) {
    let mut w = start(out);
    let order = &closed.order;
    put_client(&mut w, &order.client_id);
    put_option(&mut w, order.list.map(|list| list.0));
    put_side(&mut w, order.side);
    put_terms(&mut w, &order.terms);
    put_code(&mut w, &STP, &order.stp);
    for tag in [order.tags.strategy_id, order.tags.strategy_type] {
        w.bool(tag.is_some());
        if let Some(tag) = tag {
            put_i64(&mut w, tag);
        }
    }
    put_code(&mut w, &STATUS, &order.status);
    for qty in [order.qty, order.executed, order.prevented] {
        put_i64(&mut w, qty.0);
    }
    put_money(&mut w, order.executed_quote);
    w.i64(order.created.0);
    put_i64(&mut w, order.updated.since(order.created));
    for since in [order.working_since, order.trailing_since] {
        w.bool(since.is_some());
        if let Some(since) = since {
            put_i64(&mut w, since.since(order.created));
        }
    }
    put_code(&mut w, &EXPIRY, &closed.expiry);
    put_option(&mut w, closed.prevented_match);
}

pub(crate) fn get_order(
    (account, market, id): (u32, u16, u64),
    bytes: &[u8],
) -> Result<ClosedOrder, WireError> {
    let mut r = open(bytes)?;
    let client_id = get_client(&mut r)?;
    let list = get_option(&mut r)?.map(ListId);
    let (side, terms, stp) = (get_side(&mut r)?, get_terms(&mut r)?, get_code(&mut r, &STP)?);
    let mut tag =
        || -> Result<Option<i64>, WireError> { if r.bool()? { get_i64(&mut r).map(Some) } else { Ok(None) } };
    let tags = Tags { strategy_id: tag()?, strategy_type: tag()? };
    let status = get_code(&mut r, &STATUS)?;
    let (qty, executed, prevented) = (Qty(get_i64(&mut r)?), Qty(get_i64(&mut r)?), Qty(get_i64(&mut r)?));
    let executed_quote = get_money(&mut r)?;
    let created = Time(r.i64()?);
    let updated = created.plus_nanos(get_i64(&mut r)?);
    let mut since = || -> Result<Option<Time>, WireError> {
        if r.bool()? { get_i64(&mut r).map(|ns| Some(created.plus_nanos(ns))) } else { Ok(None) }
    };
    let (working_since, trailing_since) = (since()?, since()?);
    let expiry = get_code(&mut r, &EXPIRY)?;
    let prevented_match = get_option(&mut r)?;
    r.end()?;
    let order = OrderView {
        id: OrderId(id),
        account: AccountId(account),
        market: MarketId(market),
        client_id,
        list,
        side,
        terms,
        stp,
        tags,
        status,
        qty,
        executed,
        executed_quote,
        prevented,
        created,
        updated,
        working_since,
        trailing_since,
    };
    Ok(ClosedOrder { order, expiry, prevented_match })
}

pub(crate) fn put_fill(record: &AccountFill, out: &mut Vec<u8>) {
    let mut w = start(out);
    let fill = &record.fill;
    put_option(&mut w, record.list.map(|list| list.0));
    put_side(&mut w, record.side);
    put_i64(&mut w, fill.price.0);
    put_i64(&mut w, fill.qty.0);
    put_money(&mut w, fill.quote);
    put_money(&mut w, fill.fee);
    w.u16(fill.fee_asset.0);
    w.bool(fill.is_maker);
    w.i64(record.at.0);
}

pub(crate) fn get_fill(
    (account, market, trade, order): (u32, u16, u64, u64),
    bytes: &[u8],
) -> Result<AccountFill, WireError> {
    let mut r = open(bytes)?;
    let list = get_option(&mut r)?.map(ListId);
    let side = get_side(&mut r)?;
    let fill = Fill {
        trade: TradeId(trade),
        price: Price(get_i64(&mut r)?),
        qty: Qty(get_i64(&mut r)?),
        quote: get_money(&mut r)?,
        fee: get_money(&mut r)?,
        fee_asset: AssetId(r.u16()?),
        is_maker: r.bool()?,
    };
    let at = Time(r.i64()?);
    r.end()?;
    let (account, market, order) = (AccountId(account), MarketId(market), OrderId(order));
    Ok(AccountFill { account, market, order, list, side, fill, at })
}

pub(crate) fn put_list(list: &ListView, out: &mut Vec<u8>) {
    let mut w = start(out);
    w.u16(list.market.0);
    put_client(&mut w, &list.client_id);
    put_code(&mut w, &CONTINGENCY, &list.contingency);
    put_code(&mut w, &LIST_STATUS, &list.status);
    w.u8(list.legs);
    for (id, client) in list.orders.iter().take(usize::from(list.legs)) {
        w.varint(id.0);
        put_client(&mut w, client);
    }
    w.i64(list.updated.0);
}

pub(crate) fn get_list((account, id): (u32, u64), bytes: &[u8]) -> Result<ListView, WireError> {
    let mut r = open(bytes)?;
    let market = MarketId(r.u16()?);
    let client_id = get_client(&mut r)?;
    let contingency = get_code(&mut r, &CONTINGENCY)?;
    let status = get_code(&mut r, &LIST_STATUS)?;
    let legs = r.u8()?;
    // Unused places repeat the list's own id: they are never looked at.
    let mut orders = [(OrderId(0), client_id); 3];
    let used = orders.get_mut(..usize::from(legs)).ok_or(WireError::Invalid)?;
    for leg in used {
        *leg = (OrderId(r.varint()?), get_client(&mut r)?);
    }
    let updated = Time(r.i64()?);
    r.end()?;
    let (id, account) = (ListId(id), AccountId(account));
    Ok(ListView { id, account, market, client_id, contingency, status, orders, legs, updated })
}

/// Version 1 had one quantity, what would have traded.
const PREVENTED_VERSION: u8 = 2;

pub(crate) fn put_prevented(item: &PreventedMatch, out: &mut Vec<u8>) {
    out.push(PREVENTED_VERSION);
    let mut w = Writer(out);
    w.varint(item.taker.0);
    w.varint(item.maker.0);
    put_code(&mut w, &STP, &item.stp);
    put_i64(&mut w, item.price.0);
    for lost in [item.taker_lost, item.maker_lost] {
        put_option(&mut w, lost.map(|qty| qty.0.unsigned_abs()));
    }
    w.i64(item.at.0);
}

pub(crate) fn get_prevented(
    (account, market, id): (u32, u16, u64),
    bytes: &[u8],
) -> Result<PreventedMatch, WireError> {
    let mut r = Reader::new(bytes);
    let version = r.u8()?;
    let (taker, maker) = (OrderId(r.varint()?), OrderId(r.varint()?));
    let (stp, price) = (get_code(&mut r, &STP)?, Price(get_i64(&mut r)?));
    let (taker_lost, maker_lost) = match version {
        VERSION => {
            let qty = Qty(get_i64(&mut r)?);
            ((stp != StpMode::ExpireMaker).then_some(qty), (stp != StpMode::ExpireTaker).then_some(qty))
        }
        PREVENTED_VERSION => {
            let mut lost = || Ok(get_unsigned(get_option(&mut r)?)?.map(Qty));
            (lost()?, lost()?)
        }
        _ => return Err(WireError::Invalid),
    };
    let at = Time(r.i64()?);
    r.end()?;
    let (account, market) = (AccountId(account), MarketId(market));
    Ok(PreventedMatch { account, market, id, taker, maker, stp, price, taker_lost, maker_lost, at })
}

pub(crate) fn put_amendment(item: &Amendment, out: &mut Vec<u8>) {
    let mut w = start(out);
    w.varint(u64::from(item.account.0));
    w.u16(item.market.0);
    put_client(&mut w, &item.previous_id);
    put_client(&mut w, &item.client_id);
    put_i64(&mut w, item.previous_qty.0);
    put_i64(&mut w, item.qty.0);
    w.i64(item.at.0);
}

pub(crate) fn get_amendment((order, execution): (u64, u64), bytes: &[u8]) -> Result<Amendment, WireError> {
    let mut r = open(bytes)?;
    let account = u32::try_from(r.varint()?).map_err(|_| WireError::Invalid)?;
    let item = Amendment {
        account: AccountId(account),
        market: MarketId(r.u16()?),
        order: OrderId(order),
        execution,
        previous_id: get_client(&mut r)?,
        client_id: get_client(&mut r)?,
        previous_qty: Qty(get_i64(&mut r)?),
        qty: Qty(get_i64(&mut r)?),
        at: Time(r.i64()?),
    };
    r.end().map(|()| item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prevented_match_of_the_first_version_is_still_read() {
        let mut bytes = Vec::new();
        let mut w = start(&mut bytes);
        w.varint(12);
        w.varint(10);
        put_code(&mut w, &STP, &StpMode::ExpireTaker);
        put_i64(&mut w, 50);
        put_i64(&mut w, 7);
        w.i64(99);
        let item = get_prevented((1, 0, 8), &bytes).unwrap();
        assert_eq!((item.taker, item.maker, item.at), (OrderId(12), OrderId(10), Time(99)));
        assert_eq!((item.taker_lost, item.maker_lost), (Some(Qty(7)), None));
        bytes.clear();
        put_prevented(&item, &mut bytes);
        assert_eq!(get_prevented((1, 0, 8), &bytes), Ok(item));
    }
}
