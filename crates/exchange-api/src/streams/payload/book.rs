//! `@depth`, `@depth5` and its like, `@bookTicker`.

use exchange_host::view::market::{Depth, Top};
use types::{Market, Price, Qty};

use super::Envelope;
use crate::json::{Array, Json};
use crate::streams::depth::Diff;

/// The changes of the book since the last such message.
pub(crate) fn diff(env: Envelope<'_>, diff: &Diff) -> Json {
    env.message("depthUpdate", |o| {
        o.int("U", diff.first);
        o.int("u", diff.last);
        o.array("b", |a| levels(a, env.market, &diff.bids));
        o.array("a", |a| levels(a, env.market, &diff.asks));
    })
}

/// The best levels.
pub(crate) fn partial(market: &Market, depth: &Depth) -> Json {
    Json::object(|o| {
        o.int("lastUpdateId", depth.update_id);
        o.array("bids", |a| levels(a, market, &depth.bids));
        o.array("asks", |a| levels(a, market, &depth.asks));
    })
}

/// Best bid and ask; an empty side is told as zeros.
pub(crate) fn top(market: &Market, top: &Top) -> Json {
    let empty = (Price(0), Qty::ZERO);
    let (bid, ask) = (top.bid.unwrap_or(empty), top.ask.unwrap_or(empty));
    let (price, base) = (market.price_scale, market.base.scale);
    Json::object(|o| {
        o.int("u", top.update_id);
        o.text("s", market.symbol.as_str());
        o.price("b", bid.0, price);
        o.qty("B", bid.1, base);
        o.price("a", ask.0, price);
        o.qty("A", ask.1, base);
    })
}

fn levels(out: &mut Array<'_>, market: &Market, levels: &[(Price, Qty)]) {
    for (price, qty) in levels {
        out.array(|level| {
            level.decimal(price.0.into(), market.price_scale);
            level.decimal(qty.0.into(), market.base.scale);
        });
    }
}
