//! What a market shows.

use crate::depth::{DepthDiff, DepthSnapshot, Level};
use crate::wire::{Reader, WireError, Writer};
use crate::{
    Bar, FeedState, Interval, MarketEvent, MarketId, MarketNews, Money, Price, Print, Qty, Time, TradeId,
};

/// Bytes of a level.
const LEVEL_LEN: usize = 16;

/// Writes levels.
pub fn put_levels(w: &mut Writer<'_>, levels: &[Level]) {
    w.varint(levels.len() as u64);
    for level in levels {
        put_level(w, level);
    }
}

/// Reads levels.
pub fn get_levels(r: &mut Reader<'_>) -> Result<Vec<Level>, WireError> {
    let count = r.count(LEVEL_LEN)?;
    (0..count).map(|_| get_level(r)).collect()
}

/// Writes changes of a book.
pub fn put_depth_diff(w: &mut Writer<'_>, diff: &DepthDiff) {
    w.u64(diff.first);
    w.u64(diff.last);
    put_levels(w, &diff.bids);
    put_levels(w, &diff.asks);
}

/// Reads changes of a book.
pub fn get_depth_diff(r: &mut Reader<'_>) -> Result<DepthDiff, WireError> {
    Ok(DepthDiff { first: r.u64()?, last: r.u64()?, bids: get_levels(r)?, asks: get_levels(r)? })
}

/// Writes a bar.
pub fn put_bar(w: &mut Writer<'_>, bar: &Bar) {
    w.u8(bar.interval.code());
    w.i64(bar.open_time.0);
    for price in [bar.open, bar.high, bar.low, bar.close] {
        w.i64(price.0);
    }
    for amount in [bar.volume, bar.quote, bar.taker_base, bar.taker_quote] {
        w.i128(amount.0);
    }
    w.u64(bar.count);
    w.u64(bar.first.0);
    w.u64(bar.last.0);
    w.i64(bar.last_qty.0);
}

/// Reads a bar.
pub fn get_bar(r: &mut Reader<'_>) -> Result<Bar, WireError> {
    let interval = Interval::ALL.get(usize::from(r.u8()?)).copied().ok_or(WireError::Invalid)?;
    Ok(Bar {
        interval,
        open_time: Time(r.i64()?),
        open: Price(r.i64()?),
        high: Price(r.i64()?),
        low: Price(r.i64()?),
        close: Price(r.i64()?),
        volume: Money(r.i128()?),
        quote: Money(r.i128()?),
        taker_base: Money(r.i128()?),
        taker_quote: Money(r.i128()?),
        count: r.u64()?,
        first: TradeId(r.u64()?),
        last: TradeId(r.u64()?),
        last_qty: Qty(r.i64()?),
    })
}

/// Writes what a market showed.
pub fn put_market_event(w: &mut Writer<'_>, event: &MarketEvent) {
    w.u16(event.market.0);
    match &event.data {
        MarketNews::Bar(bar) => {
            w.u8(0);
            put_bar(w, bar);
        }
        MarketNews::Print(print) => {
            w.u8(1);
            put_print(w, print);
        }
        MarketNews::Snapshot(snapshot) => {
            w.u8(2);
            w.u64(snapshot.last);
            put_levels(w, &snapshot.bids);
            put_levels(w, &snapshot.asks);
        }
        MarketNews::Diff(diff) => {
            w.u8(3);
            put_depth_diff(w, diff);
        }
        MarketNews::Best { update, bid, ask } => {
            w.u8(4);
            w.u64(*update);
            put_level(w, bid);
            put_level(w, ask);
        }
        MarketNews::Mark(price) => {
            w.u8(5);
            w.i64(price.0);
        }
        MarketNews::Funding { rate, mark } => {
            w.u8(6);
            w.i64(*rate);
            w.i64(mark.0);
        }
        MarketNews::Feed(state) => {
            w.u8(7);
            w.bool(*state == FeedState::Up);
        }
    }
}

/// Reads what a market showed.
pub fn get_market_event(r: &mut Reader<'_>) -> Result<MarketEvent, WireError> {
    let market = MarketId(r.u16()?);
    let data = match r.u8()? {
        0 => MarketNews::Bar(get_bar(r)?),
        1 => MarketNews::Print(get_print(r)?),
        2 => {
            MarketNews::Snapshot(DepthSnapshot { last: r.u64()?, bids: get_levels(r)?, asks: get_levels(r)? })
        }
        3 => MarketNews::Diff(get_depth_diff(r)?),
        4 => MarketNews::Best { update: r.u64()?, bid: get_level(r)?, ask: get_level(r)? },
        5 => MarketNews::Mark(Price(r.i64()?)),
        6 => MarketNews::Funding { rate: r.i64()?, mark: Price(r.i64()?) },
        7 => MarketNews::Feed(if r.bool()? { FeedState::Up } else { FeedState::Down }),
        _ => return Err(WireError::Invalid),
    };
    Ok(MarketEvent { market, data })
}

fn put_print(w: &mut Writer<'_>, print: &Print) {
    w.u64(print.id.0);
    w.i64(print.price.0);
    w.i64(print.qty.0);
    w.i128(print.quote.0);
    w.bool(print.buyer_is_maker);
    w.i64(print.at.0);
}

fn get_print(r: &mut Reader<'_>) -> Result<Print, WireError> {
    Ok(Print {
        id: TradeId(r.u64()?),
        price: Price(r.i64()?),
        qty: Qty(r.i64()?),
        quote: Money(r.i128()?),
        buyer_is_maker: r.bool()?,
        at: Time(r.i64()?),
    })
}

fn put_level(w: &mut Writer<'_>, (price, qty): &Level) {
    w.i64(price.0);
    w.i64(qty.0);
}

fn get_level(r: &mut Reader<'_>) -> Result<Level, WireError> {
    Ok((Price(r.i64()?), Qty(r.i64()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_news_is_read_back() {
        let bar = Bar::flat(Interval::M15, Time(7), Price(-3));
        let print = Print {
            id: TradeId(1),
            price: Price(2),
            qty: Qty(3),
            quote: Money(-4),
            buyer_is_maker: true,
            at: Time(-5),
        };
        let level = (Price(1), Qty(2));
        let diff = DepthDiff { first: 1, last: 2, bids: vec![level], asks: vec![level, level] };
        let snapshot = DepthSnapshot { last: 9, bids: vec![level], asks: vec![] };
        let all = [
            MarketNews::Bar(bar),
            MarketNews::Print(print),
            MarketNews::Snapshot(snapshot),
            MarketNews::Diff(diff),
            MarketNews::Best { update: 1, bid: level, ask: level },
            MarketNews::Mark(Price(5)),
            MarketNews::Funding { rate: -6, mark: Price(7) },
            MarketNews::Feed(FeedState::Up),
            MarketNews::Feed(FeedState::Down),
        ];
        for data in all {
            let event = MarketEvent { market: MarketId(3), data };
            let mut bytes = Vec::new();
            put_market_event(&mut Writer(&mut bytes), &event);
            let mut r = Reader::new(&bytes);
            assert_eq!((get_market_event(&mut r), r.end()), (Ok(event), Ok(())));
            for cut in 0..bytes.len() {
                assert!(get_market_event(&mut Reader::new(&bytes[..cut])).is_err());
            }
        }
    }
}
