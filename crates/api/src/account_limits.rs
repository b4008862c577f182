//! Limits of an account as they are sent and stored, and how much of each is used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::Decimal;

/// What an account may do; absent limits are off. Money in the account's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = AccountLimits)]
pub struct LimitsBody {
    /// Most value of one order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_value_max: Option<Decimal>,
    /// Most at stake: positions and open orders at the last prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_max: Option<Decimal>,
    /// Most orders in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_per_minute: Option<u32>,
    /// Largest distance of a limit price beyond the last price, in hundredths of a percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_band_bips: Option<u32>,
    /// Largest loss by trading since the start of the UTC day (at the latest since the limit was set).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_loss_max: Option<Decimal>,
    /// Largest fall of the trading result from its highest, in hundredths of a percent of what the account would be worth without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 10000)]
    pub drawdown_max_bips: Option<u32>,
    /// Limits of single markets, by symbol.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub markets: BTreeMap<String, MarketLimitsBody>,
}

/// Limits of an account on one market, in its base asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = MarketLimits)]
pub struct MarketLimitsBody {
    /// Most quantity in one order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_quantity_max: Option<Decimal>,
    /// Largest position, open orders counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_max: Option<Decimal>,
}

impl LimitsBody {
    /// As it is stored; `{}` without any limit.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Reads what [`LimitsBody::to_json`] wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn of_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// A limit with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LimitUse {
    /// `order_quantity`, `order_value`, `price_band`, `position`, `exposure`, `orders_per_minute`, `daily_loss` or `drawdown`.
    pub name: String,
    /// The market, for a limit of one market.
    pub symbol: Option<String>,
    /// Used now.
    pub used: Decimal,
    /// Used with the order; the same where there is none.
    pub after: Decimal,
    /// Allowed; absent when the limit is off.
    pub max: Option<Decimal>,
    /// What is counted: an asset, `bips` (hundredths of a percent) or `orders`.
    pub unit: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limits_are_an_empty_object_and_limits_come_back_as_they_were() {
        assert_eq!(LimitsBody::default().to_json(), "{}");
        let text = r#"{"order_value_max":"5000","markets":{"BTCUSDT":{"position_max":"0.5"}}}"#;
        let limits = LimitsBody::of_json(text).unwrap();
        assert_eq!(limits.to_json(), text);
        assert!(LimitsBody::of_json(r#"{"order_value":"1"}"#).is_err(), "a misspelt limit is no limit");
    }
}
