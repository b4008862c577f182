//! The exchange's words about an order as a venue's reports.

use types::event::{Event, Fill, OrderChange};
use types::order::Amount;
use types::{ClientOrderId, OrderStatus, OrderView, Outcome, Refusal, Report, Terms, VenueFill, VenueReason};
use venue::{Found, FoundState};

use crate::view::{AccountFill, OrderRecord};

/// What an event says about its order: nothing, one thing, or a fill and the end of it.
#[must_use]
pub fn of_event(order: &OrderView, change: &OrderChange) -> [Option<Report>; 2] {
    let report = |outcome| Some(Report { market: order.market, client_id: order.client_id, outcome });
    match change {
        OrderChange::New => [report(Outcome::Accepted { venue_id: order.id.0 }), None],
        OrderChange::Trade(fill) => {
            // An order by quote amount is done when the exchange says so; no sum of quantities tells.
            let by_quote = matches!(order.terms, Terms::Market { amount: Amount::Quote(_) });
            let done = by_quote && order.status == OrderStatus::Filled;
            [report(Outcome::Fill(venue_fill(fill))), if done { report(Outcome::Expired) } else { None }]
        }
        OrderChange::Canceled { .. } => [report(Outcome::Canceled), None],
        OrderChange::Expired(_) | OrderChange::Rejected(_) => [report(Outcome::Expired), None],
        OrderChange::SelfTradePrevented { .. } if order.status.is_terminal() => {
            [report(Outcome::Expired), None]
        }
        OrderChange::SelfTradePrevented { .. }
        | OrderChange::Working
        | OrderChange::Trailing
        | OrderChange::Amended { .. } => [None, None],
    }
}

/// The exchange's number of an order that a command placed.
pub(crate) fn placed(id: &ClientOrderId, events: &[Event]) -> Option<u64> {
    events.iter().find_map(|event| match event {
        Event::Order { order, change: OrderChange::New } if order.client_id == *id => Some(order.id.0),
        _ => None,
    })
}

/// An order as it stands, with all its fills.
pub(crate) fn found(record: &OrderRecord, fills: &[AccountFill]) -> Found {
    let state = match record.order.status {
        OrderStatus::New | OrderStatus::PendingNew | OrderStatus::PartiallyFilled => FoundState::Live,
        OrderStatus::Filled if record.order.quote_budget().is_some() => FoundState::Expired,
        OrderStatus::Filled => FoundState::Filled,
        OrderStatus::Canceled => FoundState::Canceled,
        OrderStatus::Rejected | OrderStatus::Expired | OrderStatus::ExpiredInMatch => FoundState::Expired,
    };
    let fills = fills.iter().map(|one| venue_fill(&one.fill)).collect();
    Found { venue_id: record.order.id.0, state, fills }
}

const fn venue_fill(fill: &Fill) -> VenueFill {
    VenueFill {
        trade: fill.trade,
        price: fill.price,
        qty: fill.qty,
        quote: fill.quote,
        fee: fill.fee,
        fee_asset: fill.fee_asset,
        is_maker: fill.is_maker,
    }
}

/// A refusal as a venue's reason.
#[must_use]
pub const fn reason(refusal: &Refusal) -> VenueReason {
    match refusal {
        Refusal::InsufficientBalance { .. } => VenueReason::InsufficientBalance,
        Refusal::DuplicateClientId => VenueReason::Duplicate,
        Refusal::WouldTake => VenueReason::WouldTake,
        Refusal::WouldTrigger | Refusal::OcoPrices => VenueReason::WouldTrigger,
        Refusal::TradingBlocked | Refusal::UnknownAccount => VenueReason::NotAllowed,
        _ => VenueReason::Filter,
    }
}
