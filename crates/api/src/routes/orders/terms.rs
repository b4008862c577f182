//! What somebody wants to trade, read at the market's scales.

use serde::Deserialize;
use types::order::{AfterTrigger, Amount, StopKind, Trigger};
use types::{Market, Price, Qty, Side, Terms, TimeInForce};
use utoipa::ToSchema;

use crate::Problem;
use crate::wire::Decimal;

/// Kinds of orders, as `order_type` spells them.
pub(crate) const ORDER_TYPES: [&str; 8] = [
    "market",
    "limit",
    "limit_maker",
    "stop_loss",
    "stop_loss_limit",
    "take_profit",
    "take_profit_limit",
    "oco",
];
/// How long orders stand, as `time_in_force` spells it; the first when nothing is said.
pub(crate) const TIMES_IN_FORCE: [&str; 3] = ["gtc", "ioc", "fok"];

/// What to trade.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// `BTCUSDT` or `local:BTCUSDT`.
    pub(super) symbol: String,
    /// `buy` or `sell`.
    side: String,
    /// `market`, `limit`, `limit_maker`, `stop_loss`, `stop_loss_limit`, `take_profit`, `take_profit_limit` or `oco`: a post-only limit
    /// at `price` and a stop at `stop_price`, of which one cancels the other.
    #[serde(alias = "type")]
    order_type: String,
    /// How much of the base asset.
    #[serde(alias = "qty")]
    quantity: Option<Decimal>,
    /// Market orders: how much of the quote asset to spend or to receive, instead of a quantity.
    quote_quantity: Option<Decimal>,
    /// The limit.
    price: Option<Decimal>,
    /// What starts a stop or a take-profit.
    stop_price: Option<Decimal>,
    /// OCO: the limit of the stop when it fires; a market order when absent.
    stop_limit_price: Option<Decimal>,
    /// `gtc` (default), `ioc` or `fok`.
    time_in_force: Option<String>,
    /// Which account; the default one when absent.
    pub(super) account: Option<String>,
}

/// Side and legs: one order, or the upper and the lower of two.
pub(super) type Read = (Side, Vec<Terms>);

/// Reads side and terms at the market's scales, naming the field that does not fit.
pub(super) fn read(new: &NewOrder, market: &Market) -> Result<Read, Problem> {
    let side = match new.side.to_ascii_lowercase().as_str() {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(Problem::refused("side", "side is buy or sell")),
    };
    let fields = Fields { new, market, tif: time_in_force(new)? };
    let terms = match new.order_type.to_ascii_lowercase().as_str() {
        "market" => fields.market_order()?,
        "limit" => {
            Terms::Limit { price: fields.price()?, qty: fields.qty()?, tif: fields.tif, display: None }
        }
        "limit_maker" => Terms::LimitMaker { price: fields.price()?, qty: fields.qty()?, display: None },
        "stop_loss" | "stop" => fields.conditional(StopKind::StopLoss, false)?,
        "stop_loss_limit" | "stop_limit" => fields.conditional(StopKind::StopLoss, true)?,
        "take_profit" => fields.conditional(StopKind::TakeProfit, false)?,
        "take_profit_limit" => fields.conditional(StopKind::TakeProfit, true)?,
        "oco" => return Ok((side, fields.pair(side)?)),
        other => {
            let detail = format!("{other:?} is not a kind of order; there are {}", ORDER_TYPES.join(", "));
            return Err(Problem::refused("order_type", detail));
        }
    };
    Ok((side, vec![terms]))
}

fn time_in_force(new: &NewOrder) -> Result<TimeInForce, Problem> {
    match new.time_in_force.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("gtc") => Ok(TimeInForce::Gtc),
        Some("ioc") => Ok(TimeInForce::Ioc),
        Some("fok") => Ok(TimeInForce::Fok),
        Some(_) => Err(Problem::refused("time_in_force", "time_in_force is gtc, ioc or fok")),
    }
}

struct Fields<'a> {
    new: &'a NewOrder,
    market: &'a Market,
    tif: TimeInForce,
}

impl Fields<'_> {
    fn qty(&self) -> Result<Qty, Problem> {
        units("quantity", self.new.quantity.as_ref(), self.market.base.scale).map(Qty)
    }

    fn price(&self) -> Result<Price, Problem> {
        units("price", self.new.price.as_ref(), self.market.price_scale).map(Price)
    }

    fn stop(&self) -> Result<Price, Problem> {
        units("stop_price", self.new.stop_price.as_ref(), self.market.price_scale).map(Price)
    }

    fn market_order(&self) -> Result<Terms, Problem> {
        let amount = match &self.new.quote_quantity {
            Some(_) if self.new.quantity.is_some() => {
                return Err(Problem::refused("quantity", "give quantity or quote_quantity, not both"));
            }
            Some(quote) => {
                let quote = units("quote_quantity", Some(quote), self.market.quote.scale)?;
                Amount::Quote(types::Money(i128::from(quote)))
            }
            None => Amount::Base(self.qty()?),
        };
        Ok(Terms::Market { amount })
    }

    fn conditional(&self, kind: StopKind, limit: bool) -> Result<Terms, Problem> {
        let then = if limit {
            AfterTrigger::Limit { price: self.price()?, tif: self.tif, display: None }
        } else {
            AfterTrigger::Market
        };
        let trigger = Trigger { kind, stop: Some(self.stop()?), trailing: None };
        Ok(Terms::Stop { trigger, qty: self.qty()?, then })
    }

    /// The upper and the lower leg: a sale takes its profit above and stops its loss below, a purchase the other way round.
    fn pair(&self, side: Side) -> Result<Vec<Terms>, Problem> {
        let qty = self.qty()?;
        let limit = Terms::LimitMaker { price: self.price()?, qty, display: None };
        let then = match &self.new.stop_limit_price {
            Some(price) => {
                let price = Price(units("stop_limit_price", Some(price), self.market.price_scale)?);
                AfterTrigger::Limit { price, tif: self.tif, display: None }
            }
            None => AfterTrigger::Market,
        };
        let trigger = Trigger { kind: StopKind::StopLoss, stop: Some(self.stop()?), trailing: None };
        let stop = Terms::Stop { trigger, qty, then };
        Ok(if side == Side::Sell { vec![limit, stop] } else { vec![stop, limit] })
    }
}

/// A decimal above zero in units of 10^-`scale`.
pub(super) fn units(name: &str, value: Option<&Decimal>, scale: u8) -> Result<i64, Problem> {
    let text = value.ok_or_else(|| Problem::refused(name, format!("{name} is missing")))?;
    let units = types::decimal::parse_unsigned(text.as_str(), scale);
    let units = units.map_err(|why| {
        Problem::refused(name, format!("{name} {} {why} ({scale} decimals)", text.as_str()))
    })?;
    if units == 0 { Err(Problem::refused(name, format!("{name} must be above zero"))) } else { Ok(units) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::instrument::{LotRule, Rules};
    use types::{Asset, AssetCode, AssetId, MarketId, Symbol};

    use super::*;
    use crate::routes::orders::{tif_word, type_word};

    fn market() -> Market {
        let asset = |n: u16, code| Asset { id: AssetId(n), code: AssetCode::new(code).unwrap(), scale: 8 };
        let lot = LotRule { min: Qty(100), max: Qty(i64::MAX), step: Qty(100) };
        let rules = Rules::free(Price(1_000_000), Price(i64::MAX), lot);
        let symbol = Symbol::new("BTCUSDT").unwrap();
        Market::new(MarketId(0), symbol, asset(0, "BTC"), asset(1, "USDT"), 8, rules).unwrap()
    }

    fn asked(order_type: &str, tif: &str) -> Result<Read, Problem> {
        let order = json!({
            "symbol": "BTCUSDT", "side": "sell", "order_type": order_type, "time_in_force": tif,
            "quantity": "1", "price": "110", "stop_price": "90",
        });
        read(&serde_json::from_value(order).unwrap(), &market())
    }

    #[test]
    fn what_is_told_to_be_taken_is_taken_and_nothing_else() {
        for word in ORDER_TYPES {
            let (_, legs) = asked(word, "gtc").unwrap_or_else(|why| panic!("{word}: {why:?}"));
            let words: Vec<_> = legs.iter().map(type_word).collect();
            let expected = if word == "oco" { vec!["limit_maker", "stop_loss"] } else { vec![word] };
            assert_eq!(words, expected);
        }
        for word in TIMES_IN_FORCE {
            let (_, legs) = asked("limit", word).unwrap_or_else(|why| panic!("{word}: {why:?}"));
            assert_eq!(tif_word(legs[0].tif()), word);
        }
        let unknown = asked("iceberg", "gtc").unwrap_err().detail;
        assert!(unknown.contains("market, limit, limit_maker"), "{unknown}");
        assert!(asked("limit", "gtd").is_err());
    }
}
