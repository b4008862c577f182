//! The task of one WebSocket: moves messages between the socket and the queues, pings, and ends it for one [`End`].

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{SplitStream, unfold};
use futures_util::{FutureExt, Sink, SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Utf8Bytes};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::gate::Gate;
use super::queue::{Alarm, OutboxEnd, Queued, queues};
use super::{Inbox, Outbox, Policy};
use crate::connection::Shared;
use crate::{Counters, Stop};

/// Bytes collected before they are written: a burst of messages costs one system call.
const WRITE_BUFFER_LEN: usize = 32 * 1024;
/// Read buffer of a connection: clients send little, and there may be thousands of them.
const READ_BUFFER_LEN: usize = 1024;
/// Most messages written before the socket is flushed and read again.
const BURST_MAX: usize = 256;
/// Bursts after which the rest of the connection is looked at although more messages wait.
const BURSTS_MAX: u32 = 4;

/// Why a connection is ended.
enum End {
    /// The client is gone: nothing more to say.
    Gone,
    /// The client said goodbye and must be answered (RFC 6455 §5.5.1).
    Answer,
    /// We end it and say why.
    Close(CloseCode, &'static str),
}

pub(super) async fn run<H, F>(upgraded: Upgraded, policy: Policy, shared: Arc<Shared>, handler: H)
where
    H: FnOnce(Inbox, Outbox) -> F + Send,
    F: Future<Output = ()> + Send,
{
    Counters::add(&shared.counters.sockets);
    let config = config(&policy);
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    serve(socket, &policy, &shared, handler).await;
}

fn config(policy: &Policy) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_LEN)
        .write_buffer_size(WRITE_BUFFER_LEN)
        // One message of any size that fits the outbox may come on top of a full buffer.
        .max_write_buffer_size(2 * WRITE_BUFFER_LEN + policy.outbox_bytes_max)
        .max_message_size(Some(policy.message_len_max))
        .max_frame_size(Some(policy.message_len_max))
}

async fn serve<S, H, F>(mut socket: WebSocketStream<S>, policy: &Policy, shared: &Shared, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: FnOnce(Inbox, Outbox) -> F,
    F: Future<Output = ()>,
{
    let (to_handler, inbox, outbox, end) = queues(policy);
    let alarm = end.alarm();
    let (finished, panicked) = (Notify::new(), AtomicBool::new(false));
    let mut pump = Pump { end, alarm, policy, shared, finished: &finished, panicked: &panicked };
    let mut kill = shared.kill.clone();
    let closing = {
        let handler = async {
            if AssertUnwindSafe(handler(inbox, outbox)).catch_unwind().await.is_err() {
                panicked.store(true, Ordering::Release);
            }
            finished.notify_one();
            // The pump ends the connection; it may be in the middle of a write.
            std::future::pending::<()>().await;
        };
        let beside = async {
            tokio::select! {
                () = handler => {}
                () = kill.wait() => {}
            }
        };
        let mut beside = Gate::new(beside.into_stream());
        tokio::select! {
            biased;
            closing = pump.run(&mut socket, to_handler) => closing,
            _ = beside.next() => return,
        }
    };
    let goodbye = async {
        match closing {
            End::Gone => {}
            End::Answer => drain(&mut socket).await,
            End::Close(code, reason) => close(&mut socket, code, reason).await,
        }
    };
    let mut kill = shared.kill.clone();
    tokio::select! {
        _ = timeout(policy.close_max, goodbye) => {}
        () = kill.wait() => {}
    }
}

/// Says goodbye and waits for the client's goodbye.
async fn close<S>(socket: &mut WebSocketStream<S>, code: CloseCode, reason: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    if socket.close(Some(frame)).await.is_ok() {
        drain(socket).await;
    }
}

/// Reads to the end of the closing handshake. The library writes its answer to the client's goodbye while it reads.
async fn drain<S>(socket: &mut WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(_)) = socket.next().await {}
}

/// What the rest of a connection has to tell its writer.
enum Note {
    /// It is time to ping.
    Ping(Bytes),
    /// The handler has returned or panicked.
    Finished,
    /// The server is going down.
    Stop,
    /// The connection is over.
    End(End),
}

/// Everything of a connection but its writing.
struct Watch<'a, S> {
    stream: SplitStream<&'a mut WebSocketStream<S>>,
    inbox: mpsc::Sender<Utf8Bytes>,
    silence_max: Duration,
    finished: &'a Notify,
    stop: Stop,
    pings: Interval,
    life: Pin<Box<Sleep>>,
    start: Instant,
    heard: Instant,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Watch<'a, S> {
    fn new(
        stream: SplitStream<&'a mut WebSocketStream<S>>,
        inbox: mpsc::Sender<Utf8Bytes>,
        pump: &Pump<'a>,
    ) -> Self {
        let start = Instant::now();
        let mut pings = interval_at(start + pump.policy.ping_every, pump.policy.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stream,
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
                (room, message) = async { (self.inbox.reserve().await, self.stream.next().await) } => {
                    self.heard = Instant::now();
                    match (room, incoming(message)) {
                        (Ok(room), Ok(Some(text))) => room.send(text),
                        // The handler does not listen any more but may still send.
                        (Err(_), Ok(Some(_))) | (_, Ok(None)) => {}
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
    async fn run<S>(&mut self, socket: &mut WebSocketStream<S>, inbox: mpsc::Sender<Utf8Bytes>) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut sink, stream) = socket.split();
        let watch = Watch::new(stream, inbox, self);
        let mut notes = Gate::new(unfold(watch, |mut watch| async { Some((watch.note().await, watch)) }));
        let mut bursts = 0;
        loop {
            let note = tokio::select! {
                biased;
                Some(queued) = self.end.next(), if bursts < BURSTS_MAX => {
                    bursts += 1;
                    if let Err(end) = self.write(&mut sink, queued).await {
                        return end;
                    }
                    continue;
                }
                Some(note) = notes.next() => note,
                () = self.alarm.overflow() => return self.slow(),
                () = std::future::ready(()), if bursts >= BURSTS_MAX => {
                    bursts = 0;
                    continue;
                }
            };
            match note {
                Note::Ping(mark) => {
                    if let Err(end) = self.write(&mut sink, Queued::Ping(mark)).await {
                        return end;
                    }
                }
                Note::Finished => return self.finish(&mut sink).await,
                Note::Stop => {
                    let _ = self.drain(&mut sink).await;
                    return End::Close(CloseCode::Away, "the server is going down");
                }
                Note::End(end) => return end,
            }
        }
    }

    /// Writes what the handler left behind, then ends.
    async fn finish<W>(&mut self, sink: &mut W) -> End
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        if self.panicked.load(Ordering::Acquire) {
            Counters::add(&self.shared.counters.panics);
            tracing::error!("a WebSocket handler panicked");
            return End::Close(CloseCode::Error, "internal error");
        }
        match self.drain(sink).await {
            Ok(()) => End::Close(CloseCode::Normal, ""),
            Err(end) => end,
        }
    }

    async fn drain<W>(&mut self, sink: &mut W) -> Result<(), End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        while let Some(queued) = self.end.try_next() {
            self.write(sink, queued).await?;
        }
        Ok(())
    }

    /// Writes `queued` and what waits behind it, then flushes.
    async fn write<W>(&mut self, sink: &mut W, first: Queued) -> Result<(), End>
    where
        W: Sink<Message, Error = Error> + Unpin,
    {
        let end = &mut self.end;
        let burst = async {
            let mut next = Some(first);
            let mut written = 0;
            while let Some(queued) = next {
                match queued {
                    Queued::Text(text) => sink.feed(Message::Text(text)).await?,
                    Queued::Binary(bytes) => sink.feed(Message::Binary(bytes)).await?,
                    Queued::Ping(mark) => sink.feed(Message::Ping(mark)).await?,
                    Queued::Close(code, reason) => {
                        // The last message may still be with the sink, which ends before the goodbye.
                        sink.flush().await?;
                        return Ok(Some(End::Close(code, reason)));
                    }
                }
                written += 1;
                next = if written < BURST_MAX { end.try_next() } else { None };
            }
            sink.flush().await.map(|()| None)
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

    /// A write was given up because the outbox overflowed meanwhile. (A client that does not read at all is ended by the
    /// stream's write deadline.)
    fn slow(&self) -> End {
        Counters::add(&self.shared.counters.slow_sockets);
        End::Close(CloseCode::Again, "the client reads too slowly")
    }
}

/// The text of a message, nothing for control messages, or why the connection ends.
fn incoming(message: Option<Result<Message, Error>>) -> Result<Option<Utf8Bytes>, End> {
    match message {
        None => Err(End::Gone),
        Some(Ok(Message::Close(_))) => Err(End::Answer),
        Some(Ok(Message::Text(text))) => Ok(Some(text)),
        Some(Ok(Message::Binary(bytes))) => match Utf8Bytes::try_from(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(End::Close(CloseCode::Invalid, "not UTF-8")),
        },
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
            Err(End::Close(CloseCode::Size, "the message is too large"))
        }
        Some(Err(Error::Utf8(_))) => Err(End::Close(CloseCode::Invalid, "not UTF-8")),
        Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => Err(End::Gone),
        Some(Err(Error::Protocol(_))) => Err(End::Close(CloseCode::Protocol, "protocol error")),
        Some(Err(_)) => Err(End::Gone),
    }
}
