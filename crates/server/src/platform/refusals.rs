//! The exchange's refusals in the platform's words: a stable code and a sentence with the numbers.

use api::ports::PortError;
use exchange_host::{Catalog, SubmitError};
use types::{MarketId, Refusal, decimal};

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
