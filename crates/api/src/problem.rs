//! Errors as people and programs get them: RFC 9457 `application/problem+json` with a stable `code`.
//!
//! Nothing about the inside (SQL, paths, secrets) ever stands in a problem; the cause is logged once where it is handled.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::account_limits::LimitUse;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem, in a few words; the same for every problem with this code.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// A stable name for programs, like `insufficient_balance`.
    pub code: String,
    /// What happened this time, why, and what to do.
    pub detail: String,
    /// The request's id, as in the `x-request-id` header and the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The limit of the account that said no, with its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Box<LimitUse>>,
    /// Seconds after which another try makes sense.
    #[serde(skip)]
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// The code of what cannot be read because the database is left alone.
    pub(crate) const DATABASE_AWAY: &'static str = "database_away";

    /// The same for somebody who wants to change something.
    pub(crate) fn of_a_change(&mut self) {
        if self.code == Self::DATABASE_AWAY {
            "read_only".clone_into(&mut self.code);
            "the database does not answer: nothing can be changed until it does; markets and the stream go on"
                .clone_into(&mut self.detail);
        }
    }

    /// A problem with a code and what happened.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            request_id: None,
            limit: None,
            retry_after_s: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// 401: nobody, or no longer anybody.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 403: somebody, but not one who may do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404, also for what belongs to somebody else: whether it exists is not told.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// 409: the state of things does not allow it.
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422: understood, and refused by a rule; nothing has changed.
    pub fn refused(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 429 with the time to wait.
    pub fn slow_down(code: &str, detail: impl Into<String>, retry_after_s: u64) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail);
        problem.retry_after_s = Some(u32::try_from(retry_after_s.max(1)).unwrap_or(u32::MAX));
        problem
    }

    /// 503: not now. What was asked for has not been done.
    pub fn unavailable(code: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.retry_after_s = Some(1);
        problem
    }

    /// 500 for a failure whose cause is only for the log.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "something failed on our side; the log has the cause under this request's id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tradewind\""));
        }
        response.extensions_mut().insert(self);
        response
    }
}
