//! Public endpoints. Weights: rest-api.md, 2026-07-21.

use super::Handler::{Read, Store};
use super::{Endpoint, row};
use crate::auth::Security::Public;
use crate::handlers::{exchange_info, general, klines, market, ticker};
use crate::params::Params;

const KLINES: &[&str] = &["symbol", "interval", "startTime", "endTime", "timeZone", "limit"];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    row(("GET", "/api/v3/ping"), "ping", Public, |_| 1, &[], Read(general::ping)),
    row(("GET", "/api/v3/time"), "time", Public, |_| 1, &[], Read(general::time)),
    row(
        ("GET", "/api/v3/exchangeInfo"),
        "exchangeInfo",
        Public,
        |_| 20,
        &["symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"],
        Read(exchange_info::exchange_info),
    ),
    row(
        ("GET", "/api/v3/depth"),
        "depth",
        Public,
        depth_weight,
        &["symbol", "limit", "symbolStatus"],
        Read(market::depth),
    ),
    row(
        ("GET", "/api/v3/trades"),
        "trades.recent",
        Public,
        |_| 25,
        &["symbol", "limit"],
        Store(market::trades),
    ),
    row(
        ("GET", "/api/v3/historicalTrades"),
        "trades.historical",
        Public,
        |_| 25,
        &["symbol", "limit", "fromId"],
        Store(market::historical),
    ),
    row(
        ("GET", "/api/v3/aggTrades"),
        "trades.aggregate",
        Public,
        |_| 4,
        &["symbol", "fromId", "startTime", "endTime", "limit"],
        Store(market::agg_trades),
    ),
    row(("GET", "/api/v3/klines"), "klines", Public, |_| 2, KLINES, Store(klines::klines)),
    row(("GET", "/api/v3/uiKlines"), "uiKlines", Public, |_| 2, KLINES, Store(klines::klines)),
    row(("GET", "/api/v3/avgPrice"), "avgPrice", Public, |_| 2, &["symbol"], Read(market::average)),
    row(
        ("GET", "/api/v3/ticker/24hr"),
        "ticker.24hr",
        Public,
        day_weight,
        &["symbol", "symbols", "type", "symbolStatus"],
        Read(ticker::day),
    ),
    row(
        ("GET", "/api/v3/ticker/tradingDay"),
        "ticker.tradingDay",
        Public,
        window_weight,
        &["symbol", "symbols", "type", "timeZone", "symbolStatus"],
        Read(ticker::trading_day),
    ),
    row(
        ("GET", "/api/v3/ticker"),
        "ticker",
        Public,
        window_weight,
        &["symbol", "symbols", "type", "windowSize", "symbolStatus"],
        Read(ticker::rolling),
    ),
    row(
        ("GET", "/api/v3/ticker/price"),
        "ticker.price",
        Public,
        one_or_all_weight,
        &["symbol", "symbols", "symbolStatus"],
        Read(ticker::price),
    ),
    row(
        ("GET", "/api/v3/ticker/bookTicker"),
        "ticker.book",
        Public,
        one_or_all_weight,
        &["symbol", "symbols", "symbolStatus"],
        Read(ticker::book),
    ),
];

fn depth_weight(params: &Params) -> u32 {
    match params.int("limit").ok().flatten().unwrap_or(100) {
        ..=100 => 5,
        101..=500 => 25,
        501..=1_000 => 50,
        _ => 250,
    }
}

/// Number of symbols asked for: by their commas, as the request is not checked yet.
fn symbols(params: &Params) -> Option<usize> {
    match (params.get("symbol"), params.get("symbols")) {
        (Some(_), _) => Some(1),
        (None, Some(list)) => Some(list.bytes().filter(|b| *b == b',').count() + 1),
        (None, None) => None,
    }
}

fn day_weight(params: &Params) -> u32 {
    match symbols(params) {
        Some(..=20) => 2,
        Some(21..=100) => 40,
        _ => 80,
    }
}

fn window_weight(params: &Params) -> u32 {
    let each = 4 * symbols(params).unwrap_or(1).min(50);
    u32::try_from(each).unwrap_or(200)
}

fn one_or_all_weight(params: &Params) -> u32 {
    if params.has("symbol") { 2 } else { 4 }
}
