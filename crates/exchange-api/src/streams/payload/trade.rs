//! `@trade` and `@aggTrade`.

use history::AggTrade;
use types::event::Trade;

use super::Envelope;
use crate::json::Json;

/// One trade.
pub(crate) fn trade(env: Envelope<'_>, trade: &Trade) -> Json {
    env.message("trade", |o| {
        o.int("t", trade.id.0);
        o.price("p", trade.price, env.market.price_scale);
        o.qty("q", trade.qty, env.market.base.scale);
        o.time("T", trade.at, env.unit);
        o.bool("m", trade.buyer_is_maker);
        o.bool("M", true);
    })
}

/// The trades of one taker order at one price.
pub(crate) fn agg_trade(env: Envelope<'_>, agg: &AggTrade) -> Json {
    env.message("aggTrade", |o| {
        o.int("a", agg.id);
        o.price("p", agg.price, env.market.price_scale);
        o.qty("q", agg.qty, env.market.base.scale);
        o.int("f", agg.first.0);
        o.int("l", agg.last.0);
        o.time("T", agg.at, env.unit);
        o.bool("m", agg.buyer_is_maker);
        o.bool("M", true);
    })
}
