//! `@kline_<interval>`.

use types::TradeId;

use super::Envelope;
use crate::json::Json;
use crate::streams::bars::Told;

/// A bar as it stands; `closed` when no trade can change it any more.
pub(crate) fn kline(env: Envelope<'_>, told: &Told, closed: bool) -> Json {
    let (market, unit, bar) = (env.market, env.unit, &told.bar);
    let (price, base, quote) = (market.price_scale, market.base.scale, market.quote.scale);
    // A bar without trades has no trade ids; Binance says −1.
    let id = |id: TradeId| if bar.count == 0 { -1_i128 } else { i128::from(id.0) };
    env.message("kline", |o| {
        o.object("k", |k| {
            k.time("t", bar.open_time, unit);
            k.time("T", told.close_time, unit);
            k.text("s", market.symbol.as_str());
            k.text("i", bar.interval.as_str());
            k.int("f", id(bar.first));
            k.int("L", id(bar.last));
            k.price("o", bar.open, price);
            k.price("c", bar.close, price);
            k.price("h", bar.high, price);
            k.price("l", bar.low, price);
            k.money("v", bar.volume, base);
            k.int("n", bar.count);
            k.bool("x", closed);
            k.money("q", bar.quote, quote);
            k.money("V", bar.taker_base, base);
            k.money("Q", bar.taker_quote, quote);
            k.text("B", "0");
        });
    })
}
