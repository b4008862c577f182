//! Market and user streams.

use std::sync::Arc;

use http::{Request, Response};

use crate::context::Context;

/// Answers a request for `/ws...` or `/stream...`.
pub(crate) fn accept(ctx: &Arc<Context>, request: Request) -> Response {
    let _ = (ctx, request);
    crate::rest::not_found()
}
