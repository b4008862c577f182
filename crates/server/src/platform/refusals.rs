//! Refusals of the exchange and of the account's limits in the platform's words: a stable code and a sentence with the numbers.

use api::ports::PortError;
use exchange_host::{Catalog, SubmitError};
use risk::Denied;
use risk::account::{Kind, Use};
use types::{Event, Instrument, MarketId, OrderView, Refusal, decimal};

use super::lane::used;

/// The last state of an order in the events of a command.
pub(super) fn order_in(events: &[Event], wanted: impl Fn(&OrderView) -> bool) -> Option<OrderView> {
    events.iter().rev().find_map(|event| match event {
        Event::Order { order, .. } if wanted(order) => Some(*order),
        _ => None,
    })
}

/// The limit that a denial is about: its code, what is counted, in words.
const fn limit_of(denied: &Denied, market: MarketId) -> Option<(&'static str, Kind, &'static str)> {
    Some(match denied {
        Denied::OrderQty { .. } => {
            ("order_quantity_limit", Kind::OrderQuantity(market), "the order's quantity")
        }
        Denied::OrderNotional { .. } => ("order_value_limit", Kind::OrderValue, "the order's value"),
        Denied::PriceBand { .. } => {
            ("price_band_limit", Kind::PriceBand, "the price's distance beyond the last one")
        }
        Denied::OrderRate { .. } => {
            ("order_rate_limit", Kind::OrdersPerMinute, "the number of orders in a minute")
        }
        Denied::Position { .. } => {
            ("position_limit", Kind::Position(market), "the position, open orders counted,")
        }
        Denied::Exposure { .. } => ("exposure_limit", Kind::Exposure, "what is at stake"),
        Denied::Drawdown { .. } => ("drawdown_limit", Kind::Drawdown, "the fall from the highest result"),
        Denied::DailyLoss { .. } => ("daily_loss_limit", Kind::DailyLoss, "today's loss"),
        _ => return None,
    })
}

/// What risk says to an order, with the limit's numbers where it is one.
pub(super) fn denied(denied: &Denied, uses: &[Use], catalog: &Catalog, instrument: &Instrument) -> PortError {
    let market = instrument.market.id;
    if let Some((code, kind, what)) = limit_of(denied, market)
        && let Some(numbers) = uses.iter().find(|one| one.kind == kind && one.max.is_some())
    {
        let limit = used(numbers, catalog);
        let (after, unit) = (limit.after.as_str(), &limit.unit);
        let max = limit.max.as_ref().map_or("", |max| max.as_str());
        let detail = format!(
            "{what} would be {after} {unit}, the account's limit is {max} {unit} (now {} {unit}); nothing was sent",
            limit.used.as_str()
        );
        return PortError::Limit { code, detail, limit: Box::new(limit) };
    }
    other(denied, catalog, market)
}

/// A denial that is no limit of the account: the exchange says most of them in the same words.
fn other(denied: &Denied, catalog: &Catalog, market: MarketId) -> PortError {
    let plain = |code, detail: &str| PortError::Refused { code, detail: detail.to_owned() };
    let as_refusal = match *denied {
        Denied::Halted => Refusal::TradingBlocked,
        Denied::Price { price } => Refusal::PriceFilter { price },
        Denied::Lot { qty } => Refusal::LotSize { qty },
        Denied::Notional { notional } => Refusal::Notional { notional },
        Denied::Balance { asset, needed, free } => {
            Refusal::InsufficientBalance { asset, needed, available: free }
        }
        Denied::StaleMarket => {
            return plain("stale_market", "the exchange does not work now, so no price can be trusted");
        }
        Denied::NoPrice => {
            return plain(
                "no_price",
                "there is no price to judge the order by: the market, or one that values the account, has not traded",
            );
        }
        Denied::OrderRate { .. } => return plain("order_rate_limit", "too many orders are on their way"),
        Denied::Overflow => return plain("too_large", "the order's numbers are too large to be counted"),
        _ => {
            let detail = format!("a limit of the account refused it ({})", denied.code());
            return plain("refused", &detail);
        }
    };
    refused(&as_refusal, catalog, Some(market))
}

/// What a caller of the desk is told.
pub(super) fn submit_error(error: SubmitError, catalog: &Catalog, market: Option<MarketId>) -> PortError {
    match error {
        SubmitError::Refused(refusal) => refused(&refusal, catalog, market),
        SubmitError::Late => {
            PortError::Unavailable("the exchange was too busy to take the order in time".into())
        }
        SubmitError::Busy => PortError::Unavailable("too many orders are waiting at the exchange".into()),
        SubmitError::NoRoom => {
            PortError::Unavailable("the exchange's disk is full; orders can be cancelled".into())
        }
        SubmitError::Stopped => PortError::Unknowable("the exchange is stopping".into()),
    }
}

fn refused(refusal: &Refusal, catalog: &Catalog, market: Option<MarketId>) -> PortError {
    let (code, detail) = worded(refusal, catalog, market);
    PortError::Refused { code, detail }
}

fn worded(refusal: &Refusal, catalog: &Catalog, market: Option<MarketId>) -> (&'static str, String) {
    let market = market.and_then(|id| catalog.market(id));
    let price = |p: types::Price| {
        market.map_or_else(|| p.0.to_string(), |m| decimal::format_short(i128::from(p.0), m.price_scale))
    };
    let qty = |q: types::Qty| {
        market.map_or_else(|| q.0.to_string(), |m| decimal::format_short(i128::from(q.0), m.base.scale))
    };
    match refusal {
        Refusal::InsufficientBalance { asset, needed, available } => {
            let asset = catalog.asset(*asset);
            let amount = |money: types::Money| {
                asset.map_or_else(|| money.0.to_string(), |a| decimal::format_short(money.0, a.scale))
            };
            let code = asset.map_or_else(String::new, |a| format!(" {}", a.code));
            let text =
                format!("the order needs {}{code}, {}{code} is free", amount(*needed), amount(*available));
            ("insufficient_balance", text)
        }
        Refusal::TradingBlocked => {
            ("trading_halted", "trading of this account is halted; resume it to place orders".into())
        }
        Refusal::PriceFilter { price: p } => (
            "price_filter",
            format!(
                "the price {} is off the market's tick or outside its range; /api/markets has the rules",
                price(*p)
            ),
        ),
        Refusal::PercentPrice { price: p, average } => (
            "price_band",
            format!("the price {} is too far from the average price {}", price(*p), price(*average)),
        ),
        Refusal::LotSize { qty: q } | Refusal::MarketLotSize { qty: q } => (
            "lot_size",
            format!(
                "the quantity {} is off the market's lot or outside its range; /api/markets has the rules",
                qty(*q)
            ),
        ),
        Refusal::Notional { notional } => {
            let value = market
                .map_or_else(|| notional.0.to_string(), |m| decimal::format_short(notional.0, m.quote.scale));
            ("notional", format!("the order's value {value} is outside what the market allows"))
        }
        Refusal::WouldTake => ("would_take", "a post-only order would trade at once at this price".into()),
        Refusal::WouldTrigger => ("would_trigger", "the stop price is already reached".into()),
        Refusal::UnknownOrder => ("unknown_order", "no live order fits".into()),
        Refusal::DuplicateClientId => {
            ("duplicate_client_id", "a live order has this client id already".into())
        }
        Refusal::TooManyOrders { max } | Refusal::TooManyStops { max } => {
            ("too_many_orders", format!("the account has {max} live orders of this kind, which is the most"))
        }
        other => ("refused", format!("the exchange refused it: {other}")),
    }
}
