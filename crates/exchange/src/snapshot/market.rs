//! Markets in the snapshot: rules, and the state of book, triggers and average price.

use super::{limited, number, read_option, sound, write_option};
use crate::Exchange;
use crate::average::{Average, Bucket};
use crate::desk::Desk;
use matching::triggers::{Conditional, Waiting};
use matching::{Book, Resting, Triggers, Units};
use std::collections::{BTreeSet, VecDeque};
use types::instrument::{LotRule, PercentPriceRule, Rules, TickRule};
use types::wire::{Reader, WireError, Writer};
use types::{Asset, Market, MarketId, Money, OrderId, Price, Qty, Side, Symbol};

/// Most steps of a price ladder read back: Upbit's has a dozen.
const LADDER_LEN_MAX: usize = 1_000;
/// Most minutes of an average: the window is one byte.
const BUCKETS_MAX: usize = 256;

pub(super) fn write(w: &mut Writer<'_>, market: &Market) {
    w.text(market.symbol.as_str());
    w.u16(market.base.id.0);
    w.u16(market.quote.id.0);
    w.u8(market.price_scale);
    let rules = &market.rules;
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
    for lot in [&rules.lot, &rules.market_lot] {
        for qty in [lot.min, lot.max, lot.step] {
            w.i64(qty.0);
        }
    }
    w.i128(rules.notional_min.0);
    w.i128(rules.notional_max.0);
    w.u8(rules.average_minutes);
    let percent = &rules.percent_price;
    let numbers = [percent.bid_up, percent.bid_down, percent.ask_up, percent.ask_down];
    let limits = [rules.iceberg_parts_max, rules.orders_max, rules.stops_max, rules.icebergs_max];
    let rest = [rules.lists_max, rules.amends_max, rules.trailing.0, rules.trailing.1];
    for number in numbers.into_iter().chain(limits).chain(rest) {
        w.u32(number);
    }
    w.i128(rules.position_max.0);
}

pub(super) fn read(r: &mut Reader<'_>, id: MarketId, assets: &[Asset]) -> Result<Market, WireError> {
    let symbol = Symbol::new(r.text()?).map_err(|_| WireError::Invalid)?;
    let asset = |id: u16| assets.get(usize::from(id)).copied().ok_or(WireError::Invalid);
    let (base, quote, price_scale) = (asset(r.u16()?)?, asset(r.u16()?)?, r.u8()?);
    sound(base.id != quote.id)?;
    let (price_min, price_max) = (Price(r.i64()?), Price(r.i64()?));
    let tick = match r.u8()? {
        0 => TickRule::Fixed(Price(r.i64()?)),
        1 => {
            let count = limited(r, 16, LADDER_LEN_MAX)?;
            let step = |_| Ok((Price(r.i64()?), Price(r.i64()?)));
            TickRule::Ladder((0..count).map(step).collect::<Result<_, WireError>>()?)
        }
        _ => return Err(WireError::Invalid),
    };
    let mut lot = || Ok(LotRule { min: Qty(r.i64()?), max: Qty(r.i64()?), step: Qty(r.i64()?) });
    let (lot, market_lot): (LotRule, LotRule) = (lot()?, lot()?);
    let (notional_min, notional_max) = (Money(r.i128()?), Money(r.i128()?));
    let average_minutes = r.u8()?;
    let mut numbers = [0_u32; 12];
    for number in &mut numbers {
        *number = r.u32()?;
    }
    let [bid_up, bid_down, ask_up, ask_down, parts, orders, stops, icebergs, lists, amends, from, to] =
        numbers;
    let rules = Rules {
        price_min,
        price_max,
        tick,
        lot,
        market_lot,
        notional_min,
        notional_max,
        average_minutes,
        percent_price: PercentPriceRule { bid_up, bid_down, ask_up, ask_down },
        iceberg_parts_max: parts,
        orders_max: orders,
        stops_max: stops,
        icebergs_max: icebergs,
        lists_max: lists,
        amends_max: amends,
        position_max: Money(r.i128()?),
        trailing: (from, to),
    };
    Market::new(id, symbol, base, quote, price_scale, rules).map_err(|_| WireError::Invalid)
}

/// The numbers, then the book in priority order, then the conditional orders in order of arrival. Of an order in the book
/// only what its public state does not tell is written.
pub(super) fn write_state(w: &mut Writer<'_>, desk: &Desk) {
    for number in [desk.update_id, desk.trade_id, desk.prevented_id, desk.book.next_arrival()] {
        w.u64(number);
    }
    write_option(w, desk.book.last_price().map(|p| p.0));
    w.varint(desk.average.buckets.len() as u64);
    for bucket in &desk.average.buckets {
        w.i64(bucket.minute);
        w.i128(bucket.quote);
        w.i128(bucket.base);
    }
    for side in [Side::Buy, Side::Sell] {
        w.varint(desk.book.orders(side).count() as u64);
        for rest in desk.book.orders(side) {
            w.u64(rest.id.0);
            w.i64(rest.shown.0);
            w.u64(rest.arrival);
        }
    }
    w.varint(desk.triggers.iter().count() as u64);
    for waiting in desk.triggers.iter() {
        w.u64(waiting.order.id.0);
        write_option(w, waiting.best.map(|p| p.0));
    }
}

pub(super) fn read_state(r: &mut Reader<'_>, x: &mut Exchange, at: usize) -> Result<(), WireError> {
    let (update_id, trade_id) = (number(r)?, number(r)?);
    let (prevented_id, next_arrival) = (number(r)?, number(r)?);
    let last_price = read_option(r)?.map(Price);
    let mut buckets = VecDeque::new();
    for _ in 0..limited(r, 40, BUCKETS_MAX)? {
        let bucket = Bucket { minute: r.i64()?, quote: r.i128()?, base: r.i128()? };
        let later = buckets.back().is_none_or(|b: &Bucket| b.minute < bucket.minute);
        sound(later && bucket.quote >= 0 && bucket.base >= 0)?;
        buckets.push_back(bucket);
    }
    let market = x.desks[at].market.id;
    let mut resting = Vec::new();
    for side in [Side::Buy, Side::Sell] {
        for _ in 0..r.count(24)? {
            let (id, shown, arrival) = (OrderId(r.u64()?), Qty(r.i64()?), r.u64()?);
            let live = x.orders.find(id).map(|slot| &x.orders.at(slot).view).ok_or(WireError::Invalid)?;
            let price = live.terms.price().ok_or(WireError::Invalid)?;
            sound(live.side == side && live.market == market)?;
            let (owner, left, display) = (live.account, live.remaining(), live.terms.display());
            resting.push(Resting { id, owner, side, price, left, shown, display, arrival });
        }
    }
    let mut waiting = Vec::new();
    let mut ids = BTreeSet::new();
    for _ in 0..r.count(9)? {
        let id = OrderId(r.u64()?);
        let best = read_option(r)?.map(Price);
        let live = x.orders.find(id).map(|slot| &x.orders.at(slot).view).ok_or(WireError::Invalid)?;
        let trigger = *live.terms.trigger().ok_or(WireError::Invalid)?;
        sound(live.market == market && ids.insert(id))?;
        sound(best.is_none() || trigger.trailing.is_some())?;
        waiting.push(Waiting { order: Conditional { id, side: live.side, trigger }, best });
    }
    let desk = &mut x.desks[at];
    let units = Units::of(&desk.market);
    desk.book = Book::restore(units, last_price, next_arrival, resting).map_err(|_| WireError::Invalid)?;
    desk.triggers = Triggers::restore(waiting);
    desk.average = Average::restored(buckets);
    (desk.update_id, desk.trade_id, desk.prevented_id) = (update_id, trade_id, prevented_id);
    Ok(())
}
