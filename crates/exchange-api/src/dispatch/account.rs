//! Private reads, listen keys, and what clients call under `/sapi`. Weights: rest-api.md, 2026-07-21.

use super::Handler::{Read, Store};
use super::{Endpoint, row};
use crate::auth::Security::{KeyOnly, Public, UserData};
use crate::handlers::{account, amend, list, listen_key, order, orders, sapi};
use crate::params::Params;

const LISTEN_KEY: &[&str] = &["listenKey"];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    row(
        ("GET", "/api/v3/order"),
        "order.status",
        UserData,
        |_| 4,
        &["symbol", "orderId", "origClientOrderId"],
        Store(order::query),
    ),
    row(
        ("GET", "/api/v3/openOrders"),
        "openOrders.status",
        UserData,
        open_orders_weight,
        &["symbol"],
        Read(orders::open),
    ),
    row(
        ("GET", "/api/v3/allOrders"),
        "allOrders",
        UserData,
        |_| 20,
        &["symbol", "orderId", "startTime", "endTime", "limit"],
        Store(orders::all),
    ),
    row(
        ("GET", "/api/v3/order/amendments"),
        "order.amendments",
        UserData,
        |_| 4,
        &["symbol", "orderId", "fromExecutionId", "limit"],
        Store(amend::history),
    ),
    row(
        ("GET", "/api/v3/orderList"),
        "orderList.status",
        UserData,
        |_| 4,
        &["orderListId", "origClientOrderId"],
        Store(list::query),
    ),
    row(
        ("GET", "/api/v3/allOrderList"),
        "allOrderLists",
        UserData,
        |_| 20,
        &["fromId", "startTime", "endTime", "limit"],
        Store(list::all),
    ),
    row(("GET", "/api/v3/openOrderList"), "openOrderLists.status", UserData, |_| 6, &[], Read(list::open)),
    row(
        ("GET", "/api/v3/account"),
        "account.status",
        UserData,
        |_| 20,
        &["omitZeroBalances"],
        Read(account::status),
    ),
    row(
        ("GET", "/api/v3/myTrades"),
        "myTrades",
        UserData,
        trades_weight,
        &["symbol", "orderId", "startTime", "endTime", "fromId", "limit"],
        Store(account::trades),
    ),
    row(
        ("GET", "/api/v3/rateLimit/order"),
        "account.rateLimits.orders",
        UserData,
        |_| 40,
        &[],
        Read(account::order_limits),
    ),
    row(
        ("GET", "/api/v3/account/commission"),
        "account.commission",
        UserData,
        |_| 20,
        &["symbol"],
        Read(account::commission),
    ),
    row(
        ("GET", "/api/v3/myPreventedMatches"),
        "myPreventedMatches",
        UserData,
        prevented_weight,
        &["symbol", "preventedMatchId", "orderId", "fromPreventedMatchId", "limit"],
        Store(account::prevented),
    ),
    row(
        ("GET", "/api/v3/myAllocations"),
        "myAllocations",
        UserData,
        |_| 20,
        &["symbol", "startTime", "endTime", "fromAllocationId", "limit", "orderId"],
        Read(account::allocations),
    ),
    row(
        ("POST", "/api/v3/userDataStream"),
        "userDataStream.start",
        KeyOnly,
        |_| 2,
        &[],
        Read(listen_key::start),
    ),
    row(
        ("PUT", "/api/v3/userDataStream"),
        "userDataStream.ping",
        KeyOnly,
        |_| 2,
        LISTEN_KEY,
        Read(listen_key::keep_alive),
    ),
    row(
        ("DELETE", "/api/v3/userDataStream"),
        "userDataStream.stop",
        KeyOnly,
        |_| 2,
        LISTEN_KEY,
        Read(listen_key::close),
    ),
    row(("GET", "/sapi/v1/system/status"), "", Public, |_| 1, &[], Read(sapi::system_status)),
    row(("GET", "/sapi/v1/capital/config/getall"), "", UserData, |_| 10, &[], Read(sapi::assets)),
    row(("GET", "/sapi/v1/margin/allPairs"), "", Public, |_| 1, &["symbol"], Read(sapi::none)),
    row(("GET", "/sapi/v1/margin/isolated/allPairs"), "", Public, |_| 1, &["symbol"], Read(sapi::none)),
    row(("GET", "/sapi/v1/asset/tradeFee"), "", UserData, |_| 1, &["symbol"], Read(sapi::trade_fee)),
    row(
        ("POST", "/sapi/v3/asset/getUserAsset"),
        "",
        UserData,
        |_| 5,
        &["asset", "needBtcValuation"],
        Read(sapi::user_assets),
    ),
];

fn open_orders_weight(params: &Params) -> u32 {
    if params.has("symbol") { 6 } else { 80 }
}

fn trades_weight(params: &Params) -> u32 {
    if params.has("orderId") { 5 } else { 20 }
}

fn prevented_weight(params: &Params) -> u32 {
    if params.has("preventedMatchId") { 2 } else { 20 }
}
