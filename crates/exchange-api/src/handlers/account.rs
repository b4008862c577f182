//! The account: balances, fills, fees, limits, prevented matches.

use types::OrderId;

use super::market;
use super::orders::{PAGE, id_or_times, range};
use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::json::{Json, Object};
use crate::params::{bad_combination, missing};
use crate::refusal::unknown_outcome;
use crate::render::account::{self, RATE_SCALE, fill_members, prevented_members, rates};
use crate::words::store_failed;

/// `GET /api/v3/account`, `account.status`.
pub(crate) fn status(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let account = view.account(caller.account).ok_or_else(unknown_outcome)?;
    let omit_zero = call.params.bool("omitZeroBalances")?.unwrap_or(false);
    let can_trade = account.trading && caller.permissions.trade;
    let balances = view.balances(caller.account);
    Ok(account::account(&account, &balances, &view.catalog(), can_trade, omit_zero, call.unit))
}

/// `GET /api/v3/myTrades`, `myTrades`.
pub(crate) fn trades(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let order = call.params.int("orderId")?.map(|id| OrderId(id.unsigned_abs()));
    let range = range(&call.params, "fromId")?;
    id_or_times(&range)?;
    if order.is_some() && (range.start.is_some() || range.end.is_some()) {
        return Err(bad_combination());
    }
    let fills = view.fills(caller.account, market.id, order, &range).map_err(|e| store_failed(&e))?;
    Ok(Json::array(|a| {
        for fill in &fills {
            a.object(|o| fill_members(o, &market, fill, call.unit));
        }
    }))
}

/// `GET /api/v3/myPreventedMatches`, `myPreventedMatches`.
pub(crate) fn prevented(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let limit = call.params.limit(PAGE.0, PAGE.1)?;
    let id = call.params.int("preventedMatchId")?.map(i64::unsigned_abs);
    let order = call.params.int("orderId")?.map(|id| OrderId(id.unsigned_abs()));
    let from = call.params.int("fromPreventedMatchId")?.map(i64::unsigned_abs);
    if id.is_some() == order.is_some() {
        return Err(if id.is_some() { bad_combination() } else { missing("orderId") });
    }
    let range = exchange_host::view::Range::from_id(id.or(from).unwrap_or(0), 1);
    let matches = match order {
        Some(order) => view.prevented_of(caller.account, market.id, order, range, limit),
        None => view.prevented_matches(caller.account, market.id, &range),
    };
    let matches = matches.map_err(|e| store_failed(&e))?;
    Ok(Json::array(|a| {
        for prevented in matches.iter().filter(|m| id.is_none_or(|id| m.id == id)) {
            a.object(|o| prevented_members(o, &market, prevented, call.unit));
        }
    }))
}

/// `GET /api/v3/myAllocations`: smart order routing does not exist here.
pub(crate) fn allocations(ctx: &Context, call: &Call) -> Answer {
    market(ctx.handle.view().catalog(), call)?;
    Ok(Json::array(|_| {}))
}

/// `GET /api/v3/account/commission`, `account.commission`.
pub(crate) fn commission(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let account = view.account(caller.account).ok_or_else(unknown_outcome)?;
    Ok(Json::object(|o| {
        o.text("symbol", market.symbol.as_str());
        o.object("standardCommission", |o| rates(o, account.maker, account.taker));
        for none in ["specialCommission", "taxCommission"] {
            o.object(none, |o| rates(o, types::FeeRate(0), types::FeeRate(0)));
        }
        o.object("discount", no_discount);
    }))
}

/// There are no fee discounts; the members are there because clients read them.
pub(super) fn no_discount(o: &mut Object<'_>) {
    o.bool("enabledForAccount", false);
    o.bool("enabledForSymbol", false);
    o.text("discountAsset", "BNB");
    o.decimal("discount", 0, RATE_SCALE);
}

/// `GET /api/v3/rateLimit/order`, `account.rateLimits.orders`.
pub(crate) fn order_limits(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let limits = ctx.meters.limits();
    let counts = ctx.meters.orders(caller.account, call.at);
    Ok(Json::array(|a| {
        for (interval, number, limit, count) in [
            ("SECOND", 10, limits.orders_per_10_seconds, counts.ten_seconds),
            ("DAY", 1, limits.orders_per_day, counts.day),
        ] {
            a.object(|o| {
                o.text("rateLimitType", "ORDERS");
                o.text("interval", interval);
                o.int("intervalNum", number);
                o.int("limit", limit);
                o.int("count", count);
            });
        }
    }))
}
