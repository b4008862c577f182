//! Tickers: 24 hours, rolling windows, the trading day, price, best bid and ask.

use types::{Market, Time};

use super::symbols::{Asked, asked};
use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::json::{Json, Object};
use crate::params::{Params, invalid};
use crate::render::ticker::{self, Kind};
use crate::timezone;

const KINDS: &[(&str, Kind)] = &[("FULL", Kind::Full), ("MINI", Kind::Mini)];
const DAY_MINUTES: u32 = 24 * 60;
const MINUTE_NS: i64 = 60_000_000_000;

fn kind(params: &Params) -> Result<Kind, ApiError> {
    let kind = params.word("type", KINDS, || ApiError::new(-1139, "Invalid ticker type."))?;
    Ok(kind.unwrap_or(Kind::Full))
}

/// One object or an array of them.
fn each(asked: &Asked<'_>, fill: impl Fn(&mut Object<'_>, &Market)) -> Json {
    match (asked.single, asked.markets.as_slice()) {
        (true, [market]) => Json::object(|o| fill(o, market)),
        (_, markets) => Json::array(|a| markets.iter().for_each(|market| a.object(|o| fill(o, market)))),
    }
}

/// `GET /api/v3/ticker/24hr`, `ticker.24hr`.
pub(crate) fn day(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let catalog = view.catalog();
    let kind = kind(&call.params)?;
    let asked = asked(&catalog, &call.params, true)?;
    Ok(each(&asked, |o, market| {
        let stats = view.day_stats(market.id, call.at);
        ticker::day_members(o, market, &stats, &view.top(market.id), kind, call.unit);
    }))
}

/// `GET /api/v3/ticker`, `ticker`.
pub(crate) fn rolling(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let catalog = view.catalog();
    let kind = kind(&call.params)?;
    let minutes = call.params.optional("windowSize")?.map_or(Some(DAY_MINUTES), window);
    let minutes = minutes.ok_or_else(|| invalid("windowSize"))?;
    let asked = asked(&catalog, &call.params, false)?;
    Ok(each(&asked, |o, market| {
        let stats = view.stats(market.id, minutes, call.at);
        ticker::window_members(o, market, &stats, kind, call.unit);
    }))
}

/// A window in minutes: `1m` to `59m`, `1h` to `23h`, `1d` to `7d`.
pub(crate) fn window(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u32 = number.parse().ok()?;
    match unit {
        "m" if (1..=59).contains(&number) => Some(number),
        "h" if (1..=23).contains(&number) => Some(number * 60),
        "d" if (1..=7).contains(&number) => Some(number * DAY_MINUTES),
        _ => None,
    }
}

/// `GET /api/v3/ticker/tradingDay`, `ticker.tradingDay`: since midnight in `timeZone`.
pub(crate) fn trading_day(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let catalog = view.catalog();
    let kind = kind(&call.params)?;
    let offset_ns = timezone::offset_ns(&call.params)?;
    let asked = asked(&catalog, &call.params, false)?;
    let day_ns = i64::from(DAY_MINUTES) * MINUTE_NS;
    let midnight = Time(call.at.0 - (call.at.0 + offset_ns).rem_euclid(day_ns));
    let minutes = u32::try_from(call.at.since(midnight) / MINUTE_NS).unwrap_or(0).max(1);
    Ok(each(&asked, |o, market| {
        let mut stats = view.stats(market.id, minutes, call.at);
        stats.open_time = midnight;
        stats.close_time = midnight.plus_nanos(day_ns - 1_000_000);
        ticker::window_members(o, market, &stats, kind, call.unit);
    }))
}

/// `GET /api/v3/ticker/price`, `ticker.price`.
pub(crate) fn price(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let catalog = view.catalog();
    let asked = asked(&catalog, &call.params, true)?;
    Ok(each(&asked, |o, market| {
        let price = view.last_trade(market.id).map(|trade| trade.price).unwrap_or_default();
        o.text("symbol", market.symbol.as_str());
        o.price("price", price, market.price_scale);
    }))
}

/// `GET /api/v3/ticker/bookTicker`, `ticker.book`.
pub(crate) fn book(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let catalog = view.catalog();
    let asked = asked(&catalog, &call.params, true)?;
    Ok(each(&asked, |o, market| {
        o.text("symbol", market.symbol.as_str());
        ticker::top_members(o, market, &view.top(market.id));
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read() {
        for (text, minutes) in [
            ("1m", Some(1)),
            ("59m", Some(59)),
            ("23h", Some(1_380)),
            ("7d", Some(10_080)),
            ("0m", None),
            ("60m", None),
            ("24h", None),
            ("8d", None),
            ("m", None),
            ("", None),
            ("+1m", None),
            ("1M", None),
            ("1é", None),
        ] {
            assert_eq!(window(text), minutes, "{text}");
        }
    }
}
