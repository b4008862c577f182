//! The table of endpoints: REST's (method, path) and the WebSocket API's method name lead to the same handler.

mod account;
mod market;
mod trading;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::auth::Security;
use crate::call::Call;
use crate::context::Context;
use crate::error::ApiError;
use crate::json::Json;
use crate::params::Params;

/// What a handler gives.
pub(crate) type Answer = Result<Json, ApiError>;

/// An answer that takes time.
pub(crate) type PendingAnswer = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// How an endpoint is answered.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// From memory, at once.
    Read(fn(&Context, &Call) -> Answer),
    /// From the store on disk: runs on a thread of its own kind.
    Store(fn(&Context, &Call) -> Answer),
    /// By commands to the exchange.
    Write(fn(Arc<Context>, Call) -> PendingAnswer),
}

/// One row of the table.
pub(crate) struct Endpoint {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub(crate) method: &'static str,
    /// The whole path.
    pub(crate) path: &'static str,
    /// The WebSocket API's name; empty where it has none.
    pub(crate) name: &'static str,
    pub(crate) security: Security,
    /// Request weight; may depend on the parameters.
    pub(crate) weight: fn(&Params) -> u32,
    /// The parameters it reads, beside those that every endpoint accepts.
    pub(crate) params: &'static [&'static str],
    /// Most orders that one call places: what the account's order limits must have room for. Above zero, the answer
    /// reports the order counts, and success costs no weight (since 2026-04-02).
    pub(crate) orders: u32,
    pub(crate) handler: Handler,
}

/// The tables of all nouns.
const TABLES: [&[Endpoint]; 3] = [market::ENDPOINTS, trading::ENDPOINTS, account::ENDPOINTS];

/// All endpoints.
pub(crate) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    TABLES.iter().copied().flatten()
}

/// The endpoint behind a REST request.
pub(crate) fn by_path(method: &str, path: &str) -> Option<&'static Endpoint> {
    endpoints().find(|endpoint| endpoint.path == path && endpoint.method == method)
}

/// The endpoint behind a WebSocket API method.
pub(crate) fn by_name(name: &str) -> Option<&'static Endpoint> {
    endpoints().find(|endpoint| !endpoint.name.is_empty() && endpoint.name == name)
}

/// Runs an endpoint. Weight and signature are the transport's business and were checked before.
pub(crate) async fn run(ctx: &Arc<Context>, endpoint: &Endpoint, call: Call) -> Answer {
    call.params.only(endpoint.params)?;
    if endpoint.orders > 0 {
        ctx.meters.admit_orders(call.caller()?.account, endpoint.orders, call.at)?;
    }
    match endpoint.handler {
        Handler::Read(read) => read(ctx, &call),
        Handler::Store(read) => {
            let ctx = Arc::clone(ctx);
            match tokio::task::spawn_blocking(move || read(&ctx, &call)).await {
                Ok(answer) => answer,
                // A panic there is a bug: it continues here, where the connection's isolation answers it.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        Handler::Write(write) => write(Arc::clone(ctx), call).await,
    }
}

/// The rows of a table, one line each where possible.
const fn row(
    rest: (&'static str, &'static str),
    name: &'static str,
    security: Security,
    weight: fn(&Params) -> u32,
    params: &'static [&'static str],
    handler: Handler,
) -> Endpoint {
    Endpoint { method: rest.0, path: rest.1, name, security, weight, params, orders: 0, handler }
}

impl Endpoint {
    /// The same, placing up to `orders` orders.
    const fn placing(mut self, orders: u32) -> Self {
        self.orders = orders;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_endpoints_share_a_path_or_a_name() {
        let (mut paths, mut names) = (BTreeSet::new(), BTreeSet::new());
        for endpoint in endpoints() {
            assert!(paths.insert((endpoint.method, endpoint.path)), "{}", endpoint.path);
            assert!(endpoint.name.is_empty() || names.insert(endpoint.name), "{}", endpoint.name);
        }
        assert!(by_path("GET", "/api/v3/ping").is_some());
        assert!(by_path("POST", "/api/v3/ping").is_none());
        assert!(by_name("").is_none());
    }
}
