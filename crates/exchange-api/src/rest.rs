//! REST: from an HTTP request to an endpoint and back, with Binance's headers.
//!
//! Order of things: path → body → parameters → weight (429, 418) → API key and signature → endpoint.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{BodyError, Request, Response, Service, StatusCode};

use crate::auth::{self, Security};
use crate::call::{Call, Caller, TimeUnit};
use crate::context::Context;
use crate::dispatch::{self, Endpoint};
use crate::error::ApiError;
use crate::json::Json;
use crate::params::Params;
use crate::{streams, ws_api};

const USED_WEIGHT: HeaderName = HeaderName::from_static("x-mbx-used-weight");
const USED_WEIGHT_1M: HeaderName = HeaderName::from_static("x-mbx-used-weight-1m");
const ORDER_COUNT_10S: HeaderName = HeaderName::from_static("x-mbx-order-count-10s");
const ORDER_COUNT_1D: HeaderName = HeaderName::from_static("x-mbx-order-count-1d");

/// Weight of a request that no endpoint answers.
const UNKNOWN_WEIGHT: u32 = 1;

/// The API as a service of the accept loop.
pub(crate) struct Api {
    pub(crate) ctx: Arc<Context>,
}

impl Service for Api {
    async fn call(self: Arc<Self>, request: Request) -> Response {
        let path = request.path();
        let below =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if below("/ws-api") {
            ws_api::accept(&self.ctx, request)
        } else if below("/ws") || below("/stream") {
            streams::accept(&self.ctx, request)
        } else {
            rest(&self.ctx, request).await
        }
    }

    fn failed(&self) -> Response {
        let error = ApiError::new(-1000, "An unknown error occurred while processing the request.");
        error_response(&error.with_status(500))
    }
}

async fn rest(ctx: &Arc<Context>, request: Request) -> Response {
    let method = request.method().as_str();
    // HEAD is a GET whose body is not sent (the HTTP layer sees to that).
    let method = if method == "HEAD" { "GET" } else { method };
    match dispatch::by_path(method, request.path()) {
        Some(endpoint) => endpoint_response(ctx, endpoint, request).await,
        None => no_endpoint(ctx, &request),
    }
}

/// 404, 405 with the methods that there are, or 200 to OPTIONS.
fn no_endpoint(ctx: &Context, request: &Request) -> Response {
    let at = ctx.now();
    let charged = ctx.meters.charge(request.peer().ip(), UNKNOWN_WEIGHT, at);
    let known = dispatch::endpoints().filter(|endpoint| endpoint.path == request.path());
    let allowed: Vec<&str> = known.map(|endpoint| endpoint.method).collect();
    let mut response = match &charged {
        Err(error) => error_response(error),
        Ok(_) if allowed.is_empty() => not_found(),
        Ok(_) if request.method() == http::Method::OPTIONS => {
            json_response(200, Json::object(|_| {}).into_bytes())
        }
        Ok(_) => error_response(&ApiError::new(-1020, "This operation is not supported.").with_status(405)),
    };
    if let Ok(methods) = HeaderValue::from_str(&allowed.join(", "))
        && !allowed.is_empty()
    {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    report_weight(ctx, &mut response, request);
    response
}

/// A call that was let in, or refused before its endpoint.
async fn endpoint_response(
    ctx: &Arc<Context>,
    endpoint: &'static Endpoint,
    mut request: Request,
) -> Response {
    let ip = request.peer().ip();
    let mut account = None;
    let answer = match admit(ctx, endpoint, &mut request).await {
        Ok(call) => {
            account = call.caller.as_ref().map(|caller| caller.account);
            dispatch::run(ctx, endpoint, call).await
        }
        Err(error) => Err(error),
    };
    let placed = endpoint.orders > 0 && answer.is_ok();
    if placed {
        ctx.meters.refund(ip, (endpoint.weight)(&Params::default()), ctx.now());
    }
    let mut response = match answer {
        Ok(json) => json_response(200, json.into_bytes()),
        Err(error) => error_response(&error),
    };
    report_weight(ctx, &mut response, &request);
    if let Some(account) = account.filter(|_| placed) {
        let counts = ctx.meters.orders(account, ctx.now());
        response.headers_mut().insert(ORDER_COUNT_10S, counts.ten_seconds.into());
        response.headers_mut().insert(ORDER_COUNT_1D, counts.day.into());
    }
    response
}

async fn admit(ctx: &Context, endpoint: &Endpoint, request: &mut Request) -> Result<Call, ApiError> {
    // Of a GET only the query counts.
    let body = if endpoint.method == "GET" { Ok(Bytes::new()) } else { request.body().await };
    let at = ctx.now();
    let ip = request.peer().ip();
    let params = body.map_err(body_error).and_then(|body| {
        let body = String::from_utf8(body.into())
            .map_err(|_| ApiError::new(-1100, "Illegal characters found in a parameter."))?;
        Ok((Params::from_query_and_body(request.query(), &body)?, body))
    });
    // A request that cannot be read costs too.
    let weight = params.as_ref().map_or(UNKNOWN_WEIGHT, |(params, _)| (endpoint.weight)(params));
    ctx.meters.charge(ip, weight, at)?;
    let (params, body) = params?;
    let unit = time_unit(request)?;
    let caller = caller(ctx, endpoint, request, &params, &body)?;
    Ok(Call { params, caller, unit, at })
}

fn caller(
    ctx: &Context,
    endpoint: &Endpoint,
    request: &Request,
    params: &Params,
    body: &str,
) -> Result<Option<Caller>, ApiError> {
    if endpoint.security == Security::Public {
        return Ok(None);
    }
    let payload = auth::without_signature(request.query(), body);
    let key = request.header("x-mbx-apikey");
    auth::sign_in(ctx, endpoint.security, key, params, &[&payload], ctx.now()).map(Some)
}

/// `X-MBX-TIME-UNIT`.
fn time_unit(request: &Request) -> Result<TimeUnit, ApiError> {
    match request.header("x-mbx-time-unit") {
        None => Ok(TimeUnit::Millis),
        Some(unit) if unit.eq_ignore_ascii_case("MILLISECOND") => Ok(TimeUnit::Millis),
        Some(unit) if unit.eq_ignore_ascii_case("MICROSECOND") => Ok(TimeUnit::Micros),
        Some(_) => {
            let text = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.";
            Err(ApiError::new(-1194, text))
        }
    }
}

fn body_error(error: BodyError) -> ApiError {
    let (status, text) = match error {
        BodyError::TooLarge => (413, "The request body is too large."),
        BodyError::TimedOut => (408, "The request body did not arrive in time."),
        BodyError::Broken => (400, "The request body broke off."),
    };
    ApiError::new(-1000, text).with_status(status)
}

fn report_weight(ctx: &Context, response: &mut Response, request: &Request) {
    let used = ctx.meters.used(request.peer().ip(), ctx.now());
    response.headers_mut().insert(USED_WEIGHT, used.into());
    response.headers_mut().insert(USED_WEIGHT_1M, used.into());
}

/// The answer to a path that does not exist.
pub(crate) fn not_found() -> Response {
    error_response(&ApiError::new(-1000, "Path not found.").with_status(404))
}

/// An error as an HTTP answer.
pub(crate) fn error_response(error: &ApiError) -> Response {
    let mut response = json_response(error.status, error.body().into_bytes());
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn json_response(status: u16, body: Bytes) -> Response {
    let mut response = Response::new(http::body::whole(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
