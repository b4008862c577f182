//! The bounded queues between a socket's client and its handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use super::Policy;
use super::wire::{Now, PutNow};

/// The connection is over, or is being ended because its client did not keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is over")]
pub struct Closed;

/// Messages from the client, in order.
#[derive(Debug)]
pub struct Inbox(pub(super) mpsc::Receiver<Utf8Bytes>);

impl Inbox {
    /// The next text message (binary messages that are UTF-8 count as text); `None` when the connection ends.
    /// Safe to drop and call again.
    pub async fn receive(&mut self) -> Option<Utf8Bytes> {
        self.0.recv().await
    }
}

/// A message to the client. The deflated ones (RFC 7692 §7.2.1, without their last four bytes) only where [`Outbox::deflates`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A text, deflated.
    DeflatedText(Bytes),
    /// Bytes, deflated.
    DeflatedBinary(Bytes),
}

/// Sends to the client. Clones send over the same connection.
#[derive(Clone, Debug)]
pub struct Outbox {
    messages: mpsc::Sender<Queued>,
    shared: Arc<OutboxState>,
    /// For what is written past the queue; `None` where nothing can be.
    wire: Option<Arc<dyn PutNow>>,
}

#[derive(Debug)]
struct OutboxState {
    /// Free bytes.
    room: Semaphore,
    room_max: usize,
    /// Messages that were queued and are not put on the wire yet.
    queued: AtomicUsize,
    /// Rung when a message did not fit, and when the wire has begun something that is to be flushed.
    bell: Notify,
    overflowed: AtomicBool,
    deflates: bool,
}

impl OutboxState {
    fn overflow(&self) {
        self.overflowed.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// Counted before it can be seen: who finds none queued may write.
    fn queue(&self, place: mpsc::Permit<'_, Queued>, message: Queued) {
        self.queued.fetch_add(1, Ordering::AcqRel);
        place.send(message);
    }
}

#[derive(Debug)]
pub(super) enum Queued {
    Text(Utf8Bytes),
    Binary(Bytes),
    Deflated(Data, Bytes),
    /// The connection's own, never queued.
    Ping(Bytes),
    Pong(Bytes),
    Close(CloseCode, &'static str),
}

impl Queued {
    /// Bytes that it takes in the outbox.
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Deflated(_, bytes) => bytes.len(),
            Self::Ping(_) | Self::Pong(_) | Self::Close(..) => 0,
        }
    }
}

impl Outbox {
    /// Queues `text` without waiting. When there is no room the client is too slow: the connection is ended with 1013.
    pub fn offer(&self, text: Utf8Bytes) -> Result<(), Closed> {
        let Ok(room) = self.shared.room.try_acquire_many(cost(text.len(), self.shared.room_max)) else {
            self.shared.overflow();
            return Err(Closed);
        };
        match self.messages.try_reserve() {
            Ok(place) => {
                self.shared.queue(place, Queued::Text(text));
                room.forget();
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(())) => {
                self.shared.overflow();
                Err(Closed)
            }
            Err(mpsc::error::TrySendError::Closed(())) => Err(Closed),
        }
    }

    /// Writes a message past the queue and the connection's task, if nothing waits in front of it. False: nothing happened, queue it.
    /// What the client's side of the system does not take at once is written behind by the connection. Costs one system call,
    /// waits for nothing, and may be called from any thread.
    #[must_use]
    pub fn put_now(&self, payload: &Payload) -> bool {
        let Some(wire) = &self.wire else { return false };
        let (kind, deflated, bytes) = match payload {
            Payload::Text(text) => (Data::Text, false, text.as_ref()),
            Payload::Binary(bytes) => (Data::Binary, false, &bytes[..]),
            Payload::DeflatedText(bytes) => (Data::Text, true, &bytes[..]),
            Payload::DeflatedBinary(bytes) => (Data::Binary, true, &bytes[..]),
        };
        let outcome = wire.put_now(&self.shared.queued, OpCode::Data(kind), deflated, bytes);
        if outcome == Now::Begun {
            self.shared.bell.notify_one();
        }
        outcome != Now::Refused
    }

    /// Queues `text`, waiting for room: for answers to the client's own requests, which then slow the client down.
    pub async fn send(&self, text: Utf8Bytes) -> Result<(), Closed> {
        self.send_payload(Payload::Text(text)).await
    }

    /// Whether client and server agreed to `permessage-deflate`, without keeping anything from message to message.
    #[must_use]
    pub fn deflates(&self) -> bool {
        self.shared.deflates
    }

    /// The same with any message.
    pub async fn send_payload(&self, payload: Payload) -> Result<(), Closed> {
        let queued = match payload {
            Payload::Text(text) => Queued::Text(text),
            Payload::Binary(bytes) => Queued::Binary(bytes),
            Payload::DeflatedText(bytes) => Queued::Deflated(Data::Text, bytes),
            Payload::DeflatedBinary(bytes) => Queued::Deflated(Data::Binary, bytes),
        };
        let cost = cost(queued.len(), self.shared.room_max);
        let room = self.shared.room.acquire_many(cost).await.map_err(|_| Closed)?;
        let place = self.messages.reserve().await.map_err(|_| Closed)?;
        self.shared.queue(place, queued);
        room.forget();
        Ok(())
    }

    /// Closes the connection once everything queued before is written.
    pub fn close(&self, code: CloseCode, reason: &'static str) {
        match self.messages.try_reserve() {
            Ok(place) => self.shared.queue(place, Queued::Close(code, reason)),
            Err(_) => self.shared.overflow(),
        }
    }

    /// The same, waiting for room in the queue. For a client that reads; bound the wait.
    pub async fn close_patiently(&self, code: CloseCode, reason: &'static str) {
        // A connection that is over needs no goodbye.
        if let Ok(place) = self.messages.reserve().await {
            self.shared.queue(place, Queued::Close(code, reason));
        }
    }

    /// The same outbox, with a wire for what is written past the queue.
    pub(super) fn over(self, wire: Arc<dyn PutNow>) -> Self {
        Self { wire: Some(wire), ..self }
    }

    /// True once the connection is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.messages.is_closed()
    }
}

/// A message larger than the whole room takes all of it.
fn cost(len: usize, room_max: usize) -> u32 {
    u32::try_from(len.min(room_max)).unwrap_or(u32::MAX)
}

/// The pump's end of the outbox.
#[derive(Debug)]
pub(super) struct OutboxEnd {
    messages: mpsc::Receiver<Queued>,
    shared: Arc<OutboxState>,
}

impl OutboxEnd {
    /// The next message; its room is free again once it is handed out.
    pub(super) async fn next(&mut self) -> Option<Queued> {
        let queued = self.messages.recv().await;
        self.free(queued.as_ref());
        queued
    }

    /// The next message if one is waiting.
    pub(super) fn try_next(&mut self) -> Option<Queued> {
        let queued = self.messages.try_recv().ok();
        self.free(queued.as_ref());
        queued
    }

    /// A message that was handed out is on the wire.
    pub(super) fn put(&self) {
        self.shared.queued.fetch_sub(1, Ordering::AcqRel);
    }

    /// Tells when a message did not fit.
    pub(super) fn alarm(&self) -> Alarm {
        Alarm(Arc::clone(&self.shared))
    }

    fn free(&self, queued: Option<&Queued>) {
        if let Some(queued) = queued {
            self.shared.room.add_permits(cost(queued.len(), self.shared.room_max) as usize);
        }
    }
}

/// Tells that the outbox overflowed, or that the wire has begun something.
#[derive(Debug)]
pub(super) struct Alarm(Arc<OutboxState>);

impl Alarm {
    /// Returns when a message did not fit, also when that was before the call.
    pub(super) async fn overflow(&self) {
        while !self.rings().await {}
    }

    /// Returns when a message did not fit (true) or something waits on the wire (false), also when that was before the call.
    pub(super) async fn rings(&self) -> bool {
        self.0.bell.notified().await;
        self.0.overflowed.load(Ordering::Acquire)
    }
}

impl Drop for OutboxEnd {
    fn drop(&mut self) {
        // Senders that wait for room must not wait for ever.
        self.shared.room.close();
    }
}

/// Both ends of both queues; `deflates` as in [`Outbox::deflates`].
pub(super) fn queues(policy: &Policy, deflates: bool) -> (mpsc::Sender<Utf8Bytes>, Inbox, Outbox, OutboxEnd) {
    let (to_handler, from_client) = mpsc::channel(policy.inbox_len_max.max(1));
    let (to_pump, from_handler) = mpsc::channel(policy.outbox_len_max.max(1));
    let room_max = policy.outbox_bytes_max.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
    let shared = Arc::new(OutboxState {
        room: Semaphore::new(room_max),
        room_max,
        queued: AtomicUsize::new(0),
        bell: Notify::new(),
        overflowed: AtomicBool::new(false),
        deflates,
    });
    let outbox = Outbox { messages: to_pump, shared: Arc::clone(&shared), wire: None };
    (to_handler, Inbox(from_client), outbox, OutboxEnd { messages: from_handler, shared })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn small() -> Policy {
        Policy { outbox_len_max: 3, outbox_bytes_max: 10, ..Policy::default() }
    }

    #[tokio::test]
    async fn an_offer_that_does_not_fit_ends_the_connection() {
        for (texts, why) in [(vec!["12345", "123456"], "bytes"), (vec!["1"; 4], "messages")] {
            let (_to_handler, _inbox, outbox, end) = queues(&small(), false);
            let (last, first) = texts.split_last().unwrap();
            for text in first {
                outbox.offer((*text).into()).unwrap();
            }
            assert_eq!(outbox.offer((*last).into()), Err(Closed), "{why}");
            end.alarm().overflow().await;
        }
    }

    #[tokio::test]
    async fn room_comes_back_when_a_message_is_taken() {
        let (_to_handler, _inbox, outbox, mut end) = queues(&small(), false);
        for _ in 0..5 {
            outbox.offer("1234567890abc".into()).unwrap();
            assert!(matches!(end.next().await, Some(Queued::Text(_))));
        }
    }

    #[tokio::test]
    async fn a_patient_sender_waits_for_room_and_not_for_a_dead_client() {
        let (_to_handler, _inbox, outbox, mut end) = queues(&small(), false);
        outbox.send("1234567890".into()).await.unwrap();
        let patient = outbox.send("x".into());
        tokio::pin!(patient);
        assert!(patient.as_mut().now_or_never().is_none());
        assert!(end.try_next().is_some());
        patient.await.unwrap();
        outbox.send("123456789".into()).await.unwrap();
        let hopeless = outbox.send("1234567890".into());
        tokio::pin!(hopeless);
        assert!(hopeless.as_mut().now_or_never().is_none());
        drop(end);
        assert_eq!(hopeless.await, Err(Closed));
        assert!(outbox.is_closed());
    }
}
