//! REST: from an HTTP request to an endpoint and back, with Binance's headers.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Service, StatusCode};
use http_body_util::Full;

use crate::context::Context;
use crate::error::ApiError;
use crate::{streams, ws_api};

/// The API as a service of the accept loop.
pub(crate) struct Api {
    pub(crate) ctx: Arc<Context>,
}

impl Service for Api {
    async fn call(self: Arc<Self>, request: Request) -> Response {
        let path = request.path();
        if path.starts_with("/ws-api/") {
            ws_api::accept(&self.ctx, request)
        } else if path == "/ws"
            || path.starts_with("/ws/")
            || path == "/stream"
            || path.starts_with("/stream/")
        {
            streams::accept(&self.ctx, request)
        } else {
            not_found()
        }
    }

    fn failed(&self) -> Response {
        let error = ApiError::new(-1000, "An unknown error occurred while processing the request.");
        error_response(&error.with_status(500))
    }
}

/// The answer to a path that does not exist.
pub(crate) fn not_found() -> Response {
    error_response(&ApiError::new(-1000, "Path not found.").with_status(404))
}

/// An error as an HTTP answer.
pub(crate) fn error_response(error: &ApiError) -> Response {
    let mut response = json_response(error.status, error.body().into_bytes());
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
    }
    response
}

fn json_response(status: u16, body: Bytes) -> Response {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let json = http::header::HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
