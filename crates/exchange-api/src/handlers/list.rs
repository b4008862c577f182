//! Order lists: OCO, OTO, OTOCO; place, cancel, ask.

use std::sync::Arc;

use types::command::{Leg, ListShape, ListTarget, NewList};
use types::{Command, ListId, ListView, Market, OrderType, Qty, Side, Terms};

use super::cancel::canceled_list_members;
use super::market;
use super::order::count;
use super::orders::{id_or_times, range};
use super::outcome::Outcome;
use super::submit::{id_or_fresh, submit};
use super::terms::{Asked, one_of, stp};
use crate::call::{Call, TimeUnit};
use crate::context::Context;
use crate::dispatch::{Answer, PendingAnswer};
use crate::error::ApiError;
use crate::json::Json;
use crate::params::{Params, invalid, missing, not_required};
use crate::refusal::{Action, unknown_outcome};
use crate::render::list::list_members;
use crate::render::order::{Placed, RESPONSE_TYPES, ResponseType, placed_members};
use crate::words::store_failed;

/// `POST /api/v3/orderList/oco`, `orderList.place.oco`.
pub(crate) fn oco(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    place(ctx, call, |ctx, market, params| {
        let side = Asked::new(params, market, "").side()?;
        let qty = Asked::new(params, market, "").qty()?;
        let (above, below) = pair(ctx, market, params, side, qty, ["above", "below"])?;
        Ok(ListShape::Oco { above, below })
    })
}

/// `POST /api/v3/orderList/oto`, `orderList.place.oto`.
pub(crate) fn oto(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    place(ctx, call, |ctx, market, params| {
        let working = working(ctx, market, params)?;
        let asked = Asked::new(params, market, "pending");
        let pending = leg(ctx, &asked, asked.side()?, asked.terms()?)?;
        Ok(ListShape::Oto { working, pending })
    })
}

/// `POST /api/v3/orderList/otoco`, `orderList.place.otoco`.
pub(crate) fn otoco(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    place(ctx, call, |ctx, market, params| {
        let working = working(ctx, market, params)?;
        let asked = Asked::new(params, market, "pending");
        let (side, qty) = (asked.side()?, asked.qty()?);
        let (above, below) = pair(ctx, market, params, side, qty, ["pendingAbove", "pendingBelow"])?;
        Ok(ListShape::Otoco { working, above, below })
    })
}

/// `POST /api/v3/order/oco`, the old way to an OCO: a LIMIT_MAKER leg and a stop leg.
pub(crate) fn old_oco(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    place(ctx, call, |ctx, market, params| {
        let asked = Asked::new(params, market, "");
        let (side, qty) = (asked.side()?, asked.qty()?);
        let price = params.price("price", market)?.ok_or_else(|| missing("price"))?;
        let limit_shown = params.qty("limitIcebergQty", market)?.filter(|shown| !shown.is_zero());
        let limit = Leg {
            client_id: id_or_fresh(ctx, params.client_id("limitClientOrderId")?)?,
            side,
            terms: Terms::LimitMaker { price, qty, display: limit_shown },
            tags: Asked::new(params, market, "limit").tags()?,
        };
        let stop = Leg {
            client_id: id_or_fresh(ctx, params.client_id("stopClientOrderId")?)?,
            side,
            terms: asked.old_stop(qty)?,
            tags: Asked::new(params, market, "stop").tags()?,
        };
        Ok(match side {
            Side::Sell => ListShape::Oco { above: limit, below: stop },
            Side::Buy => ListShape::Oco { above: stop, below: limit },
        })
    })
}

fn working(ctx: &Context, market: &Market, params: &Params) -> Result<Leg, ApiError> {
    let asked = Asked::new(params, market, "working");
    if !matches!(asked.order_type()?, OrderType::Limit | OrderType::LimitMaker) {
        return Err(invalid("workingType"));
    }
    leg(ctx, &asked, asked.side()?, asked.terms()?)
}

/// The two legs of an OCO pair, with their types checked against their places (errors.md -1158 to -1199).
fn pair(
    ctx: &Context,
    market: &Market,
    params: &Params,
    side: Side,
    qty: Qty,
    prefixes: [&'static str; 2],
) -> Result<(Leg, Leg), ApiError> {
    let [above, below] = prefixes.map(|prefix| Asked::new(params, market, prefix));
    let (above_type, below_type) = (above.order_type()?, below.order_type()?);
    check_pair(side, above_type, below_type)?;
    let above = leg(ctx, &above, side, above.terms_of(above_type, qty)?)?;
    let below = leg(ctx, &below, side, below.terms_of(below_type, qty)?)?;
    Ok((above, below))
}

fn check_pair(side: Side, above: OrderType, below: OrderType) -> Result<(), ApiError> {
    use OrderType::{Limit, LimitMaker, Market, StopLoss, StopLossLimit, TakeProfit, TakeProfitLimit};
    let stop = |kind| matches!(kind, StopLoss | StopLossLimit);
    let profit = |kind| matches!(kind, TakeProfit | TakeProfitLimit);
    let fault = match (side, above, below) {
        (_, Limit | Market, _) | (_, _, Limit | Market) => (-1158, "Order type not supported in OCO."),
        (_, LimitMaker, LimitMaker) => (-1168, "At least one OCO order must be contingent."),
        (Side::Buy, LimitMaker, _) => (-1165, "A limit order in a buy OCO must be below."),
        (Side::Sell, _, LimitMaker) => (-1166, "A limit order in a sell OCO must be above."),
        (Side::Buy, _, kind) if stop(kind) => (-1196, "A stop loss order in a buy OCO must be above."),
        (Side::Sell, kind, _) if stop(kind) => (-1197, "A stop loss order in a sell OCO must be below."),
        (Side::Buy, kind, _) if profit(kind) => (-1198, "A take profit order in a buy OCO must be below."),
        (Side::Sell, _, kind) if profit(kind) => (-1199, "A take profit order in a sell OCO must be above."),
        _ => return Ok(()),
    };
    Err(ApiError::new(fault.0, fault.1))
}

fn leg(ctx: &Context, asked: &Asked<'_>, side: Side, terms: Terms) -> Result<Leg, ApiError> {
    Ok(Leg { client_id: id_or_fresh(ctx, asked.client_id()?)?, side, terms, tags: asked.tags()? })
}

fn place(
    ctx: Arc<Context>,
    call: Call,
    shape: fn(&Context, &Market, &Params) -> Result<ListShape, ApiError>,
) -> PendingAnswer {
    Box::pin(async move {
        let caller = call.caller()?;
        let market = market(ctx.handle.view().catalog(), &call)?;
        let params = &call.params;
        let shape = shape(&ctx, &market, params)?;
        let list = NewList {
            account: caller.account,
            market: market.id,
            client_id: id_or_fresh(&ctx, params.client_id("listClientOrderId")?)?,
            stp: stp(params)?,
            shape,
        };
        let name = "newOrderRespType";
        let detail = params.word(name, RESPONSE_TYPES, || invalid(name))?.unwrap_or(ResponseType::Result);
        let receipt = submit(&ctx, caller, Command::PlaceList(Box::new(list)), Action::Place).await?;
        let outcome = Outcome::new(&receipt, caller.account);
        let view = outcome.lists().into_iter().find(|view| view.client_id == list.client_id);
        let view = view.ok_or_else(unknown_outcome)?;
        let ids = view.orders.iter().take(usize::from(view.legs));
        let orders: Vec<Placed> = ids.filter_map(|(id, _)| outcome.order(*id)).collect();
        count(&ctx, caller, &orders.iter().collect::<Vec<_>>());
        Ok(Json::object(|o| {
            list_members(o, &market, &view, receipt.at, call.unit);
            o.array("orderReports", |a| {
                for order in &orders {
                    a.object(|o| placed_members(o, &market, order, detail, call.unit));
                }
            });
        }))
    })
}

/// `DELETE /api/v3/orderList`, `orderList.cancel`.
pub(crate) fn cancel(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    Box::pin(async move {
        let caller = call.caller()?;
        let market = market(ctx.handle.view().catalog(), &call)?;
        let target = target(&call.params, "listClientOrderId")?;
        let client_id = id_or_fresh(&ctx, call.params.client_id("newClientOrderId")?)?;
        let command = Command::CancelList { account: caller.account, market: market.id, target, client_id };
        let receipt = submit(&ctx, caller, command, Action::Cancel).await?;
        let outcome = Outcome::new(&receipt, caller.account);
        let list = outcome.lists().first().copied().ok_or_else(unknown_outcome)?;
        Ok(Json::object(|o| canceled_list_members(o, &market, &outcome, &list, client_id, call.unit)))
    })
}

fn target(params: &Params, client_name: &str) -> Result<ListTarget, ApiError> {
    match params.int("orderListId")? {
        Some(id) => Ok(ListTarget::Id(ListId(id.unsigned_abs()))),
        None => match params.client_id(client_name)? {
            Some(client_id) => Ok(ListTarget::Client(client_id)),
            None => Err(one_of(client_name, "orderListId")),
        },
    }
}

/// `GET /api/v3/orderList`, `orderList.status`.
pub(crate) fn query(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let target = target(&call.params, "origClientOrderId")?;
    let list = view.list(caller.account, &target).map_err(|e| store_failed(&e))?;
    let list = list.ok_or_else(|| ApiError::new(-2018, "Order list does not exist."))?;
    let catalog = view.catalog();
    let market = catalog.market(list.market).ok_or_else(unknown_outcome)?;
    Ok(Json::object(|o| list_members(o, market, &list, list.updated, call.unit)))
}

/// `GET /api/v3/openOrderList`, `openOrderLists.status`.
pub(crate) fn open(ctx: &Context, call: &Call) -> Answer {
    Ok(render(ctx, &ctx.handle.view().open_lists(call.caller()?.account), call.unit))
}

/// `GET /api/v3/allOrderList`, `allOrderLists`.
pub(crate) fn all(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let range = range(&call.params, "fromId")?;
    id_or_times(&range)?;
    let lists = ctx.handle.view().lists(caller.account, &range).map_err(|e| store_failed(&e))?;
    Ok(render(ctx, &lists, call.unit))
}

fn render(ctx: &Context, lists: &[ListView], unit: TimeUnit) -> Json {
    let catalog = ctx.handle.view().catalog();
    Json::array(|a| {
        for list in lists {
            if let Some(market) = catalog.market(list.market) {
                a.object(|o| list_members(o, market, list, list.updated, unit));
            }
        }
    })
}

impl Asked<'_> {
    /// The stop leg of an old OCO: STOP_LOSS_LIMIT when a stop limit price is sent, else STOP_LOSS.
    fn old_stop(&self, qty: Qty) -> Result<Terms, ApiError> {
        use types::order::{AfterTrigger, StopKind, Trigger};

        use crate::words::TIMES_IN_FORCE;
        let (params, market) = (self.params(), self.market());
        let stop = params.price("stopPrice", market)?;
        let trailing = self.trailing("trailingDelta")?;
        if stop.is_none() && trailing.is_none() {
            return Err(one_of("stopPrice", "trailingDelta"));
        }
        let tif_name = "stopLimitTimeInForce";
        let tif = params.word(tif_name, TIMES_IN_FORCE, || ApiError::new(-1115, "Invalid timeInForce."))?;
        let then = match (params.price("stopLimitPrice", market)?, tif) {
            (Some(price), Some(tif)) => {
                let display = params.qty("stopIcebergQty", market)?.filter(|shown| !shown.is_zero());
                AfterTrigger::Limit { price, tif, display }
            }
            (Some(_), None) => return Err(missing(tif_name)),
            (None, Some(_)) => return Err(not_required(tif_name)),
            (None, None) => AfterTrigger::Market,
        };
        Ok(Terms::Stop { trigger: Trigger { kind: StopKind::StopLoss, stop, trailing }, qty, then })
    }
}
