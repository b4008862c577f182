//! The exchange's refusals as Binance's codes and texts (errors.md; texts are what clients match on).

use std::borrow::Cow;

use exchange_host::SubmitError;
use types::Refusal;

use crate::error::ApiError;

/// What was asked for: the same refusal has another code for an order, a cancel and an amendment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A new order or list: -2010.
    Place,
    /// A cancel: -2011.
    Cancel,
    /// An amendment: -2038.
    Amend,
}

impl Action {
    const fn code(self) -> i32 {
        match self {
            Self::Place => -2010,
            Self::Cancel => -2011,
            Self::Amend => -2038,
        }
    }
}

/// A refusal as the client gets it.
pub(crate) fn refused(refusal: &Refusal, action: Action) -> ApiError {
    if let Some(filter) = filter(refusal) {
        return ApiError::new(-1013, format!("Filter failure: {filter}"));
    }
    let (code, text) = match refusal {
        Refusal::UnknownAccount => {
            return ApiError::new(-2015, "Invalid API-key, IP, or permissions for action.").with_status(401);
        }
        Refusal::UnknownMarket | Refusal::UnknownAsset => (-1121, "Invalid symbol."),
        Refusal::TradingBlocked => (action.code(), "This account may not place or cancel orders."),
        Refusal::DuplicateClientId => (action.code(), "Duplicate order sent."),
        Refusal::InsufficientBalance { .. } => {
            (action.code(), "Account has insufficient balance for requested action.")
        }
        Refusal::WouldTrigger => (action.code(), "Order would trigger immediately."),
        Refusal::WouldTake => (action.code(), "Order would immediately match and take."),
        Refusal::OcoPrices => {
            (action.code(), "The relationship of the prices for the orders is not correct.")
        }
        Refusal::UnknownOrder => match action {
            Action::Amend => (-2013, "Order does not exist."),
            Action::Place | Action::Cancel => (-2011, "Unknown order sent."),
        },
        Refusal::CancelCondition => (-2011, "Order was not canceled due to cancel restrictions."),
        Refusal::AmendQuantity => (-2038, "Order amend (quantity increase) is not supported."),
        Refusal::AmendKind => (-2038, "Order amend is not supported for this order."),
        Refusal::BadAmount => (-1013, "Invalid quantity."),
        Refusal::Overflow => (-1013, "Filter failure: NOTIONAL"),
        // The rest cannot be reached through the API, or says no more than this.
        _ => (-1014, "Unsupported order combination."),
    };
    ApiError::new(code, text)
}

/// The filter that a refusal names.
fn filter(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::PriceFilter { .. } => "PRICE_FILTER",
        Refusal::PercentPrice { .. } => "PERCENT_PRICE_BY_SIDE",
        Refusal::LotSize { .. } => "LOT_SIZE",
        Refusal::MarketLotSize { .. } => "MARKET_LOT_SIZE",
        Refusal::Notional { .. } => "NOTIONAL",
        Refusal::IcebergParts => "ICEBERG_PARTS",
        Refusal::TooManyOrders { .. } => "MAX_NUM_ORDERS",
        Refusal::TooManyStops { .. } => "MAX_NUM_ALGO_ORDERS",
        Refusal::TooManyIcebergs { .. } => "MAX_NUM_ICEBERG_ORDERS",
        Refusal::TooManyLists { .. } => "MAX_NUM_ORDER_LISTS",
        Refusal::TooManyAmends { .. } => "MAX_NUM_ORDER_AMENDS",
        Refusal::Position { .. } => "MAX_POSITION",
        Refusal::TrailingDelta => "TRAILING_DELTA",
        _ => return None,
    })
}

/// Why a command got no receipt, as the client gets it.
pub(crate) fn failed(error: &SubmitError, action: Action) -> ApiError {
    match error {
        SubmitError::Refused(refusal) => refused(refusal, action),
        SubmitError::Late => ApiError::new(-1021, "Timestamp for this request is outside of the recvWindow."),
        // A full disk is the venue's own trouble; its clients know this one and try again.
        SubmitError::Busy | SubmitError::NoRoom => {
            let text =
                "Server is currently overloaded with other requests. Please try again in a few minutes.";
            ApiError::new(-1008, text).with_status(503)
        }
        SubmitError::Stopped => unknown_outcome(),
    }
}

/// The command may or may not have taken effect: 5xx, as Binance documents it.
pub(crate) fn unknown_outcome() -> ApiError {
    let text =
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.";
    ApiError::new(-1007, Cow::Borrowed(text)).with_status(503)
}

#[cfg(test)]
mod tests {
    use types::{AssetId, Money, Price};

    use super::*;

    #[test]
    fn refusals_have_the_codes_and_texts_that_clients_match_on() {
        let poor = Refusal::InsufficientBalance { asset: AssetId(0), needed: Money(1), available: Money(0) };
        for (refusal, action, code, text) in [
            (poor, Action::Place, -2010, "Account has insufficient balance for requested action."),
            (Refusal::DuplicateClientId, Action::Place, -2010, "Duplicate order sent."),
            (Refusal::WouldTrigger, Action::Place, -2010, "Order would trigger immediately."),
            (Refusal::WouldTake, Action::Place, -2010, "Order would immediately match and take."),
            (Refusal::UnknownOrder, Action::Cancel, -2011, "Unknown order sent."),
            (Refusal::UnknownOrder, Action::Amend, -2013, "Order does not exist."),
            (Refusal::PriceFilter { price: Price(1) }, Action::Place, -1013, "Filter failure: PRICE_FILTER"),
            (Refusal::TrailingDelta, Action::Place, -1013, "Filter failure: TRAILING_DELTA"),
        ] {
            let error = refused(&refusal, action);
            assert_eq!((error.status, error.code, error.message.as_ref()), (400, code, text));
        }
        assert_eq!(refused(&Refusal::UnknownAccount, Action::Place).status, 401);
    }

    #[test]
    fn an_unknown_outcome_is_the_only_kind_of_5xx() {
        assert_eq!(failed(&SubmitError::Stopped, Action::Place).code, -1007);
        assert_eq!(failed(&SubmitError::Stopped, Action::Place).status, 503);
        for error in [SubmitError::Busy, SubmitError::NoRoom] {
            assert_eq!(
                (failed(&error, Action::Place).code, failed(&error, Action::Place).status),
                (-1008, 503)
            );
        }
        assert_eq!(failed(&SubmitError::Late, Action::Place).code, -1021);
    }
}
