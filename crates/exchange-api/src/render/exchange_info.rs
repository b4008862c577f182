//! `exchangeInfo`: limits and markets with their filters (filters.md).

use types::{Market, Money, Time, decimal};

use crate::RateLimits;
use crate::call::TimeUnit;
use crate::json::{Array, Json, Object};
use crate::words::{ORDER_TYPES, STP_MODES};

/// Decimals of the percent factors: their unit is a hundredth of a percent.
const FACTOR_SCALE: u8 = 4;

/// The whole answer.
pub(crate) fn exchange_info(
    markets: &[&Market],
    limits: &RateLimits,
    permission_sets: bool,
    now: Time,
    unit: TimeUnit,
) -> Json {
    Json::object(|o| {
        o.text("timezone", "UTC");
        o.time("serverTime", now, unit);
        o.array("rateLimits", |a| rate_limits(a, limits));
        o.array("exchangeFilters", |_| {});
        o.array("symbols", |a| {
            for market in markets {
                a.object(|o| symbol(o, market, permission_sets));
            }
        });
    })
}

fn rate_limits(a: &mut Array<'_>, limits: &RateLimits) {
    for (kind, interval, number, limit) in [
        ("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute),
        ("ORDERS", "SECOND", 10, limits.orders_per_10_seconds),
        ("ORDERS", "DAY", 1, limits.orders_per_day),
        ("RAW_REQUESTS", "MINUTE", 5, limits.requests_per_5_minutes),
    ] {
        a.object(|o| {
            o.text("rateLimitType", kind);
            o.text("interval", interval);
            o.int("intervalNum", number);
            o.int("limit", limit);
        });
    }
}

fn symbol(o: &mut Object<'_>, market: &Market, permission_sets: bool) {
    o.text("symbol", market.symbol.as_str());
    o.text("status", "TRADING");
    o.text("baseAsset", market.base.code.as_str());
    o.int("baseAssetPrecision", market.base.scale);
    o.text("quoteAsset", market.quote.code.as_str());
    o.int("quotePrecision", market.quote.scale);
    o.int("quoteAssetPrecision", market.quote.scale);
    o.int("baseCommissionPrecision", market.base.scale);
    o.int("quoteCommissionPrecision", market.quote.scale);
    o.array("orderTypes", |a| ORDER_TYPES.iter().for_each(|(word, _)| a.text(word)));
    for feature in ["icebergAllowed", "ocoAllowed", "otoAllowed"] {
        o.bool(feature, true);
    }
    o.bool("opoAllowed", false);
    for feature in ["quoteOrderQtyMarketAllowed", "allowTrailingStop", "cancelReplaceAllowed", "amendAllowed"]
    {
        o.bool(feature, true);
    }
    o.bool("pegInstructionsAllowed", false);
    o.bool("isSpotTradingAllowed", true);
    o.bool("isMarginTradingAllowed", false);
    o.array("filters", |a| filters(a, market));
    o.array("permissions", |_| {});
    if permission_sets {
        o.array("permissionSets", |a| a.array(|a| a.text("SPOT")));
    }
    o.text("defaultSelfTradePreventionMode", "NONE");
    o.array("allowedSelfTradePreventionModes", |a| STP_MODES.iter().for_each(|(word, _)| a.text(word)));
}

fn filters(a: &mut Array<'_>, market: &Market) {
    let rules = &market.rules;
    let (price_scale, base_scale) = (market.price_scale, market.base.scale);
    filter(a, "PRICE_FILTER", |o| {
        o.price("minPrice", rules.price_min, price_scale);
        o.price("maxPrice", rules.price_max, price_scale);
        o.decimal("tickSize", i128::from(rules.tick.finest()), price_scale);
    });
    filter(a, "LOT_SIZE", |o| lot(o, &rules.lot, base_scale));
    filter(a, "ICEBERG_PARTS", |o| o.int("limit", rules.iceberg_parts_max));
    filter(a, "MARKET_LOT_SIZE", |o| lot(o, &rules.market_lot, base_scale));
    filter(a, "TRAILING_DELTA", |o| {
        let (min, max) = rules.trailing;
        for (min_key, max_key) in [
            ("minTrailingAboveDelta", "maxTrailingAboveDelta"),
            ("minTrailingBelowDelta", "maxTrailingBelowDelta"),
        ] {
            o.int(min_key, min);
            o.int(max_key, max);
        }
    });
    filter(a, "PERCENT_PRICE_BY_SIDE", |o| {
        let percent = &rules.percent_price;
        factor(o, "bidMultiplierUp", percent.bid_up);
        factor(o, "bidMultiplierDown", percent.bid_down);
        factor(o, "askMultiplierUp", percent.ask_up);
        factor(o, "askMultiplierDown", percent.ask_down);
        o.int("avgPriceMins", rules.average_minutes);
    });
    filter(a, "NOTIONAL", |o| {
        o.money("minNotional", rules.notional_min, market.quote.scale);
        o.bool("applyMinToMarket", true);
        // Zero switches the limit off; the venue has no way to say so but a number that no order reaches.
        let max = if rules.notional_max.0 > 0 { rules.notional_max } else { Money(i128::from(i64::MAX)) };
        o.money("maxNotional", max, market.quote.scale);
        o.bool("applyMaxToMarket", false);
        o.int("avgPriceMins", rules.average_minutes);
    });
    counts(a, market);
}

fn counts(a: &mut Array<'_>, market: &Market) {
    let rules = &market.rules;
    for (kind, key, max) in [
        ("MAX_NUM_ORDERS", "maxNumOrders", rules.orders_max),
        ("MAX_NUM_ORDER_LISTS", "maxNumOrderLists", rules.lists_max),
        ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", rules.stops_max),
        ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", rules.icebergs_max),
        ("MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends", rules.amends_max),
    ] {
        if max > 0 {
            filter(a, kind, |o| o.int(key, max));
        }
    }
    if rules.position_max.0 > 0 {
        filter(a, "MAX_POSITION", |o| o.money("maxPosition", rules.position_max, market.base.scale));
    }
}

fn filter(a: &mut Array<'_>, kind: &str, fill: impl FnOnce(&mut Object<'_>)) {
    a.object(|o| {
        o.text("filterType", kind);
        fill(o);
    });
}

fn lot(o: &mut Object<'_>, lot: &types::instrument::LotRule, scale: u8) {
    o.qty("minQty", lot.min, scale);
    o.qty("maxQty", lot.max, scale);
    o.qty("stepSize", lot.step, scale);
}

fn factor(o: &mut Object<'_>, key: &str, factor: u32) {
    o.text(key, &decimal::format_short(i128::from(factor), FACTOR_SCALE));
}
