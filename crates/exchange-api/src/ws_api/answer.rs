//! One answer of the WebSocket API: `{"id":…,"status":…,"result"|"error":…,"rateLimits":[…]}`.
//!
//! `rateLimits` are there unless the client said `returnRateLimits=false`, in the request or for the connection; answers
//! about orders carry the order counts too.

use std::net::IpAddr;

use http::websocket::Utf8Bytes;
use serde_json::Value;
use types::{AccountId, Time};

use crate::call::TimeUnit;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::error::ApiError;
use crate::json::{Array, Json};

/// What the answer to one request needs beside its result.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) id: Value,
    /// Whether the client wants to see its counts.
    pub(super) with_limits: bool,
    /// Whose order counts to show.
    pub(super) orders_of: Option<AccountId>,
    pub(super) ip: IpAddr,
    pub(super) unit: TimeUnit,
}

impl Reply {
    /// The finished text.
    pub(super) fn write(&self, ctx: &Context, answer: &Answer) -> Utf8Bytes {
        let now = ctx.now();
        Json::object(|o| {
            o.raw("id", &self.id.to_string());
            match answer {
                Ok(result) => {
                    o.int("status", 200);
                    o.raw("result", result.as_str());
                }
                Err(error) => {
                    o.int("status", error.status);
                    o.raw("error", self.error(error, now).as_str());
                }
            }
            if self.with_limits {
                o.array("rateLimits", |a| self.limits(a, ctx, now));
            }
        })
        .into_text()
    }

    /// The error; with the time to come back for 429 and 418.
    fn error(&self, error: &ApiError, now: Time) -> Json {
        let Some(seconds) = error.retry_after_s else { return error.body() };
        let wait_ns = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
        let data = Json::object(|o| {
            o.time("serverTime", now, self.unit);
            o.time("retryAfter", now.plus_nanos(wait_ns), self.unit);
        });
        error.clone().with_data(data).body()
    }

    fn limits(&self, out: &mut Array<'_>, ctx: &Context, now: Time) {
        let limits = ctx.meters.limits();
        let mut row = |kind: &str, interval: &str, number: u32, limit: u32, count: u32| {
            out.object(|o| {
                o.text("rateLimitType", kind);
                o.text("interval", interval);
                o.int("intervalNum", number);
                o.int("limit", limit);
                o.int("count", count);
            });
        };
        if let Some(account) = self.orders_of {
            let counts = ctx.meters.orders(account, now);
            row("ORDERS", "SECOND", 10, limits.orders_per_10_seconds, counts.ten_seconds);
            row("ORDERS", "DAY", 1, limits.orders_per_day, counts.day);
        }
        row("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute, ctx.meters.used(self.ip, now));
    }
}
