//! The API's "no": HTTP status, Binance's code and text.

use std::borrow::Cow;

use crate::json::Json;

/// One error as a client gets it: `{"code":-1121,"msg":"Invalid symbol."}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// HTTP status (also the `status` of the WebSocket API).
    pub(crate) status: u16,
    /// Binance's code, negative.
    pub(crate) code: i32,
    /// Binance's text.
    pub(crate) message: Cow<'static, str>,
    /// More, where the venue sends more (cancel-replace).
    pub(crate) data: Option<Json>,
    /// When to come back, in seconds from now (429, 418).
    pub(crate) retry_after_s: Option<u64>,
}

impl ApiError {
    /// With status 400, as nearly all.
    pub(crate) fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 400, code, message: message.into(), data: None, retry_after_s: None }
    }

    /// With another status.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With a `data` member.
    pub(crate) fn with_data(mut self, data: Json) -> Self {
        self.data = Some(data);
        self
    }

    /// The body, the same for REST and (as `error`) for the WebSocket API.
    pub(crate) fn body(&self) -> Json {
        Json::object(|o| {
            o.int("code", self.code);
            o.text("msg", &self.message);
            if let Some(data) = &self.data {
                o.raw("data", data.as_str());
            }
        })
    }
}
