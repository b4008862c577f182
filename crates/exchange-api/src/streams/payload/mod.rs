//! The JSON of market streams, field by field as web-socket-streams.md (2026-07-21) has it.
//!
//! Each function writes one message for one time unit; the hub shares the text among all who follow the stream.

pub(super) mod book;
pub(super) mod kline;
pub(super) mod ticker;
pub(super) mod trade;

use types::{Market, Time};

use crate::call::TimeUnit;
use crate::json::{Json, Object};

/// What every message of a market needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope<'a> {
    /// The market.
    pub(super) market: &'a Market,
    /// The event time (`E`).
    pub(super) now: Time,
    /// The unit of all times.
    pub(super) unit: TimeUnit,
}

impl Envelope<'_> {
    /// A message with `e`, `E`, `s` and what `fill` adds.
    fn message(&self, event: &str, fill: impl FnOnce(&mut Object<'_>)) -> Json {
        Json::object(|o| {
            o.text("e", event);
            o.time("E", self.now, self.unit);
            o.text("s", self.market.symbol.as_str());
            fill(o);
        })
    }
}
