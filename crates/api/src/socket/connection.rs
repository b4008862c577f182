//! One connection: requests are answered in order, events go out in batches.
//!
//! An idle connection gets an event at once; a busy one at most one message per [`Options::batch`]. While a message waits for a client
//! that reads slowly, later states replace earlier ones in its backlog; when that overflows it is closed with 1013.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::websocket::{CloseCode, Inbox, Outbox, Payload, Utf8Bytes};
use serde_json::value::RawValue;
use stream::protocol::{self, Reply};
use stream::{
    Channel, Connection, Format, Frame, Over, Pace, Recovery, Room, RoomError, Since, Verdict, limits,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::Options;
use crate::app::now;
use crate::ports::Reply as Answer;

/// Where the state of rooms comes from, as one client may see it.
pub(super) trait Source: Send + Sync + 'static {
    /// The room that a client means by a name: this instance's own one where the name says so in a roundabout way.
    fn known_as(&self, room: Room) -> Room {
        room
    }
    /// What has to be done before a room can be entered, if anything; the reason if it cannot.
    fn reach(&self, _room: &Room) -> Option<Answer<'_, Result<(), String>>> {
        None
    }
    /// Whether the client may enter a room; the code and the reason if not.
    fn admits(&self, room: &Room) -> Result<(), (&'static str, String)>;
    /// The room's state now; for the client, why it cannot be had.
    fn state<'a>(&'a self, room: &'a Room) -> Answer<'a, Result<Box<RawValue>, String>>;
}

/// How long a goodbye may wait behind what a client has not read yet: its socket is closed within a second of its login's end.
const GOODBYE_MAX: Duration = Duration::from_millis(500);

/// The connection is over.
struct Gone;

/// What is counted of all connections; looking a series up costs more than counting.
struct Counted {
    heard: metrics::Counter,
    said: metrics::Counter,
    delay: metrics::Histogram,
}

impl Counted {
    fn new() -> Self {
        Self {
            heard: metrics::counter!("ws_messages_total", "direction" => "in"),
            said: metrics::counter!("ws_messages_total", "direction" => "out"),
            delay: metrics::histogram!("ws_delivery_delay_seconds"),
        }
    }
}

struct Client {
    source: Box<dyn Source>,
    rooms: Connection,
    options: Options,
    woken: Arc<Notify>,
    outbox: Outbox,
    pace: Pace,
    counted: Counted,
}

/// Serves one connection until the client or the transport ends it.
pub(super) async fn serve(
    source: Box<dyn Source>,
    rooms: Connection,
    options: Options,
    woken: Arc<Notify>,
    mut inbox: Inbox,
    outbox: Outbox,
) {
    metrics::gauge!("ws_connections").increment(1.0);
    let _left = Left;
    let pace = Pace::new(now().millis());
    let mut client = Client { source, rooms, options, woken, outbox, pace, counted: Counted::new() };
    let mut flushed = Instant::now();
    if client.hello().await.is_err() {
        return;
    }
    loop {
        let woken = Arc::clone(&client.woken);
        let outcome = tokio::select! {
            text = inbox.receive() => match text {
                // On the heap while it lasts: it is rare, and what it needs would be held by every connection.
                Some(text) => Box::pin(client.request(&text)).await,
                None => return,
            },
            () = woken.notified() => client.flush(&mut flushed).await,
        };
        if outcome.is_err() {
            return;
        }
    }
}

/// Counts a connection's end, however it comes.
struct Left;

impl Drop for Left {
    fn drop(&mut self) {
        metrics::gauge!("ws_connections").decrement(1.0);
    }
}

impl Client {
    async fn hello(&self) -> Result<(), Gone> {
        self.reply(&Reply::Hello {
            connection: &self.rooms.name(),
            epoch: self.rooms.epoch(),
            ping_s: limits::PING_S,
            rooms_max: limits::ROOMS_MAX,
            server_time: now().millis(),
        })
        .await
    }

    /// Sends what waits, at most one message, and comes again when there may be more.
    async fn flush(&self, flushed: &mut Instant) -> Result<(), Gone> {
        let due = *flushed + self.options.batch;
        // A timer costs more than a look at the clock.
        if Instant::now() < due {
            sleep_until(due).await;
        }
        if let Some(over) = self.rooms.over() {
            return Err(Box::pin(self.close(over)).await);
        }
        let frames = self.rooms.take();
        if frames.is_empty() {
            return Ok(());
        }
        let ts = frames.first().map_or_else(|| now().millis(), |oldest| oldest.ts());
        self.events(&frames).await?;
        let delay = Duration::from_millis(u64::try_from(now().millis() - ts).unwrap_or(0));
        self.counted.delay.record(delay.as_secs_f64());
        *flushed = Instant::now();
        if self.rooms.waits() {
            self.woken.notify_one();
        }
        Ok(())
    }

    async fn events(&self, frames: &[Arc<Frame>]) -> Result<(), Gone> {
        self.counted.said.increment(1);
        let format = self.options.format;
        let deflated = self.deflates().and_then(|least| stream::batch_deflated(frames, format, least));
        let is_deflated = deflated.is_some();
        self.send(deflated.unwrap_or_else(|| stream::batch(frames, format)), is_deflated).await
    }

    /// From how many bytes on what this client gets of public rooms is deflated; `None` if it wants nothing deflated.
    fn deflates(&self) -> Option<usize> {
        self.options.deflate_from.filter(|_| self.outbox.deflates())
    }

    async fn reply(&self, reply: &Reply<'_>) -> Result<(), Gone> {
        self.counted.said.increment(1);
        self.send(reply.bytes(self.options.format), false).await
    }

    /// Of what everybody may see.
    async fn long_reply(&self, reply: &Reply<'_>, least: usize) -> Result<(), Gone> {
        self.counted.said.increment(1);
        let bytes = reply.bytes(self.options.format);
        let deflate = bytes.len() >= least;
        self.send(if deflate { stream::deflated(&bytes) } else { bytes }, deflate).await
    }

    /// Waits for room, but not for a client that has to go.
    async fn send(&self, bytes: Bytes, deflated: bool) -> Result<(), Gone> {
        let payload = match (self.options.format, deflated) {
            (Format::Json, false) => Payload::Text(Utf8Bytes::try_from(bytes).map_err(|_| Gone)?),
            (Format::Json, true) => Payload::DeflatedText(bytes),
            (Format::MessagePack, false) => Payload::Binary(bytes),
            (Format::MessagePack, true) => Payload::DeflatedBinary(bytes),
        };
        let sent = self.outbox.send_payload(payload);
        tokio::pin!(sent);
        let mut woken = false;
        loop {
            tokio::select! {
                biased;
                outcome = &mut sent => {
                    // What woke us meanwhile is looked at next.
                    if woken {
                        self.woken.notify_one();
                    }
                    return outcome.map_err(|_| Gone);
                }
                () = self.woken.notified() => {
                    woken = true;
                    if let Some(over) = self.rooms.over() {
                        return Err(Box::pin(self.close(over)).await);
                    }
                }
            }
        }
    }

    async fn close(&self, over: Over) -> Gone {
        match over {
            Over::TooSlow => {
                metrics::counter!("ws_errors_total", "kind" => "slow").increment(1);
                self.outbox.close(CloseCode::Again, "the client reads too slowly");
                Gone
            }
            Over::Ended(why) => self.dismiss(why).await,
        }
    }

    /// Ends the connection behind what is on its way to a client that reads, at once for one that does not.
    async fn dismiss(&self, why: &'static str) -> Gone {
        let patient = self.outbox.close_patiently(CloseCode::Policy, why);
        if timeout(GOODBYE_MAX, patient).await.is_err() {
            self.outbox.close(CloseCode::Policy, why);
        }
        Gone
    }

    async fn error(&self, code: &str, detail: &str, room: Option<&str>) -> Result<(), Gone> {
        metrics::counter!("ws_errors_total", "kind" => "request").increment(1);
        self.reply(&Reply::Error { code, detail, room }).await
    }

    async fn request(&mut self, text: &str) -> Result<(), Gone> {
        self.counted.heard.increment(1);
        match self.pace.ask(now().millis()) {
            Verdict::Allowed => {}
            Verdict::Ignored => {
                let detail = "at most 10 requests a second, 20 at once; this one was ignored";
                return self.error("too_many_messages", detail, None).await;
            }
            Verdict::Close => {
                return Err(self.dismiss("too many messages").await);
            }
        }
        match protocol::read(text) {
            Err(detail) => self.error("bad_request", &detail, None).await,
            Ok(protocol::Request::Ping { id }) => self.reply(&Reply::Pong { id: &id }).await,
            Ok(protocol::Request::Subscribe { rooms, since }) => {
                for name in &rooms {
                    self.subscribe(name, since.get(name)).await?;
                }
                Ok(())
            }
            Ok(protocol::Request::Unsubscribe { rooms }) => {
                for name in &rooms {
                    self.unsubscribe(name).await?;
                }
                Ok(())
            }
        }
    }

    /// The room that a name means, if this client may enter it.
    fn room(&self, name: &str) -> Result<Room, (&'static str, String)> {
        let room = Room::parse(name).map_err(|why| match why {
            RoomError::Unknown => ("unknown_room", why.to_string()),
            RoomError::Market(_) | RoomError::Interval => ("unknown_market", why.to_string()),
        })?;
        let room = self.source.known_as(room);
        self.source.admits(&room).map(|()| room)
    }

    async fn subscribe(&mut self, name: &str, since: Option<&Since>) -> Result<(), Gone> {
        let room = match self.room(name) {
            Ok(room) => room,
            Err((code, detail)) => return self.error(code, &detail, Some(name)).await,
        };
        if let Some(reached) = self.source.reach(&room)
            && let Err(detail) = reached.await
        {
            return self.error("unavailable", &detail, Some(name)).await;
        }
        let channel = Channel::of(room, self.rooms.owner());
        match self.rooms.subscribe(channel, since) {
            Ok(recovery) => self.enter(name, channel, &recovery).await,
            Err(why) => self.error("too_many_rooms", &why.to_string(), Some(name)).await,
        }
    }

    /// Answers with what was missed, or with a snapshot. Events after it wait in the backlog until this is done.
    async fn enter(&mut self, name: &str, channel: Channel, recovery: &Recovery) -> Result<(), Gone> {
        let room = channel.room().to_string();
        let (epoch, offset) = (&*recovery.epoch, recovery.offset);
        if let Some(missed) = &recovery.missed {
            let recovered = true;
            self.reply(&Reply::Subscribed { room: &room, epoch, offset, recovered, snapshot: None }).await?;
            for frames in missed.chunks(limits::BATCH_MAX) {
                self.events(frames).await?;
            }
            return Ok(());
        }
        match self.source.state(channel.room()).await {
            Ok(state) => {
                let (recovered, snapshot) = (false, Some(&*state));
                let reply = Reply::Subscribed { room: &room, epoch, offset, recovered, snapshot };
                match self.deflates().filter(|_| channel.room().is_public()) {
                    Some(least) => self.long_reply(&reply, least).await,
                    None => self.reply(&reply).await,
                }
            }
            Err(detail) => {
                self.rooms.unsubscribe(&channel);
                self.error("unavailable", &detail, Some(name)).await
            }
        }
    }

    async fn unsubscribe(&mut self, name: &str) -> Result<(), Gone> {
        match Room::parse(name) {
            Ok(room) => {
                let room = self.source.known_as(room);
                self.rooms.unsubscribe(&Channel::of(room, self.rooms.owner()));
                self.reply(&Reply::Unsubscribed { room: &room.to_string() }).await
            }
            Err(why) => self.error("unknown_room", &why.to_string(), Some(name)).await,
        }
    }
}
