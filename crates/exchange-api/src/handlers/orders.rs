//! Many orders: the open ones, all of them.

use exchange_host::view::Range;
use types::Time;

use super::{listed, market};
use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::json::Json;
use crate::params::{Params, bad_combination};
use crate::render::order::queried_members;
use crate::words::store_failed;

/// Longest time range of a private query.
const RANGE_MAX_NS: i64 = 24 * 3_600 * 1_000_000_000;
/// Default and largest page.
pub(super) const PAGE: (usize, usize) = (500, 1_000);

/// `GET /api/v3/openOrders`, `openOrders.status`.
pub(crate) fn open(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let catalog = view.catalog();
    let market = match call.params.optional("symbol")? {
        Some(_) => Some(listed(view.catalog(), call.params.symbol()?)?.id),
        None => None,
    };
    let orders = view.open_records(caller.account, market).map_err(|e| store_failed(&e))?;
    Ok(Json::array(|a| {
        for record in orders {
            if let Some(market) = catalog.market(record.order.market) {
                a.object(|o| queried_members(o, market, &record, call.unit));
            }
        }
    }))
}

/// `GET /api/v3/allOrders`, `allOrders`.
pub(crate) fn all(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let range = range(&call.params, "orderId")?;
    let orders = view.orders(caller.account, market.id, &range).map_err(|e| store_failed(&e))?;
    Ok(Json::array(|a| {
        for order in &orders {
            a.object(|o| queried_members(o, &market, order, call.unit));
        }
    }))
}

/// A page by id or by time, at most 24 hours wide.
pub(super) fn range(params: &Params, id_name: &str) -> Result<Range, ApiError> {
    let limit = params.limit(PAGE.0, PAGE.1)?;
    let from_id = params.int(id_name)?.map(i64::unsigned_abs);
    let (start, end) = (params.time("startTime")?, params.time("endTime")?);
    if let (Some(start), Some(end)) = (start, end) {
        check_order(start, end)?;
        if end.since(start) > RANGE_MAX_NS {
            return Err(ApiError::new(-1127, "More than 24 hours between startTime and endTime."));
        }
    }
    Ok(Range { from_id, start, end, limit })
}

/// Refuses an end before its start.
pub(super) fn check_order(start: Time, end: Time) -> Result<(), ApiError> {
    if end < start { Err(bad_combination()) } else { Ok(()) }
}

/// Refuses an id together with a time range (-1128), where the venue does.
pub(super) fn id_or_times(range: &Range) -> Result<(), ApiError> {
    if range.from_id.is_some() && (range.start.is_some() || range.end.is_some()) {
        return Err(bad_combination());
    }
    Ok(())
}
