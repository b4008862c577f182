//! Market data: depth, trades, bars.

use exchange_host::view::market::Depth;
use history::{AggTrade, Bar};
use types::event::Trade;
use types::{Market, Price, Qty};

use crate::call::TimeUnit;
use crate::json::{Array, Json, Object};

/// `GET /api/v3/depth`.
pub(crate) fn depth(market: &Market, depth: &Depth) -> Json {
    Json::object(|o| {
        o.int("lastUpdateId", depth.update_id);
        o.array("bids", |a| levels(a, market, &depth.bids));
        o.array("asks", |a| levels(a, market, &depth.asks));
    })
}

/// `[price, qty]` pairs.
pub(crate) fn levels(a: &mut Array<'_>, market: &Market, levels: &[(Price, Qty)]) {
    for (price, qty) in levels {
        a.array(|a| {
            a.decimal(i128::from(price.0), market.price_scale);
            a.decimal(i128::from(qty.0), market.base.scale);
        });
    }
}

/// One of `GET /api/v3/trades`.
pub(crate) fn trade_members(o: &mut Object<'_>, market: &Market, trade: &Trade, unit: TimeUnit) {
    o.int("id", trade.id.0);
    o.price("price", trade.price, market.price_scale);
    o.qty("qty", trade.qty, market.base.scale);
    o.money("quoteQty", trade.quote, market.quote.scale);
    o.time("time", trade.at, unit);
    o.bool("isBuyerMaker", trade.buyer_is_maker);
    o.bool("isBestMatch", true);
}

/// One of `GET /api/v3/aggTrades`.
pub(crate) fn agg_trade_members(o: &mut Object<'_>, market: &Market, trade: &AggTrade, unit: TimeUnit) {
    o.int("a", trade.id);
    o.price("p", trade.price, market.price_scale);
    o.qty("q", trade.qty, market.base.scale);
    o.int("f", trade.first.0);
    o.int("l", trade.last.0);
    o.time("T", trade.at, unit);
    o.bool("m", trade.buyer_is_maker);
    o.bool("M", true);
}

/// One row of `GET /api/v3/klines`: twelve columns, the last one always "0".
pub(crate) fn bar_row(a: &mut Array<'_>, market: &Market, bar: &Bar, close_ms: i64, unit: TimeUnit) {
    let (price_scale, base_scale, quote_scale) = (market.price_scale, market.base.scale, market.quote.scale);
    a.int(unit.print(bar.open_time));
    for price in [bar.open, bar.high, bar.low, bar.close] {
        a.decimal(i128::from(price.0), price_scale);
    }
    a.decimal(bar.volume.0, base_scale);
    a.int(match unit {
        TimeUnit::Millis => close_ms,
        // The last microsecond of the interval.
        TimeUnit::Micros => close_ms * 1_000 + 999,
    });
    a.decimal(bar.quote.0, quote_scale);
    a.int(bar.count);
    a.decimal(bar.taker_base.0, base_scale);
    a.decimal(bar.taker_quote.0, quote_scale);
    a.text("0");
}
