//! The WebSocket API at `/ws-api/v3`: the same endpoints as REST, and what only a connection can have ([`session`]).
//!
//! Requests of one connection are worked on at the same time, at most [`IN_FLIGHT_MAX`], and start in the order in which they
//! came; answers go out as they are ready, told apart by their ids. Whatever comes in gets an answer: Binance's error for
//! what is wrong, never a dropped request.

mod answer;
mod request;
mod session;

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::websocket::{self, Inbox, Outbox, Utf8Bytes};
use http::{Request, Response};
use tokio::time::sleep;
use types::Time;

use crate::call::{Call, TimeUnit};
use crate::context::Context;
use crate::dispatch::{self, Answer, Endpoint};
use crate::error::ApiError;
use crate::json::Json;
use crate::params::Params;
use crate::rest::{error_response, not_found};
use crate::streams::hub::Hub;
use crate::streams::limits::{IN_FLIGHT_MAX, LIFE, SHUTDOWN_NOTICE};
use crate::streams::{admit, policy, server_shutdown, time_unit};
use answer::Reply;
use request::Malformed;
use session::Session;

/// Weight of opening a connection and of the methods of a session (web-socket-api.md).
const SESSION_WEIGHT: u32 = 2;

/// How a connection begins.
#[derive(Clone, Copy, Debug)]
struct Opening {
    ip: IpAddr,
    unit: TimeUnit,
    with_limits: bool,
}

/// Answers a request for `/ws-api/v3`.
pub(crate) fn accept(ctx: &Arc<Context>, request: Request) -> Response {
    if request.path().trim_end_matches('/') != "/ws-api/v3" {
        return not_found();
    }
    let opening = match admit(ctx, &request).and_then(|()| opening(ctx, &request)) {
        Ok(opening) => opening,
        Err(error) => return error_response(&error),
    };
    let ctx = Arc::clone(ctx);
    websocket::accept(request, policy(), move |inbox, outbox| serve(ctx, opening, inbox, outbox))
        .unwrap_or_else(|error| error_response(&ApiError::new(-1000, error.to_string())))
}

fn opening(ctx: &Context, request: &Request) -> Result<Opening, ApiError> {
    let params = Params::from_query_and_body(request.query(), "")?;
    let ip = request.peer().ip();
    ctx.meters.charge(ip, SESSION_WEIGHT, ctx.now())?;
    let with_limits = params.get("returnRateLimits") != Some("false");
    Ok(Opening { ip, unit: time_unit(&params)?, with_limits })
}

/// Serves one connection until the client or the transport ends it.
async fn serve(ctx: Arc<Context>, opening: Opening, mut inbox: Inbox, outbox: Outbox) {
    let link = Hub::open(&ctx, outbox.clone(), false, opening.unit);
    let mut session = Session::new(link, opening.ip, opening.unit, opening.with_limits, ctx.now());
    let mut working = FuturesUnordered::new();
    let notice = sleep(LIFE.saturating_sub(SHUTDOWN_NOTICE));
    tokio::pin!(notice);
    let mut told = false;
    loop {
        let text = tokio::select! {
            text = inbox.receive(), if working.len() < IN_FLIGHT_MAX => {
                let Some(text) = text else { return };
                match handle(&ctx, &mut session, &text) {
                    Handled::Answer(text) => text,
                    Handled::Working(work) => {
                        working.push(work);
                        continue;
                    }
                    Handled::Answered => continue,
                }
            }
            Some(text) = working.next() => text,
            () = &mut notice, if !told => {
                told = true;
                server_shutdown(ctx.now(), opening.unit)
            }
        };
        if outbox.send(text).await.is_err() {
            return;
        }
    }
}

/// What became of a message.
enum Handled {
    /// The answer is ready.
    Answer(Utf8Bytes),
    /// The answer takes time.
    Working(std::pin::Pin<Box<dyn Future<Output = Utf8Bytes> + Send>>),
    /// The answer is on its way already.
    Answered,
}

fn handle(ctx: &Arc<Context>, session: &mut Session, text: &str) -> Handled {
    let at = ctx.now();
    let mut reply = Reply {
        id: serde_json::Value::Null,
        with_limits: session.with_limits,
        orders_of: None,
        ip: session.ip,
        unit: session.unit,
    };
    let request = match request::parse(text) {
        Ok(request) => request,
        Err(Malformed { id, error }) => {
            reply.id = id;
            // Garbage counts like the cheapest request, so that it is no way around the limits.
            let error = ctx.meters.charge(session.ip, 1, at).err().unwrap_or(error);
            return Handled::Answer(reply.write(ctx, &Err(error)));
        }
    };
    reply.id = request.id;
    match request.params.get("returnRateLimits") {
        Some("true") => reply.with_limits = true,
        Some("false") => reply.with_limits = false,
        _ => {}
    }
    match dispatch::by_name(&request.method) {
        Some(endpoint) => start(ctx, session, reply, endpoint, request.params, at),
        None => of_session(ctx, session, &reply, &request.method, &request.params, at),
    }
}

/// Starts an endpoint that REST has too.
fn start(
    ctx: &Arc<Context>,
    session: &Session,
    mut reply: Reply,
    endpoint: &'static Endpoint,
    params: Params,
    at: Time,
) -> Handled {
    let weight = (endpoint.weight)(&params);
    let charged = ctx.meters.charge(session.ip, weight, at);
    let caller = charged.and_then(|_| session.caller(ctx, endpoint.security, &params, at));
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return Handled::Answer(reply.write(ctx, &Err(error))),
    };
    if endpoint.orders > 0 {
        reply.orders_of = caller.as_ref().map(|caller| caller.account);
    }
    let call = Call { params, caller, unit: session.unit, at };
    let ctx = Arc::clone(ctx);
    Handled::Working(Box::pin(async move {
        let answer = dispatch::run(&ctx, endpoint, call).await;
        if endpoint.orders > 0 && answer.is_ok() {
            // An order that succeeds costs no weight.
            ctx.meters.refund(reply.ip, weight, ctx.now());
        }
        reply.write(&ctx, &answer)
    }))
}

/// The methods that only a connection has.
fn of_session(
    ctx: &Context,
    session: &mut Session,
    reply: &Reply,
    method: &str,
    params: &Params,
    at: Time,
) -> Handled {
    if let Err(error) = ctx.meters.charge(session.ip, SESSION_WEIGHT, at) {
        return Handled::Answer(reply.write(ctx, &Err(error)));
    }
    let answer: Answer = match method {
        "session.logon" => session.log_on(ctx, params, at),
        "session.status" => Ok(session.status(at)),
        "session.logout" => Ok(session.log_out(at)),
        "session.subscriptions" => Ok(session.subscriptions()),
        "userDataStream.subscribe" | "userDataStream.subscribe.signature" => {
            match session.grant(ctx, params, method.ends_with(".signature"), at) {
                Ok(grant) => {
                    let result = Json::object(|o| o.int("subscriptionId", grant.subscription));
                    let text = reply.write(ctx, &Ok(result));
                    session.link.follow_account(grant.account, grant.api_key, grant.subscription, text);
                    return Handled::Answered;
                }
                Err(error) => Err(error),
            }
        }
        "userDataStream.unsubscribe" => session.unsubscribe(params),
        // UNSUPPORTED_OPERATION of errors.md; what the spot venue says to an unknown method is not documented.
        _ => Err(ApiError::new(-1020, "This operation is not supported.")),
    };
    Handled::Answer(reply.write(ctx, &answer))
}
