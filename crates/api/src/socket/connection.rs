//! One connection: requests are answered in order, events go out in batches.
//!
//! An idle connection gets an event at once; a busy one at most one message per [`Options::batch`]. While a message waits for a client
//! that reads slowly, later states replace earlier ones in its backlog; when that overflows it is closed with 1013.

use std::sync::Arc;
use std::time::Duration;

use http::websocket::{CloseCode, Inbox, Outbox, Payload};
use serde_json::value::RawValue;
use stream::protocol::{self, Reply};
use stream::{
    Channel, Connection, Frame, Over, Pace, Recovery, Room, RoomError, Serves as _, Since, Verdict, limits,
};
use tokio::time::{sleep, timeout};

use super::Options;
use super::way::{Open, Way};
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

struct Client<'a> {
    source: Box<dyn Source>,
    rooms: Connection,
    way: &'a Way,
    open: &'a Open,
    pace: Pace,
    heard: metrics::Counter,
}

/// Serves one connection until the client or the transport ends it.
pub(super) async fn serve(
    source: Box<dyn Source>,
    rooms: Connection,
    options: Options,
    way: Arc<Way>,
    mut inbox: Inbox,
    outbox: Outbox,
) {
    metrics::gauge!("ws_connections").increment(1.0);
    let _left = Left;
    let heard = metrics::counter!("ws_messages_total", "direction" => "in");
    let open = way.open(outbox, &options);
    drop(options);
    let mut client = Client { source, rooms, way: &way, open, pace: Pace::new(now().millis()), heard };
    if client.hello().await.is_err() {
        return;
    }
    loop {
        // While nothing is in hand, events may be written past this task.
        client.rooms.rest();
        let text = tokio::select! {
            text = inbox.receive() => match text {
                Some(text) => Some(text),
                None => return,
            },
            () = way.woken() => None,
        };
        client.rooms.rise();
        let outcome = match text {
            // On the heap while it lasts: it is rare, and what it needs would be held by every connection.
            Some(text) => Box::pin(client.request(&text)).await,
            None => client.flush().await,
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

impl Client<'_> {
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
    async fn flush(&self) -> Result<(), Gone> {
        let pause = self.open.pause();
        // A timer costs more than a look at the clock.
        if !pause.is_zero() {
            sleep(pause).await;
        }
        if let Some(over) = self.rooms.over() {
            return Err(Box::pin(self.close(over)).await);
        }
        let frames = self.rooms.take();
        if frames.is_empty() {
            return Ok(());
        }
        self.events(&frames).await?;
        if self.rooms.waits() {
            self.way.wake();
        }
        Ok(())
    }

    async fn events(&self, frames: &[Arc<Frame>]) -> Result<(), Gone> {
        self.send(self.open.events(frames).map_err(|_| Gone)?).await?;
        self.open.wrote(frames);
        Ok(())
    }

    async fn reply(&self, reply: &Reply<'_>) -> Result<(), Gone> {
        self.open.said();
        self.send(self.open.payload(reply.bytes(self.open.format()), false).map_err(|_| Gone)?).await
    }

    /// Of what everybody may see.
    async fn long_reply(&self, reply: &Reply<'_>, least: usize) -> Result<(), Gone> {
        self.open.said();
        let bytes = reply.bytes(self.open.format());
        let deflate = bytes.len() >= least;
        let bytes = if deflate { stream::deflated(&bytes) } else { bytes };
        self.send(self.open.payload(bytes, deflate).map_err(|_| Gone)?).await
    }

    /// Waits for room, but not for a client that has to go.
    async fn send(&self, payload: Payload) -> Result<(), Gone> {
        let sent = self.open.outbox.send_payload(payload);
        tokio::pin!(sent);
        let mut woken = false;
        loop {
            tokio::select! {
                biased;
                outcome = &mut sent => {
                    // What woke us meanwhile is looked at next.
                    if woken {
                        self.way.wake();
                    }
                    return outcome.map_err(|_| Gone);
                }
                () = self.way.woken() => {
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
                self.open.outbox.close(CloseCode::Again, "the client reads too slowly");
                Gone
            }
            Over::Ended(why) => self.dismiss(why).await,
        }
    }

    /// Ends the connection behind what is on its way to a client that reads, at once for one that does not.
    async fn dismiss(&self, why: &'static str) -> Gone {
        let patient = self.open.outbox.close_patiently(CloseCode::Policy, why);
        if timeout(GOODBYE_MAX, patient).await.is_err() {
            self.open.outbox.close(CloseCode::Policy, why);
        }
        Gone
    }

    async fn error(&self, code: &str, detail: &str, room: Option<&str>) -> Result<(), Gone> {
        metrics::counter!("ws_errors_total", "kind" => "request").increment(1);
        self.reply(&Reply::Error { code, detail, room }).await
    }

    async fn request(&mut self, text: &str) -> Result<(), Gone> {
        self.heard.increment(1);
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
                match self.open.deflates().filter(|_| channel.room().is_public()) {
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
