//! Public market data: depth, trades, average price.

use exchange_host::view::Range;
use types::Market;

use super::market;
use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::json::Json;
use crate::params::bad_combination;
use crate::render::market::{agg_trade_members, depth as render_depth, trade_members};
use crate::words::store_failed;

/// Default and largest number of levels per side.
pub(crate) const DEPTH: (usize, usize) = (100, 5_000);
const PAGE: (usize, usize) = (500, 1_000);

/// `GET /api/v3/depth`, `depth`.
pub(crate) fn depth(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let limit = call.params.limit(DEPTH.0, DEPTH.1)?;
    let depth = view.depth(market.id, limit);
    Ok(ctx.rendered.depth(market.id, limit, depth.update_id, || render_depth(&market, &depth)))
}

/// `GET /api/v3/trades`, `trades.recent`.
pub(crate) fn trades(ctx: &Context, call: &Call) -> Answer {
    let market = market(ctx.handle.view().catalog(), call)?;
    let limit = call.params.limit(PAGE.0, PAGE.1)?;
    page(ctx, call, &market, &Range::latest(limit))
}

/// `GET /api/v3/historicalTrades`, `trades.historical`.
pub(crate) fn historical(ctx: &Context, call: &Call) -> Answer {
    let market = market(ctx.handle.view().catalog(), call)?;
    let limit = call.params.limit(PAGE.0, PAGE.1)?;
    let range = match call.params.int("fromId")? {
        Some(id) => Range::from_id(id.unsigned_abs(), limit),
        None => Range::latest(limit),
    };
    page(ctx, call, &market, &range)
}

fn page(ctx: &Context, call: &Call, market: &Market, range: &Range) -> Result<Json, ApiError> {
    let trades = ctx.handle.view().trades(market.id, range).map_err(|e| store_failed(&e))?;
    Ok(Json::array(|a| {
        for trade in &trades {
            a.object(|o| trade_members(o, market, trade, call.unit));
        }
    }))
}

/// `GET /api/v3/aggTrades`, `trades.aggregate`.
pub(crate) fn agg_trades(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let limit = call.params.limit(PAGE.0, PAGE.1)?;
    let from_id = call.params.int("fromId")?.map(i64::unsigned_abs);
    let (start, end) = (call.params.time("startTime")?, call.params.time("endTime")?);
    if from_id.is_some() && (start.is_some() || end.is_some()) {
        return Err(bad_combination());
    }
    let range = Range { from_id, start, end, limit };
    let trades = view.agg_trades(market.id, &range).map_err(|e| store_failed(&e))?;
    Ok(Json::array(|a| {
        for trade in &trades {
            a.object(|o| agg_trade_members(o, &market, trade, call.unit));
        }
    }))
}

/// `GET /api/v3/avgPrice`, `avgPrice`.
pub(crate) fn average(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let average = view.average(market.id, call.at);
    Ok(Json::object(|o| {
        o.int("mins", average.minutes);
        o.price("price", average.price, market.price_scale);
        o.time("closeTime", average.close_time, call.unit);
    }))
}
