//! The venue's words for closed sets (enums.md, 2026-07-21).

use types::event::ExpiryReason;
use types::{OrderStatus, OrderType, Side, StpMode, TimeInForce};

/// `BUY`, `SELL`.
pub(crate) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// `LIMIT`, `MARKET`, ...
pub(crate) const fn order_type(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Limit => "LIMIT",
        OrderType::LimitMaker => "LIMIT_MAKER",
        OrderType::Market => "MARKET",
        OrderType::StopLoss => "STOP_LOSS",
        OrderType::StopLossLimit => "STOP_LOSS_LIMIT",
        OrderType::TakeProfit => "TAKE_PROFIT",
        OrderType::TakeProfitLimit => "TAKE_PROFIT_LIMIT",
    }
}

/// `GTC`, `IOC`, `FOK`.
pub(crate) const fn tif(tif: TimeInForce) -> &'static str {
    match tif {
        TimeInForce::Gtc => "GTC",
        TimeInForce::Ioc => "IOC",
        TimeInForce::Fok => "FOK",
    }
}

/// Self-trade prevention modes.
pub(crate) const fn stp(mode: StpMode) -> &'static str {
    match mode {
        StpMode::None => "NONE",
        StpMode::ExpireMaker => "EXPIRE_MAKER",
        StpMode::ExpireTaker => "EXPIRE_TAKER",
        StpMode::ExpireBoth => "EXPIRE_BOTH",
        StpMode::Decrement => "DECREMENT",
    }
}

/// Order statuses.
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

/// Why an order expired (`expiryReason`, since 2026-03-26).
pub(crate) const fn expiry(reason: ExpiryReason) -> &'static str {
    match reason {
        ExpiryReason::ImmediateOrCancel => "UNFILLED_IOC_QUANTITY_EXPIRED",
        ExpiryReason::FillOrKill => "UNFILLED_FOK_ORDER_EXPIRED",
        ExpiryReason::NoLiquidity | ExpiryReason::FundsExhausted => "INSUFFICIENT_LIQUIDITY",
        ExpiryReason::OtherLeg => "OCO_TRIGGER",
        ExpiryReason::WorkingOrderEnded => "OTO_PHASE_ONE_EXPIRED",
    }
}
