//! Binance's spelling of the exchange's words, both ways.

use history::Failure;
use types::command::CancelCondition;
use types::event::ExpiryReason;
use types::order::{Contingency, ListStatus};
use types::{OrderStatus, OrderType, Side, StpMode, TimeInForce};

use crate::error::ApiError;

pub(crate) const SIDES: &[(&str, Side)] = &[("BUY", Side::Buy), ("SELL", Side::Sell)];
pub(crate) const ORDER_TYPES: &[(&str, OrderType)] = &[
    ("LIMIT", OrderType::Limit),
    ("LIMIT_MAKER", OrderType::LimitMaker),
    ("MARKET", OrderType::Market),
    ("STOP_LOSS", OrderType::StopLoss),
    ("STOP_LOSS_LIMIT", OrderType::StopLossLimit),
    ("TAKE_PROFIT", OrderType::TakeProfit),
    ("TAKE_PROFIT_LIMIT", OrderType::TakeProfitLimit),
];
pub(crate) const TIMES_IN_FORCE: &[(&str, TimeInForce)] =
    &[("GTC", TimeInForce::Gtc), ("IOC", TimeInForce::Ioc), ("FOK", TimeInForce::Fok)];
pub(crate) const STP_MODES: &[(&str, StpMode)] = &[
    ("NONE", StpMode::None),
    ("EXPIRE_TAKER", StpMode::ExpireTaker),
    ("EXPIRE_MAKER", StpMode::ExpireMaker),
    ("EXPIRE_BOTH", StpMode::ExpireBoth),
    ("DECREMENT", StpMode::Decrement),
];
pub(crate) const CANCEL_RESTRICTIONS: &[(&str, CancelCondition)] =
    &[("ONLY_NEW", CancelCondition::New), ("ONLY_PARTIALLY_FILLED", CancelCondition::PartiallyFilled)];

/// The word for `value` in one of the tables above, which hold every value.
pub(crate) fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, have)| *have == value).map_or("NONE", |(word, _)| word)
}

pub(crate) const fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::New => "NEW",
        OrderStatus::PendingNew => "PENDING_NEW",
        OrderStatus::PartiallyFilled => "PARTIALLY_FILLED",
        OrderStatus::Filled => "FILLED",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Rejected => "REJECTED",
        OrderStatus::Expired => "EXPIRED",
        OrderStatus::ExpiredInMatch => "EXPIRED_IN_MATCH",
    }
}

/// `expiryReason` (since 2026-03-26).
pub(crate) const fn expiry(reason: ExpiryReason) -> &'static str {
    match reason {
        ExpiryReason::ImmediateOrCancel => "UNFILLED_IOC_QUANTITY_EXPIRED",
        ExpiryReason::FillOrKill => "UNFILLED_FOK_ORDER_EXPIRED",
        ExpiryReason::NoLiquidity => "INSUFFICIENT_LIQUIDITY",
        ExpiryReason::OtherLeg => "OCO_TRIGGER",
        ExpiryReason::WorkingOrderEnded => "OTO_PHASE_ONE_EXPIRED",
        ExpiryReason::FundsExhausted => "REJECTED",
    }
}

pub(crate) const fn contingency(contingency: Contingency) -> &'static str {
    match contingency {
        Contingency::Oco => "OCO",
        Contingency::Oto => "OTO",
    }
}

/// `listStatusType` and `listOrderStatus`.
pub(crate) const fn list_status(status: ListStatus) -> (&'static str, &'static str) {
    match status {
        ListStatus::Executing => ("EXEC_STARTED", "EXECUTING"),
        ListStatus::AllDone => ("ALL_DONE", "ALL_DONE"),
        ListStatus::Rejected => ("RESPONSE", "REJECT"),
    }
}

/// A store that cannot be read: logged here, told without particulars.
pub(crate) fn store_failed(failure: &Failure) -> ApiError {
    tracing::error!(%failure, "the history could not be read");
    ApiError::new(-1001, "Internal error; unable to process your request. Please try again.").with_status(503)
}
