//! One stream connection: what the client says is answered in order, what it follows comes from the hub.
//!
//! Limits (Binance): [`INCOMING_PER_SECOND_MAX`] messages in any second and [`STREAMS_MAX`] streams, then the connection is
//! closed; a message of 64 KiB, pings and the 24 hours of life are the transport's.

use std::sync::Arc;
use std::time::Duration;

use http::websocket::{CloseCode, Inbox, Outbox};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::hub::{Hub, Link, TooManyStreams};
use super::limits::{INCOMING_PER_SECOND_MAX, LIFE, SHUTDOWN_NOTICE, STREAMS_MAX};
use super::request::{self, Call, Malformed, Request};
use super::user::account;
use crate::call::TimeUnit;
use crate::context::Context;

/// How a connection begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Opening {
    /// Streams named in the address.
    pub(super) names: Vec<String>,
    /// Whether messages are wrapped (`/stream`).
    pub(super) combined: bool,
    /// The unit of all times.
    pub(super) unit: TimeUnit,
}

/// Serves one connection until the client or the transport ends it.
pub(super) async fn serve(ctx: Arc<Context>, opening: Opening, mut inbox: Inbox, outbox: Outbox) {
    let link = Hub::open(&ctx, outbox.clone(), opening.combined, opening.unit);
    if link.subscribe_known(&opening.names).is_err() {
        outbox.close(CloseCode::Policy, "too many streams");
        return;
    }
    let mut pace = Pace::default();
    let notice = sleep(LIFE.saturating_sub(SHUTDOWN_NOTICE));
    tokio::pin!(notice);
    let mut told = false;
    loop {
        tokio::select! {
            text = inbox.receive() => {
                let Some(text) = text else { return };
                if !pace.admits(Instant::now()) {
                    outbox.close(CloseCode::Policy, "too many messages");
                    return;
                }
                if let Some(answer) = handle(&link, &text) && outbox.send(answer.into()).await.is_err() {
                    return;
                }
            }
            () = &mut notice, if !told => {
                told = true;
                let text = account::server_shutdown(ctx.now(), opening.unit).into_text();
                if outbox.send(text).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Handles one message; gives the answer unless the hub sent it already.
fn handle(link: &Link, text: &str) -> Option<String> {
    let Request { id, call } = match request::parse(text) {
        Ok(request) => request,
        Err(Malformed(answer)) => return Some(answer),
    };
    let done = request::answer(&Value::Null, &id);
    match call {
        Call::Subscribe(names) => match link.subscribe(&names, Some(done)) {
            Ok(()) => None,
            Err(TooManyStreams) => {
                let reason = format!("a connection follows at most {STREAMS_MAX} streams");
                Some(Malformed::request(&reason, &id).0)
            }
        },
        Call::Unsubscribe(names) => {
            link.unsubscribe(&names, done);
            None
        }
        Call::List => Some(request::answer(&link.names().into(), &id)),
        Call::SetCombined(on) => {
            link.set_combined(on);
            Some(done)
        }
        Call::GetCombined => Some(request::answer(&link.is_combined().into(), &id)),
    }
}

/// Counts messages over the last second.
#[derive(Debug, Default)]
struct Pace {
    /// When the last messages came, oldest first.
    recent: std::collections::VecDeque<Instant>,
}

impl Pace {
    /// True if one more message at `now` is within the limit.
    fn admits(&mut self, now: Instant) -> bool {
        while self.recent.front().is_some_and(|at| now.duration_since(*at) >= Duration::from_secs(1)) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.recent.len() <= INCOMING_PER_SECOND_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_messages_a_second_and_no_more() {
        let mut pace = Pace::default();
        let start = Instant::now();
        for n in 0..5 {
            assert!(pace.admits(start + Duration::from_millis(n * 100)));
        }
        assert!(pace.admits(start + Duration::from_secs(1)), "the first one is a second ago");
        assert!(!pace.admits(start + Duration::from_millis(1_099)));
    }
}
