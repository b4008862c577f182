//! Market and user streams: `/ws/<name>[/<name>…]` with raw messages, `/stream?streams=<name>/<name>` with wrapped ones.
//!
//! `/ws`, `/stream` and `/ws/<anything>` are connections on which the client subscribes later (clients do all three).
//! [`hub`] makes and delivers the messages, [`connection`] answers requests, [`topic`] reads names.

mod aggregates;
mod arrivals;
mod bars;
mod connection;
mod depth;
pub(crate) mod hub;
pub(crate) mod limits;
mod payload;
mod request;
#[cfg(test)]
mod samples;
mod topic;
mod user;
mod wrap;

use std::sync::Arc;
use std::time::Instant;

use http::websocket::{self, Policy};
use http::{Request, Response};

pub(crate) use arrivals::Arrivals;
use connection::Opening;
pub(crate) use user::server_shutdown;

use crate::call::TimeUnit;
use crate::context::Context;
use crate::error::ApiError;
use crate::params::Params;
use crate::rest::error_response;

/// Answers a request for `/ws...` or `/stream...`.
pub(crate) fn accept(ctx: &Arc<Context>, request: Request) -> Response {
    let opening = match admit(ctx, &request).and_then(|()| opening(request.path(), request.query())) {
        Ok(opening) => opening,
        Err(error) => return error_response(&error),
    };
    let ctx = Arc::clone(ctx);
    let handler = move |inbox, outbox| connection::serve(ctx, opening, inbox, outbox);
    websocket::accept(request, policy(), handler)
        .unwrap_or_else(|error| error_response(&ApiError::new(-1000, error.to_string())))
}

/// Counts the connection against its address; 429 if it is one too many.
pub(crate) fn admit(ctx: &Context, request: &Request) -> Result<(), ApiError> {
    if ctx.arrivals.admits(request.peer().ip(), Instant::now()) {
        Ok(())
    } else {
        Err(ApiError::new(-1003, "Too many connections; please connect less often.").with_status(429))
    }
}

/// The transport's limits of a WebSocket.
pub(crate) fn policy() -> Policy {
    Policy {
        message_len_max: limits::MESSAGE_LEN_MAX,
        outbox_len_max: limits::QUEUE_LEN_MAX,
        ping_every: limits::PING_EVERY,
        silence_max: limits::PONG_WITHIN,
        life_max: limits::LIFE,
        ..Policy::default()
    }
}

/// Reads the `timeUnit` of a connection.
pub(crate) fn time_unit(params: &Params) -> Result<TimeUnit, ApiError> {
    match params.get("timeUnit") {
        None | Some("" | "MILLISECOND" | "millisecond") => Ok(TimeUnit::Millis),
        Some("MICROSECOND" | "microsecond") => Ok(TimeUnit::Micros),
        Some(_) => Err(ApiError::new(-1130, "Data sent for parameter 'timeUnit' is not valid.")),
    }
}

/// Reads the address.
fn opening(path: &str, query: &str) -> Result<Opening, ApiError> {
    // A plus sign is part of a time zone (`@kline_1d@+08:00`), never a space.
    let params = Params::from_query_and_body(&query.replace('+', "%2B"), "")?;
    let unit = time_unit(&params)?;
    let combined = path.starts_with("/stream");
    let list = if combined {
        params.get("streams").unwrap_or_default().to_owned()
    } else {
        let names = path.strip_prefix("/ws").unwrap_or_default();
        crate::params::decode(&names.replace('+', "%2B"))
    };
    let names = list.split('/').filter(|name| !name.is_empty() && name.len() <= limits::NAME_LEN_MAX);
    Ok(Opening { names: names.map(str::to_owned).collect(), combined, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_clients_write_them() {
        for (path, query, names, combined, unit) in [
            ("/ws", "", vec![], false, TimeUnit::Millis),
            ("/ws/0", "", vec!["0"], false, TimeUnit::Millis),
            ("/ws/a@trade/b@depth@100ms", "", vec!["a@trade", "b@depth@100ms"], false, TimeUnit::Millis),
            ("/ws/%21miniTicker%40arr", "", vec!["!miniTicker@arr"], false, TimeUnit::Millis),
            ("/ws/a@kline_1d@+08:00", "", vec!["a@kline_1d@+08:00"], false, TimeUnit::Millis),
            ("/ws/a@trade", "timeUnit=MICROSECOND", vec!["a@trade"], false, TimeUnit::Micros),
            ("/stream", "streams=a@trade/b@trade", vec!["a@trade", "b@trade"], true, TimeUnit::Millis),
            (
                "/stream",
                "streams=a%40trade%2Fb@trade&timeUnit=microsecond",
                vec!["a@trade", "b@trade"],
                true,
                TimeUnit::Micros,
            ),
            ("/stream", "", vec![], true, TimeUnit::Millis),
        ] {
            let names = names.into_iter().map(str::to_owned).collect();
            assert_eq!(opening(path, query), Ok(Opening { names, combined, unit }), "{path}?{query}");
        }
        assert!(opening("/ws", "timeUnit=second").is_err());
    }
}
