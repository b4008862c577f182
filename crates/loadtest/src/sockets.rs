//! Load over the live stream (docs/stream.md): many clients in rooms, how old events are when they arrive, and whether clients that are
//! cut off come back with everything they missed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::account::{People, wanted};
use crate::client::{Ask, Client};
use crate::record::{Measured, Progress, Recorder};
use crate::scenario::{Scenario, Sockets};
use crate::target::Target;

/// Kinds that are counted.
const NAMES: [&str; 3] = ["event delay", "connect", "return"];
const EVENT: usize = 0;
const CONNECT: usize = 1;
const RETURN: usize = 2;
/// Bytes read at a time. The library's own 128 KiB are cleared before every read, which costs more than all the rest.
const READ_LEN: usize = 4 * 1024;
/// Pause before another try of a connection that was refused.
const PAUSE: Duration = Duration::from_millis(500);

/// What the server says, as far as a load test looks at it.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default)]
    room: Option<&'a str>,
    #[serde(default)]
    epoch: Option<&'a str>,
    #[serde(default)]
    offset: Option<u64>,
    #[serde(default)]
    ts: Option<i64>,
    #[serde(default)]
    recovered: Option<bool>,
    #[serde(default, borrow)]
    events: Vec<Happened<'a>>,
}

#[derive(Deserialize)]
struct Happened<'a> {
    room: &'a str,
    offset: u64,
    ts: i64,
}

/// Where a client is in a room.
#[derive(Clone, Debug)]
struct Place {
    epoch: String,
    offset: u64,
}

#[derive(Debug, Default)]
struct Totals {
    inside: AtomicUsize,
    most: AtomicUsize,
    returned: AtomicU64,
    recovered: AtomicU64,
}

struct Load {
    sockets: Sockets,
    recorder: Recorder,
    target: Target,
    people: People,
    ends: Duration,
    totals: Totals,
}

/// Carries it out.
pub(crate) async fn run(
    scenario: &Scenario,
    target: &Target,
    people: &People,
    mut tell: impl FnMut(&Progress),
) -> Measured {
    let Some(sockets) = scenario.websocket.clone() else { return Measured::default() };
    let begun = Instant::now();
    let (ramp, ends) = (scenario.ramp_up_time, scenario.duration);
    let names = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let storms = sockets.storm_every.is_some();
    let load = Arc::new(Load {
        sockets,
        recorder: Recorder::new(names, begun, (ramp, ends)),
        target: target.clone(),
        people: people.clone(),
        ends,
        totals: Totals::default(),
    });
    let mut clients = JoinSet::new();
    for n in 0..scenario.concurrent_users {
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53")]
        let due = ramp.mul_f64(n as f64 / scenario.concurrent_users as f64);
        clients.spawn(Arc::clone(&load).client(n, due));
    }
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.tick().await;
    let mut series = Vec::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let second = load.recorder.second(begun.elapsed().as_secs(), ends.as_secs());
                tell(&second);
                series.push(second);
            }
            ended = clients.join_next() => if ended.is_none() { break },
        }
    }
    series.push(load.recorder.second(begun.elapsed().as_secs(), ends.as_secs()));
    let get = |total: &AtomicU64| total.load(Ordering::Relaxed);
    let mut measured = load.recorder.close(
        scenario.concurrent_users as u64,
        load.totals.most.load(Ordering::Relaxed),
        series,
    );
    measured.returned = storms.then(|| (get(&load.totals.returned), get(&load.totals.recovered)));
    // What counts is how old events are; connecting has lines of its own.
    let failed: u64 = measured.lines.iter().map(|line| line.failed).sum();
    let failures = std::mem::take(&mut measured.all.failures);
    measured.all =
        crate::record::Line { failed, failures, name: "events".to_owned(), ..measured.lines[EVENT].clone() };
    measured
}

/// Why a connection is over.
enum Over {
    /// The run is.
    Ended,
    /// It is time for a storm.
    Storm,
    /// The server closed it, or it broke.
    Broken(String),
}

impl Load {
    async fn client(self: Arc<Self>, n: usize, due: Duration) {
        tokio::time::sleep_until((self.recorder.begun + due).into()).await;
        let each = self.sockets.rooms_each;
        let rooms: Vec<String> = (0..each)
            .map(|place| self.sockets.rooms[(n * each + place) % self.sockets.rooms.len()].clone())
            .collect();
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        let mut kind = CONNECT;
        let mut due_at = self.recorder.begun + due;
        while self.recorder.begun.elapsed() < self.ends {
            match self.connect(n).await {
                Ok(socket) => {
                    let (over, has_arrived) =
                        self.listen(n, socket, &rooms, &mut places, (kind, due_at)).await;
                    match over {
                        Over::Ended => return,
                        Over::Storm => {}
                        Over::Broken(why) => {
                            self.recorder.note(n, kind, due_at.elapsed(), Some(why));
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                    if has_arrived || kind == RETURN {
                        (kind, due_at) = (RETURN, Instant::now());
                    } else {
                        // It never was inside: it has not come yet, and has nothing to come back to.
                        places.clear();
                    }
                }
                Err(why) => {
                    self.recorder.note(n, kind, due_at.elapsed(), Some(why));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn connect(&self, n: usize) -> Result<WebSocketStream<TcpStream>, String> {
        let token = self.people.token(n);
        let ask = Ask { method: "POST", path: "/api/ws/ticket", token: token.as_deref(), body: None };
        let ticket = wanted(&mut Client::new(&self.target), &self.target, "a ticket", ask, 200).await;
        let ticket: serde_json::Value =
            serde_json::from_slice(&ticket.map_err(|error| error.to_string())?.body)
                .map_err(|error| error.to_string())?;
        let ticket = ticket["ticket"].as_str().unwrap_or_default();
        let stream = TcpStream::connect(self.target.addr).await.map_err(|_| "no connection".to_owned())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let url = format!("ws://{}/ws?ticket={ticket}", self.target.host);
        let config = WebSocketConfig::default().read_buffer_size(READ_LEN);
        let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config))
            .await
            .map_err(|error| handshake(&error))?;
        Ok(socket)
    }

    /// Follows the rooms until the connection is over; why it is, and whether all rooms had answered.
    async fn listen(
        &self,
        n: usize,
        mut socket: WebSocketStream<TcpStream>,
        rooms: &[String],
        places: &mut BTreeMap<String, Place>,
        (kind, due_at): (usize, Instant),
    ) -> (Over, bool) {
        let since: serde_json::Map<String, serde_json::Value> = places
            .iter()
            .map(|(room, place)| (room.clone(), json!({ "epoch": place.epoch, "offset": place.offset })))
            .collect();
        let request = json!({ "op": "subscribe", "rooms": rooms, "since": since }).to_string();
        if let Err(error) = socket.send(Message::text(request)).await {
            return (Over::Broken(error.to_string()), false);
        }
        let inside = self.totals.inside.fetch_add(1, Ordering::Relaxed) + 1;
        self.totals.most.fetch_max(inside, Ordering::Relaxed);
        let mut visit = Visit { load: self, n, kind, due_at, wanted: rooms.len(), recovered: 0, places };
        let over = visit.stay(&mut socket).await;
        let has_arrived = visit.wanted == 0;
        self.totals.inside.fetch_sub(1, Ordering::Relaxed);
        if matches!(over, Over::Ended) {
            // A goodbye; who does not answer it is gone all the same.
            let _ = tokio::time::timeout(PAUSE, socket.close(None)).await;
        }
        (over, has_arrived)
    }

    /// When the next storm is, if there are any.
    fn storm_at(&self) -> Instant {
        let ends = self.recorder.begun + self.ends;
        let Some(every) = self.sockets.storm_every.filter(|every| !every.is_zero()) else { return ends };
        let past = self.recorder.begun.elapsed().as_secs_f64() / every.as_secs_f64();
        (self.recorder.begun + every.mul_f64(past.floor() + 1.0)).min(ends)
    }
}

/// One connection's time in its rooms.
struct Visit<'a> {
    load: &'a Load,
    n: usize,
    kind: usize,
    due_at: Instant,
    /// Rooms whose answer has not come.
    wanted: usize,
    recovered: usize,
    places: &'a mut BTreeMap<String, Place>,
}

impl Visit<'_> {
    async fn stay(&mut self, socket: &mut WebSocketStream<TcpStream>) -> Over {
        let leave_at = self.load.storm_at();
        let leave = tokio::time::sleep_until(leave_at.into());
        tokio::pin!(leave);
        loop {
            let message = tokio::select! {
                () = &mut leave => {
                    return if leave_at >= self.load.recorder.begun + self.load.ends { Over::Ended } else { Over::Storm };
                }
                message = socket.next() => message,
            };
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(frame))) => {
                    return Over::Broken(
                        frame.map_or("closed".to_owned(), |f| format!("closed with {}", u16::from(f.code))),
                    );
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Over::Broken("connection broke".to_owned()),
            };
            if let Err(over) = self.hear(&text) {
                return over;
            }
        }
    }

    fn hear(&mut self, text: &str) -> Result<(), Over> {
        let said: Said<'_> = match serde_json::from_str(text) {
            Ok(said) => said,
            Err(error) => return Err(Over::Broken(format!("not as documented: {error}"))),
        };
        match said.kind {
            "event" => {
                if let (Some(room), Some(offset), Some(ts)) = (said.room, said.offset, said.ts) {
                    self.event(room, offset, ts);
                }
            }
            "batch" => said.events.iter().for_each(|event| self.event(event.room, event.offset, event.ts)),
            "subscribed" => {
                if let (Some(room), Some(epoch), Some(offset)) = (said.room, said.epoch, said.offset) {
                    let recovered = said.recovered == Some(true);
                    self.recovered += usize::from(recovered);
                    // Who recovers is still where it was, until the missed events have come.
                    if !recovered {
                        self.places.insert(room.to_owned(), Place { epoch: epoch.to_owned(), offset });
                    }
                }
                self.wanted = self.wanted.saturating_sub(1);
                if self.wanted == 0 {
                    self.arrived();
                }
            }
            "error" => {
                return Err(Over::Broken(format!("refused: {}", text.chars().take(120).collect::<String>())));
            }
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, room: &str, offset: u64, ts: i64) {
        // `ts` is in whole milliseconds, cut: what is measured is up to one millisecond too long, never too short.
        let late = jiff::Timestamp::now().as_microsecond() - ts.saturating_mul(1_000);
        let delay = Duration::from_micros(u64::try_from(late).unwrap_or(0));
        if let Some(place) = self.places.get_mut(room) {
            place.offset = place.offset.max(offset);
        }
        // Events that were kept for a client that was away are as old as it was away.
        if self.wanted == 0 {
            self.load.recorder.note(self.n, EVENT, delay, None);
        }
    }

    /// All rooms have answered.
    fn arrived(&self) {
        self.load.recorder.note(self.n, self.kind, self.due_at.elapsed(), None);
        if self.kind == RETURN {
            let all = self.recovered == self.places.len();
            self.load.totals.returned.fetch_add(1, Ordering::Relaxed);
            self.load.totals.recovered.fetch_add(u64::from(all), Ordering::Relaxed);
        }
    }
}

fn handshake(error: &tokio_tungstenite::tungstenite::Error) -> String {
    match error {
        tokio_tungstenite::tungstenite::Error::Http(response) => {
            format!("status {}", response.status().as_u16())
        }
        _ => "the handshake failed".to_owned(),
    }
}
