//! Limits between the API's words (symbols, decimals) and the kernel's (numbers, units).

use api::account_limits::{LimitUse, LimitsBody, MarketLimitsBody};
use api::ports::PortError;
use api::wire::Decimal;
use exchange_host::Catalog;
use risk::account::{AccountLimits, Kind, MarketLimits, Use};
use types::{Asset, Market, Money, Qty, decimal};

use super::seen;

fn wrong(detail: String) -> PortError {
    PortError::Refused { code: "limit", detail }
}

/// Reads limits.
///
/// # Errors
/// The field that does not fit.
pub(super) fn limits(body: &LimitsBody, catalog: &Catalog) -> Result<AccountLimits, PortError> {
    let currency = seen::currency(catalog).ok_or(PortError::Unknown("market"))?;
    let money = |name: &str, text: &Option<Decimal>| {
        text.as_ref().map(|text| units(name, text, &currency).map(Money)).transpose()
    };
    let mut markets = std::collections::BTreeMap::new();
    for (symbol, of_market) in &body.markets {
        let bare = symbol.strip_prefix("local:").unwrap_or(symbol);
        let market = catalog.market_by_symbol(bare);
        let market = market.ok_or_else(|| wrong(format!("there is no market {symbol:?} to limit")))?;
        let read = of_one(symbol, of_market, market)?;
        if read != MarketLimits::default() {
            markets.insert(market.id, read);
        }
    }
    let count = |name: &str, value: Option<u32>, max: u32| match value {
        Some(0) => Err(wrong(format!("{name} must be above zero; to stop trading there is /api/halt"))),
        Some(value) if value > max => Err(wrong(format!("{name} is at most {max}"))),
        value => Ok(value),
    };
    Ok(AccountLimits {
        order_value_max: money("order_value_max", &body.order_value_max)?,
        exposure_max: money("exposure_max", &body.exposure_max)?,
        orders_per_minute: count("orders_per_minute", body.orders_per_minute, 1_000_000)?,
        price_band_bips: body.price_band_bips,
        daily_loss_max: money("daily_loss_max", &body.daily_loss_max)?,
        drawdown_max_bips: count("drawdown_max_bips", body.drawdown_max_bips, 10_000)?,
        markets,
    })
}

fn of_one(symbol: &str, body: &MarketLimitsBody, market: &Market) -> Result<MarketLimits, PortError> {
    let qty = |name: &str, text: &Option<Decimal>| {
        let read = |text: &Decimal| {
            let units = units(&format!("{symbol}: {name}"), text, &market.base)?;
            i64::try_from(units).map(Qty).map_err(|_| wrong(format!("{symbol}: {name} is too large")))
        };
        text.as_ref().map(read).transpose()
    };
    Ok(MarketLimits {
        order_qty_max: qty("order_quantity_max", &body.order_quantity_max)?,
        position_max: qty("position_max", &body.position_max)?,
    })
}

fn units(name: &str, text: &Decimal, asset: &Asset) -> Result<i128, PortError> {
    let value = decimal::parse(text.as_str(), asset.scale);
    let value = value.map_err(|why| wrong(format!("{name} {} {why}", text.as_str())))?;
    if value > 0 {
        Ok(value)
    } else {
        Err(wrong(format!("{name} must be above zero; to stop trading there is /api/halt")))
    }
}

/// Limits as the API tells and stores them.
pub(super) fn body(limits: &AccountLimits, catalog: &Catalog) -> LimitsBody {
    let scale = seen::currency(catalog).map_or(0, |asset| asset.scale);
    let money = |value: Option<Money>| value.map(|money| Decimal::of(money.0, scale));
    let of_market = |(id, limits): (&types::MarketId, &MarketLimits)| {
        let market = catalog.market(*id)?;
        let qty = |value: Option<Qty>| value.map(|qty| Decimal::of(i128::from(qty.0), market.base.scale));
        let body = MarketLimitsBody {
            order_quantity_max: qty(limits.order_qty_max),
            position_max: qty(limits.position_max),
        };
        Some((market.symbol.to_string(), body))
    };
    LimitsBody {
        order_value_max: money(limits.order_value_max),
        exposure_max: money(limits.exposure_max),
        orders_per_minute: limits.orders_per_minute,
        price_band_bips: limits.price_band_bips,
        daily_loss_max: money(limits.daily_loss_max),
        drawdown_max_bips: limits.drawdown_max_bips,
        markets: limits.markets.iter().filter_map(of_market).collect(),
    }
}

/// A limit with its numbers, in words.
pub(in crate::platform) fn used(one: &Use, catalog: &Catalog) -> LimitUse {
    let (name, market) = match one.kind {
        Kind::OrderQuantity(market) => ("order_quantity", Some(market)),
        Kind::OrderValue => ("order_value", None),
        Kind::PriceBand => ("price_band", None),
        Kind::Position(market) => ("position", Some(market)),
        Kind::Exposure => ("exposure", None),
        Kind::OrdersPerMinute => ("orders_per_minute", None),
        Kind::DailyLoss => ("daily_loss", None),
        Kind::Drawdown => ("drawdown", None),
    };
    let market = market.and_then(|id| catalog.market(id));
    let (unit, scale) = match (one.kind, market) {
        (_, Some(market)) => (market.base.code.to_string(), market.base.scale),
        (Kind::PriceBand | Kind::Drawdown, _) => ("bips".to_owned(), 0),
        (Kind::OrdersPerMinute, _) => ("orders".to_owned(), 0),
        _ => {
            seen::currency(catalog).map_or((String::new(), 0), |asset| (asset.code.to_string(), asset.scale))
        }
    };
    LimitUse {
        name: name.to_owned(),
        symbol: market.map(|market| market.symbol.to_string()),
        used: Decimal::of(one.used, scale),
        after: Decimal::of(one.after, scale),
        max: one.max.map(|max| Decimal::of(max, scale)),
        unit,
    }
}
