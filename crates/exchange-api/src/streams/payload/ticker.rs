//! `@miniTicker`, `@ticker`, `@ticker_<window>`, `@avgPrice`.

use exchange_host::view::market::{AveragePrice, Stats, Top};
use types::{Price, Qty};

use super::Envelope;
use crate::json::{Json, Object};
use crate::render::ticker::{average_price, change_millipercent};
use crate::streams::topic::Window;

/// Statistics of 24 hours, few fields.
pub(crate) fn mini(env: Envelope<'_>, stats: &Stats) -> Json {
    let market = env.market;
    let (price, base, quote) = (market.price_scale, market.base.scale, market.quote.scale);
    env.message("24hrMiniTicker", |o| {
        o.price("c", stats.last, price);
        o.price("o", stats.open, price);
        o.price("h", stats.high, price);
        o.price("l", stats.low, price);
        o.money("v", stats.volume, base);
        o.money("q", stats.quote_volume, quote);
    })
}

/// Statistics of 24 hours with the best bid and ask.
pub(crate) fn full(env: Envelope<'_>, stats: &Stats, top: &Top) -> Json {
    let (price, base) = (env.market.price_scale, env.market.base.scale);
    let empty = (Price(0), Qty::ZERO);
    let (bid, ask) = (top.bid.unwrap_or(empty), top.ask.unwrap_or(empty));
    env.message("24hrTicker", |o| {
        change(o, env, stats);
        o.price("x", stats.previous_close.unwrap_or_default(), price);
        o.price("c", stats.last, price);
        o.qty("Q", stats.last_qty, base);
        o.price("b", bid.0, price);
        o.qty("B", bid.1, base);
        o.price("a", ask.0, price);
        o.qty("A", ask.1, base);
        span(o, env, stats);
    })
}

/// Statistics of a rolling window.
pub(crate) fn window(env: Envelope<'_>, window: Window, stats: &Stats) -> Json {
    let event = match window {
        Window::H1 => "1hTicker",
        Window::H4 => "4hTicker",
        Window::D1 => "1dTicker",
    };
    env.message(event, |o| {
        change(o, env, stats);
        o.price("c", stats.last, env.market.price_scale);
        span(o, env, stats);
    })
}

/// The average price over the market's window.
pub(crate) fn average(env: Envelope<'_>, average: &AveragePrice) -> Json {
    env.message("avgPrice", |o| {
        o.text("i", &format!("{}m", average.minutes));
        o.price("w", average.price, env.market.price_scale);
        o.time("T", average.close_time, env.unit);
    })
}

fn change(o: &mut Object<'_>, env: Envelope<'_>, stats: &Stats) {
    let scale = env.market.price_scale;
    o.decimal("p", i128::from(stats.last.0) - i128::from(stats.open.0), scale);
    o.decimal("P", change_millipercent(stats), 3);
    o.price("w", average_price(env.market, stats), scale);
}

fn span(o: &mut Object<'_>, env: Envelope<'_>, stats: &Stats) {
    let market = env.market;
    let (price, base, quote) = (market.price_scale, market.base.scale, market.quote.scale);
    o.price("o", stats.open, price);
    o.price("h", stats.high, price);
    o.price("l", stats.low, price);
    o.money("v", stats.volume, base);
    o.money("q", stats.quote_volume, quote);
    o.time("O", stats.open_time, env.unit);
    o.time("C", stats.close_time, env.unit);
    o.int("F", stats.first_id.map_or(-1, |id| i128::from(id.0)));
    o.int("L", stats.last_id.map_or(-1, |id| i128::from(id.0)));
    o.int("n", stats.count);
}
