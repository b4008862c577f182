//! Tickers.

use exchange_host::view::market::{Stats, Top};
use types::{Market, Price, Qty, TradeId};

use crate::call::TimeUnit;
use crate::json::Object;

/// How much a ticker tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Full,
    Mini,
}

/// Decimals of `priceChangePercent`.
const PERCENT_SCALE: u8 = 3;

/// Σ quote / Σ base as a price, rounded down; zero without volume.
pub(crate) fn average_price(market: &Market, stats: &Stats) -> Price {
    if stats.volume.0 <= 0 {
        return Price(0);
    }
    let widen = i32::from(market.base.scale) + i32::from(market.price_scale) - i32::from(market.quote.scale);
    let factor = u32::try_from(widen).ok().and_then(|widen| 10_i128.checked_pow(widen));
    let scaled = factor.and_then(|factor| stats.quote_volume.0.checked_mul(factor));
    scaled.and_then(|scaled| i64::try_from(scaled / stats.volume.0).ok()).map_or(stats.last, Price)
}

/// `last - open` in thousandths of a percent of `open`, rounded half away from zero; zero without an opening price.
pub(crate) fn change_millipercent(stats: &Stats) -> i128 {
    let (open, change) = (i128::from(stats.open.0), i128::from(stats.last.0) - i128::from(stats.open.0));
    if open == 0 {
        return 0;
    }
    let doubled = change * 100_000 * 2;
    (doubled + doubled.signum() * open) / (2 * open)
}

/// `GET /api/v3/ticker/24hr`.
pub(crate) fn day_members(
    o: &mut Object<'_>,
    market: &Market,
    stats: &Stats,
    top: &Top,
    kind: Kind,
    unit: TimeUnit,
) {
    o.text("symbol", market.symbol.as_str());
    if kind == Kind::Full {
        change_members(o, market, stats);
        o.price("prevClosePrice", stats.previous_close.unwrap_or(stats.open), market.price_scale);
        o.price("lastPrice", stats.last, market.price_scale);
        o.qty("lastQty", stats.last_qty, market.base.scale);
        top_members(o, market, top);
    }
    o.price("openPrice", stats.open, market.price_scale);
    o.price("highPrice", stats.high, market.price_scale);
    o.price("lowPrice", stats.low, market.price_scale);
    if kind == Kind::Mini {
        o.price("lastPrice", stats.last, market.price_scale);
    }
    volume_members(o, market, stats, unit);
}

/// `GET /api/v3/ticker` and `tradingDay`.
pub(crate) fn window_members(o: &mut Object<'_>, market: &Market, stats: &Stats, kind: Kind, unit: TimeUnit) {
    o.text("symbol", market.symbol.as_str());
    if kind == Kind::Full {
        change_members(o, market, stats);
    }
    o.price("openPrice", stats.open, market.price_scale);
    o.price("highPrice", stats.high, market.price_scale);
    o.price("lowPrice", stats.low, market.price_scale);
    o.price("lastPrice", stats.last, market.price_scale);
    volume_members(o, market, stats, unit);
}

fn change_members(o: &mut Object<'_>, market: &Market, stats: &Stats) {
    let change = i128::from(stats.last.0) - i128::from(stats.open.0);
    o.decimal("priceChange", change, market.price_scale);
    o.decimal("priceChangePercent", change_millipercent(stats), PERCENT_SCALE);
    o.price("weightedAvgPrice", average_price(market, stats), market.price_scale);
}

fn volume_members(o: &mut Object<'_>, market: &Market, stats: &Stats, unit: TimeUnit) {
    let id = |id: Option<TradeId>| id.map_or(-1, |id| i128::from(id.0));
    o.money("volume", stats.volume, market.base.scale);
    o.money("quoteVolume", stats.quote_volume, market.quote.scale);
    o.time("openTime", stats.open_time, unit);
    o.time("closeTime", stats.close_time, unit);
    o.int("firstId", id(stats.first_id));
    o.int("lastId", id(stats.last_id));
    o.int("count", stats.count);
}

/// `bidPrice`, `bidQty`, `askPrice`, `askQty`; zeros where the book is empty.
pub(crate) fn top_members(o: &mut Object<'_>, market: &Market, top: &Top) {
    let side = |level: Option<(Price, Qty)>| level.unwrap_or_default();
    let ((bid, bid_qty), (ask, ask_qty)) = (side(top.bid), side(top.ask));
    o.price("bidPrice", bid, market.price_scale);
    o.qty("bidQty", bid_qty, market.base.scale);
    o.price("askPrice", ask, market.price_scale);
    o.qty("askQty", ask_qty, market.base.scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_rounded_half_away_from_zero() {
        let stats = |open, last| Stats { open: Price(open), last: Price(last), ..Stats::default() };
        for (open, last, want) in [
            (100, 101, 1_000),
            (3, 4, 33_333),
            (3, 2, -33_333),
            (3, 5, 66_667),
            (0, 5, 0),
            (7, 7, 0),
            (200_000, 200_001, 1),
        ] {
            assert_eq!(change_millipercent(&stats(open, last)), want, "{open} {last}");
        }
    }
}
