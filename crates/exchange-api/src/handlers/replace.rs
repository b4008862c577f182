//! Cancel and replace in one step.

use std::sync::Arc;

use exchange_host::SubmitError;
use types::command::ReplaceMode;
use types::{Command, Event, Market, Refusal};

use super::cancel::{cancel, canceled};
use super::market;
use super::order::{count, detail, new_order, target};
use super::outcome::Outcome;
use super::submit::id_or_fresh;
use crate::call::Call;
use crate::context::Context;
use crate::dispatch::PendingAnswer;
use crate::error::ApiError;
use crate::json::Json;
use crate::params::{invalid, missing};
use crate::refusal::{Action, failed, refused, unknown_outcome};
use crate::render;
use crate::render::order::ResponseType;

const MODES: &[(&str, ReplaceMode)] =
    &[("STOP_ON_FAILURE", ReplaceMode::StopOnFailure), ("ALLOW_FAILURE", ReplaceMode::AllowFailure)];

/// One half's result: done with its answer, failed with its error, or not tried.
enum Half {
    Done(Json),
    Failed(ApiError),
    NotTried,
}

impl Half {
    const fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "SUCCESS",
            Self::Failed(_) => "FAILURE",
            Self::NotTried => "NOT_ATTEMPTED",
        }
    }

    fn json(&self) -> Option<Json> {
        match self {
            Self::Done(json) => Some(json.clone()),
            Self::Failed(error) => Some(error.body()),
            Self::NotTried => None,
        }
    }
}

/// `POST /api/v3/order/cancelReplace`, `order.cancelReplace`.
pub(crate) fn replace(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    Box::pin(async move {
        let caller = call.caller()?;
        let market = market(ctx.handle.view().catalog(), &call)?;
        let params = &call.params;
        let name = "cancelReplaceMode";
        let mode = params.word(name, MODES, || invalid(name))?.ok_or_else(|| missing(name))?;
        let target = target(params, "cancelOrderId", "cancelOrigClientOrderId")?;
        let cancel_id = id_or_fresh(&ctx, params.client_id("cancelNewClientOrderId")?)?;
        let cancel = cancel(caller, &market, target, cancel_id, params)?;
        let new = new_order(&ctx, caller, &market, params)?;
        let detail = detail(params, new.terms.order_type())?;
        let command = Command::Replace { cancel, new, mode };
        match ctx.handle.submit(command, caller.deadline).await {
            Ok(receipt) => {
                let outcome = Outcome::new(&receipt, caller.account);
                let refusal = |part: u32| {
                    receipt.events.iter().find_map(|event| match event {
                        Event::Refused { index, refusal } if *index == part => Some(refusal),
                        _ => None,
                    })
                };
                let canceled = match refusal(0) {
                    Some(refusal) => Half::Failed(refused(refusal, Action::Cancel)),
                    None => Half::Done(canceled(&market, &outcome, cancel_id, call.unit)?),
                };
                let placed = match refusal(1) {
                    Some(refusal) => Half::Failed(refused(refusal, Action::Place)),
                    None => {
                        let made = outcome.made(new.client_id).ok_or_else(unknown_outcome)?;
                        count(&ctx, caller, &[&made]);
                        Half::Done(render_new(&market, &made, detail, &call))
                    }
                };
                settled(&canceled, &placed)
            }
            Err(SubmitError::Refused(Refusal::Replace { cancel, new })) => {
                let placed = new.map_or(Half::NotTried, |new| Half::Failed(refused(&new, Action::Place)));
                settled(&Half::Failed(refused(&cancel, Action::Cancel)), &placed)
            }
            Err(error) => Err(failed(&error, Action::Place)),
        }
    })
}

fn render_new(market: &Market, made: &render::order::Placed, detail: ResponseType, call: &Call) -> Json {
    render::order::placed(market, made, detail, call.unit)
}

/// 200 when both halves are done, 409 with -2021 when one is, 400 with -2022 when none is.
fn settled(canceled: &Half, placed: &Half) -> Result<Json, ApiError> {
    let halves = Json::object(|o| {
        o.text("cancelResult", canceled.word());
        o.text("newOrderResult", placed.word());
        for (key, half) in [("cancelResponse", canceled), ("newOrderResponse", placed)] {
            match half.json() {
                Some(json) => o.raw(key, json.as_str()),
                None => o.null(key),
            }
        }
    });
    match (canceled, placed) {
        (Half::Done(_), Half::Done(_)) => Ok(halves),
        (Half::Done(_), _) | (_, Half::Done(_)) => {
            let error = ApiError::new(-2021, "Order cancel-replace partially failed.").with_status(409);
            Err(error.with_data(halves))
        }
        _ => Err(ApiError::new(-2022, "Order cancel-replace failed.").with_data(halves)),
    }
}
