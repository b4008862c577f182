//! The other private events: `outboundAccountPosition`, `balanceUpdate`, `listStatus`, and the ends of a stream
//! (user-data-stream.md, 2026-07-21).

use exchange_host::view::Catalog;
use types::{Asset, ListView, Money, Time};

use crate::call::TimeUnit;
use crate::json::Json;
use crate::words;

/// One asset's new balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Which asset.
    pub(crate) asset: Asset,
    /// Can be spent.
    pub(crate) available: Money,
    /// Reserved by live orders.
    pub(crate) locked: Money,
}

/// All balances that one command may have changed.
pub(crate) fn position(holdings: &[Holding], now: Time, at: Time, unit: TimeUnit) -> Json {
    Json::object(|o| {
        o.text("e", "outboundAccountPosition");
        o.time("E", now, unit);
        o.time("u", at, unit);
        o.array("B", |a| {
            for holding in holdings {
                a.object(|o| {
                    o.text("a", holding.asset.code.as_str());
                    o.money("f", holding.available, holding.asset.scale);
                    o.money("l", holding.locked, holding.asset.scale);
                });
            }
        });
    })
}

/// Money that came in or went out from outside.
pub(crate) fn transfer(asset: &Asset, delta: Money, now: Time, at: Time, unit: TimeUnit) -> Json {
    Json::object(|o| {
        o.text("e", "balanceUpdate");
        o.time("E", now, unit);
        o.text("a", asset.code.as_str());
        o.money("d", delta, asset.scale);
        o.time("T", at, unit);
    })
}

/// A change of an order list, or (`amended`) of a member's client id (type UPDATED). `None` if its market is unknown, which
/// a consistent exchange never tells.
pub(crate) fn list(
    catalog: &Catalog,
    list: &ListView,
    amended: bool,
    now: Time,
    at: Time,
    unit: TimeUnit,
) -> Option<Json> {
    let symbol = catalog.market(list.market)?.symbol;
    let (kind, order_status) = words::list_status(list.status);
    Some(Json::object(|o| {
        o.text("e", "listStatus");
        o.time("E", now, unit);
        o.text("s", symbol.as_str());
        o.int("g", list.id.0);
        o.text("c", words::contingency(list.contingency));
        o.text("l", if amended { "UPDATED" } else { kind });
        o.text("L", order_status);
        o.text("r", "NONE");
        o.text("C", list.client_id.as_str());
        o.time("T", at, unit);
        o.array("O", |a| {
            for (id, client) in list.orders.iter().take(usize::from(list.legs)) {
                a.object(|o| {
                    o.text("s", symbol.as_str());
                    o.int("i", id.0);
                    o.text("c", client.as_str());
                });
            }
        });
    }))
}

/// The subscription is over: its key was revoked, or it was unsubscribed.
pub(crate) fn terminated(now: Time, unit: TimeUnit) -> Json {
    Json::object(|o| {
        o.text("e", "eventStreamTerminated");
        o.time("E", now, unit);
    })
}

/// The listen key ran out or was closed.
pub(crate) fn listen_key_expired(listen_key: &str, now: Time, unit: TimeUnit) -> Json {
    Json::object(|o| {
        o.text("e", "listenKeyExpired");
        o.time("E", now, unit);
        o.text("listenKey", listen_key);
    })
}

/// The server is about to end the connection.
pub(crate) fn server_shutdown(now: Time, unit: TimeUnit) -> Json {
    Json::object(|o| {
        o.text("e", "serverShutdown");
        o.time("E", now, unit);
    })
}
