//! The task of one WebSocket: moves messages between the socket and the queues, pings, and ends it for one [`End`].

use std::future::{Future, poll_fn};
use std::mem::MaybeUninit;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use futures_util::stream::unfold;
use futures_util::{FutureExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::frames::{Decoder, Fault, Message};
use super::gate::Gate;
use super::queue::{Alarm, OutboxEnd, Queued, queues};
use super::wire::Wire;
use super::{Inbox, Outbox, Policy};
use crate::connection::Shared;
use crate::{Counters, Stop};

/// Bytes read from a client at a time, on the stack: clients send little, and there may be thousands of them.
const READ_LEN: usize = 4 * 1024;
/// Most messages written before the rest of the connection is looked at.
const BURST_MAX: usize = 256;
/// Bursts after which the rest of the connection is looked at although more messages wait.
const BURSTS_MAX: u32 = 4;

/// Why a connection is ended.
enum End {
    /// The client is gone: nothing more to say.
    Gone,
    /// The client said goodbye and must be answered (RFC 6455 §5.5.1).
    Answer(Option<CloseCode>),
    /// We end it and say why.
    Close(CloseCode, &'static str),
}

impl From<Fault> for End {
    fn from(Fault(code, reason): Fault) -> Self {
        Self::Close(code, reason)
    }
}

/// Serves one connection. `deflate`: both agreed to `permessage-deflate`.
pub(super) async fn run<H, F>(
    upgraded: Upgraded,
    policy: Policy,
    deflate: bool,
    shared: Arc<Shared>,
    handler: H,
) where
    H: FnOnce(Inbox, Outbox) -> F + Send,
    F: Future<Output = ()> + Send,
{
    Counters::add(&shared.counters.sockets);
    serve(TokioIo::new(upgraded), &policy, deflate, &shared, handler).await;
}

async fn serve<S, H, F>(socket: S, policy: &Policy, deflate: bool, shared: &Shared, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: FnOnce(Inbox, Outbox) -> F,
    F: Future<Output = ()>,
{
    let wire = Arc::new(Wire::new(socket));
    // However this ends: the handler's outboxes may live longer, the socket does not.
    let _cut = Cut(&wire);
    let (to_handler, inbox, outbox, end) = queues(policy, deflate);
    let outbox = outbox.over(Arc::<Wire<S>>::clone(&wire));
    let alarm = end.alarm();
    let (finished, panicked) = (Notify::new(), AtomicBool::new(false));
    let mut reader = Reader { wire: &wire, decoder: Decoder::new(policy.message_len_max, deflate) };
    let mut pump = Pump { end, alarm, policy, shared, finished: &finished, panicked: &panicked };
    let mut kill = shared.kill.clone();
    let closing = {
        // Pinned here: what is handed by value from one future to the next is held twice, and there may be thousands.
        let handler = std::pin::pin!(async {
            if AssertUnwindSafe(handler(inbox, outbox)).catch_unwind().await.is_err() {
                panicked.store(true, Ordering::Release);
            }
            finished.notify_one();
            // The pump ends the connection; it may be in the middle of a write.
            std::future::pending::<()>().await;
        });
        let beside = async {
            tokio::select! {
                () = handler => {}
                () = kill.wait() => {}
            }
        };
        let mut beside = Gate::new(beside.into_stream());
        tokio::select! {
            biased;
            closing = pump.run(&mut reader, &wire, to_handler) => closing,
            _ = beside.next() => return,
        }
    };
    let goodbye = async {
        match closing {
            End::Gone => {}
            End::Answer(code) => {
                wire.close(code, "").await;
                // §7.1.1: the server ends the connection.
                wire.shutdown().await;
            }
            End::Close(code, reason) => {
                wire.close(Some(code), reason).await;
                reader.goodbye().await;
            }
        }
    };
    let mut kill = shared.kill.clone();
    tokio::select! {
        _ = timeout(policy.close_max, goodbye) => {}
        () = kill.wait() => {}
    }
}

/// Lets go of a connection's socket at its end.
struct Cut<'a, S>(&'a Wire<S>);

impl<S> Drop for Cut<'_, S> {
    fn drop(&mut self) {
        self.0.cut();
    }
}

/// The client's side of a connection.
struct Reader<'a, S> {
    wire: &'a Wire<S>,
    decoder: Decoder,
}

impl<S: AsyncRead + Unpin> Reader<'_, S> {
    /// The next message. May be dropped and asked again: nothing is lost.
    async fn next(&mut self) -> Result<Message, End> {
        loop {
            if let Some(message) = self.decoder.next()? {
                return Ok(message);
            }
            if !self.read().await {
                return Err(End::Gone);
            }
        }
    }

    /// Reads once; false when there is nothing more.
    async fn read(&mut self) -> bool {
        poll_fn(|cx| {
            let mut room = [MaybeUninit::uninit(); READ_LEN];
            let mut room = ReadBuf::uninit(&mut room);
            let outcome = ready!(self.wire.poll_read(cx, &mut room));
            self.decoder.feed(room.filled());
            Poll::Ready(outcome.is_ok() && !room.filled().is_empty())
        })
        .await
    }

    /// Waits for the client's goodbye, whatever else it says.
    async fn goodbye(&mut self) {
        while let Ok(message) = self.next().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
        }
    }
}

/// What the rest of a connection has to tell its writer.
enum Note {
    /// It is time to ping.
    Ping(Bytes),
    /// The client asks whether we are there.
    Pong(Bytes),
    /// The handler has returned or panicked.
    Finished,
    /// The server is going down.
    Stop,
    /// The connection is over.
    End(End),
}

/// Everything of a connection but its writing.
struct Watch<'a, 'w, S> {
    reader: &'a mut Reader<'w, S>,
    inbox: mpsc::Sender<Utf8Bytes>,
    silence_max: Duration,
    finished: &'a Notify,
    stop: Stop,
    pings: Interval,
    life: Pin<Box<Sleep>>,
    start: Instant,
    heard: Instant,
}

impl<'a, 'w, S: AsyncRead + Unpin> Watch<'a, 'w, S> {
    fn new(reader: &'a mut Reader<'w, S>, inbox: mpsc::Sender<Utf8Bytes>, pump: &Pump<'a>) -> Self {
        let start = Instant::now();
        let mut pings = interval_at(start + pump.policy.ping_every, pump.policy.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            reader,
            inbox,
            silence_max: pump.policy.silence_max,
            finished: pump.finished,
            stop: pump.shared.stop.clone(),
            pings,
            life: Box::pin(sleep(pump.policy.life_max)),
            start,
            heard: start,
        }
    }

    /// Hands the client's messages on until there is something to tell.
    async fn note(&mut self) -> Note {
        let (finished, stopped) = (self.finished.notified(), self.stop.wait());
        tokio::pin!(finished, stopped);
        loop {
            tokio::select! {
                (room, message) = async { (self.inbox.reserve().await, self.reader.next().await) } => {
                    self.heard = Instant::now();
                    match (room, message) {
                        (Ok(room), Ok(Message::Text(text))) => room.send(text),
                        // The handler does not listen any more but may still send.
                        (Err(_), Ok(Message::Text(_))) | (_, Ok(Message::Pong)) => {}
                        (_, Ok(Message::Ping(mark))) => return Note::Pong(mark),
                        (_, Ok(Message::Close(code))) => return Note::End(End::Answer(code)),
                        (_, Err(end)) => return Note::End(end),
                    }
                }
                () = &mut finished => return Note::Finished,
                at = self.pings.tick() => {
                    if at.duration_since(self.heard) >= self.silence_max {
                        return Note::End(End::Close(CloseCode::Policy, "no answer to pings"));
                    }
                    return Note::Ping(Bytes::from_owner(self.start.elapsed().as_millis().to_string()));
                }
                () = &mut self.life => return Note::End(End::Close(CloseCode::Away, "the connection is too old")),
                () = &mut stopped => return Note::Stop,
            }
        }
    }
}

struct Pump<'a> {
    end: OutboxEnd,
    alarm: Alarm,
    policy: &'a Policy,
    shared: &'a Shared,
    /// The handler has returned or panicked.
    finished: &'a Notify,
    panicked: &'a AtomicBool,
}

impl Pump<'_> {
    /// Moves messages until there is a reason to end. What waits for the client is written first; all else is looked at when
    /// it has something to tell, and at least once per [`BURSTS_MAX`].
    async fn run<S>(
        &mut self,
        reader: &mut Reader<'_, S>,
        wire: &Wire<S>,
        inbox: mpsc::Sender<Utf8Bytes>,
    ) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let watch = Watch::new(reader, inbox, self);
        let mut notes = Gate::new(unfold(watch, |mut watch| async { Some((watch.note().await, watch)) }));
        let mut bursts = 0;
        loop {
            let note = tokio::select! {
                biased;
                Some(queued) = self.end.next(), if bursts < BURSTS_MAX => {
                    bursts += 1;
                    if let Err(end) = self.write(wire, queued).await {
                        return end;
                    }
                    continue;
                }
                Some(note) = notes.next() => note,
                overflowed = self.alarm.rings() => {
                    if overflowed {
                        return self.slow();
                    }
                    if let Err(end) = self.rest(wire).await {
                        return end;
                    }
                    continue;
                }
                () = std::future::ready(()), if bursts >= BURSTS_MAX => {
                    bursts = 0;
                    continue;
                }
            };
            let own = match note {
                Note::Ping(mark) => Queued::Ping(mark),
                Note::Pong(mark) => Queued::Pong(mark),
                Note::Finished => return self.finish(wire).await,
                Note::Stop => {
                    let _ = self.drain(wire).await;
                    return End::Close(CloseCode::Away, "the server is going down");
                }
                Note::End(end) => return end,
            };
            if let Err(end) = self.write(wire, own).await {
                return end;
            }
        }
    }

    /// Writes what the handler left behind, then ends.
    async fn finish<S: AsyncWrite + Unpin>(&mut self, wire: &Wire<S>) -> End {
        if self.panicked.load(Ordering::Acquire) {
            Counters::add(&self.shared.counters.panics);
            tracing::error!("a WebSocket handler panicked");
            return End::Close(CloseCode::Error, "internal error");
        }
        match self.drain(wire).await {
            Ok(()) => End::Close(CloseCode::Normal, ""),
            Err(end) => end,
        }
    }

    async fn drain<S: AsyncWrite + Unpin>(&mut self, wire: &Wire<S>) -> Result<(), End> {
        while let Some(queued) = self.end.try_next() {
            self.write(wire, queued).await?;
        }
        Ok(())
    }

    /// Writes `queued` and what waits behind it.
    async fn write<S: AsyncWrite + Unpin>(&mut self, wire: &Wire<S>, first: Queued) -> Result<(), End> {
        let end = &mut self.end;
        let burst = async {
            let mut next = Some(first);
            let mut written = 0;
            while let Some(queued) = next {
                let own = matches!(queued, Queued::Ping(_) | Queued::Pong(_));
                match queued {
                    Queued::Text(text) => wire.put(OpCode::Data(Data::Text), false, text.as_ref()),
                    Queued::Binary(bytes) => wire.put(OpCode::Data(Data::Binary), false, &bytes),
                    Queued::Deflated(kind, bytes) => wire.put(OpCode::Data(kind), true, &bytes),
                    Queued::Ping(mark) => wire.put(OpCode::Control(Control::Ping), false, &mark),
                    Queued::Pong(mark) => wire.put(OpCode::Control(Control::Pong), false, &mark),
                    // What was put before is written before the goodbye.
                    Queued::Close(code, reason) => return Ok(Some(End::Close(code, reason))),
                }
                if !own {
                    end.put();
                }
                written += 1;
                if wire.is_full() {
                    wire.flush().await?;
                }
                next = if written < BURST_MAX { end.try_next() } else { None };
            }
            wire.flush().await.map(|()| None)
        };
        tokio::select! {
            biased;
            outcome = burst => match outcome {
                Ok(None) => Ok(()),
                Ok(Some(end)) => Err(end),
                Err(_) => Err(End::Gone),
            },
            () = self.alarm.overflow() => Err(self.slow()),
        }
    }

    /// Writes what somebody has begun past this task and the socket did not take.
    async fn rest<S: AsyncWrite + Unpin>(&self, wire: &Wire<S>) -> Result<(), End> {
        tokio::select! {
            biased;
            outcome = wire.flush() => outcome.map_err(|_| End::Gone),
            () = self.alarm.overflow() => Err(self.slow()),
        }
    }

    /// A write was given up because the outbox overflowed meanwhile. (A client that does not read at all is ended by the
    /// stream's write deadline.)
    fn slow(&self) -> End {
        Counters::add(&self.shared.counters.slow_sockets);
        End::Close(CloseCode::Again, "the client reads too slowly")
    }
}
