//! The table of endpoints: REST's (method, path) and the WebSocket API's method name lead to the same handler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::auth::Security;
use crate::call::Call;
use crate::context::Context;
use crate::error::ApiError;
use crate::handlers::general;
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
    pub(crate) handler: Handler,
}

/// All endpoints.
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: "GET",
        path: "/api/v3/ping",
        name: "ping",
        security: Security::Public,
        weight: |_| 1,
        params: &[],
        handler: Handler::Read(general::ping),
    },
    Endpoint {
        method: "GET",
        path: "/api/v3/time",
        name: "time",
        security: Security::Public,
        weight: |_| 1,
        params: &[],
        handler: Handler::Read(general::time),
    },
];

/// The endpoint behind a REST request.
pub(crate) fn by_path(method: &str, path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path && endpoint.method == method)
}

/// The endpoint behind a WebSocket API method.
pub(crate) fn by_name(name: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| !endpoint.name.is_empty() && endpoint.name == name)
}

/// Runs an endpoint. Weight and signature are the transport's business and were checked before.
pub(crate) async fn run(ctx: &Arc<Context>, endpoint: &Endpoint, call: Call) -> Answer {
    call.params.only(endpoint.params)?;
    match endpoint.handler {
        Handler::Read(read) => read(ctx, &call),
        Handler::Store(read) => {
            let ctx = Arc::clone(ctx);
            // A panic there is a bug: it continues here, where the connection's isolation answers it.
            match tokio::task::spawn_blocking(move || read(&ctx, &call)).await {
                Ok(answer) => answer,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        Handler::Write(write) => write(Arc::clone(ctx), call).await,
    }
}
