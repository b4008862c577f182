//! The way to one client: its task is woken for what comes or, while that task has nothing in hand, the message is written past it.
//!
//! Waking a task for an event costs several times as much as the system call that sends it, and a room of a hundred has a
//! hundred tasks. What is written past a task keeps to the same rules: one message per [`Options::batch`], nothing in front of
//! what waits, nothing that waits for the client.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::websocket::{Closed, Outbox, Payload, Utf8Bytes};
use stream::{Format, Frame, Serves};
use tokio::sync::Notify;

use super::Options;
use crate::app::now;

/// See the module.
#[derive(Default)]
pub(super) struct Way {
    woken: Notify,
    /// Once there is a socket.
    open: OnceLock<Open>,
}

/// What is needed to write to the client.
pub(super) struct Open {
    pub(super) outbox: Outbox,
    format: Format,
    batch: Duration,
    deflate_from: Option<usize>,
    begun: Instant,
    /// When events were written last, microseconds after `begun`.
    written_us: AtomicU64,
    counted: Counted,
}

/// What is counted of all connections; looking a series up costs more than counting.
struct Counted {
    said: metrics::Counter,
    delay: metrics::Histogram,
}

impl Way {
    /// The socket is there.
    pub(super) fn open(&self, outbox: Outbox, options: &Options) -> &Open {
        self.open.get_or_init(|| Open {
            outbox,
            format: options.format,
            batch: options.batch,
            deflate_from: options.deflate_from,
            begun: Instant::now(),
            written_us: AtomicU64::new(0),
            counted: Counted {
                said: metrics::counter!("ws_messages_total", "direction" => "out"),
                delay: metrics::histogram!("ws_delivery_delay_seconds"),
            },
        })
    }

    /// Returns when the task was woken, also when that was before the call.
    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }
}

impl Serves for Way {
    fn wake(&self) {
        self.woken.notify_one();
    }

    fn send_now(&self, frames: &[Arc<Frame>]) -> bool {
        let Some(open) = self.open.get() else { return false };
        if !open.pause().is_zero() {
            return false;
        }
        let Ok(payload) = open.events(frames) else { return false };
        let sent = open.outbox.put_now(&payload);
        if sent {
            open.wrote(frames);
        }
        sent
    }
}

impl Open {
    /// How long this busy client has to wait for its next events.
    pub(super) fn pause(&self) -> Duration {
        let last = self.written_us.load(Ordering::Relaxed);
        if last == 0 {
            return Duration::ZERO;
        }
        (Duration::from_micros(last) + self.batch).saturating_sub(self.begun.elapsed())
    }

    /// Events were written.
    pub(super) fn wrote(&self, frames: &[Arc<Frame>]) {
        self.counted.said.increment(1);
        let now_us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.written_us.store(now_us.max(1), Ordering::Relaxed);
        if let Some(oldest) = frames.first() {
            let delay = u64::try_from(now().millis() - oldest.ts()).unwrap_or(0);
            self.counted.delay.record(Duration::from_millis(delay).as_secs_f64());
        }
    }

    /// One message was said that is no event.
    pub(super) fn said(&self) {
        self.counted.said.increment(1);
    }

    /// One message of these events.
    pub(super) fn events(&self, frames: &[Arc<Frame>]) -> Result<Payload, Closed> {
        match self.deflates().and_then(|least| stream::batch_deflated(frames, self.format, least)) {
            Some(deflated) => self.payload(deflated, true),
            None => self.payload(stream::batch(frames, self.format), false),
        }
    }

    /// From how many bytes on what this client gets of public rooms is deflated; `None` if it wants nothing deflated.
    pub(super) fn deflates(&self) -> Option<usize> {
        self.deflate_from.filter(|_| self.outbox.deflates())
    }

    /// Bytes in the client's format as a message.
    pub(super) fn payload(&self, bytes: Bytes, deflated: bool) -> Result<Payload, Closed> {
        Ok(match (self.format, deflated) {
            (Format::Json, false) => Payload::Text(Utf8Bytes::try_from(bytes).map_err(|_| Closed)?),
            (Format::Json, true) => Payload::DeflatedText(bytes),
            (Format::MessagePack, false) => Payload::Binary(bytes),
            (Format::MessagePack, true) => Payload::DeflatedBinary(bytes),
        })
    }

    /// How the client wants to be talked to.
    pub(super) const fn format(&self) -> Format {
        self.format
    }
}
