//! Connections over real sockets, with a hub that the test drives: order, batches, slow readers, ends.

use std::sync::Mutex;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Counters, Limits, Request, Service, Stopper};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use stream::{Channel, Connection, Hub, Owner, Room};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::connection::Source;
use super::*;
use crate::ports::Reply;

/// Rooms whose state is the number of times it was asked for.
#[derive(Default)]
struct Asked(Mutex<u64>);

impl Source for Asked {
    fn admits(&self, room: &Room) -> Result<(), (&'static str, String)> {
        if *room == Room::Alerts { Err(("forbidden", "not you".into())) } else { Ok(()) }
    }

    fn state<'a>(&'a self, room: &'a Room) -> Reply<'a, Result<Box<RawValue>, String>> {
        Box::pin(async move {
            let mut asked = self.0.lock().unwrap();
            *asked += 1;
            if *room == Room::Jobs { Err("no jobs".into()) } else { Ok(to_raw_value(&*asked).unwrap()) }
        })
    }
}

/// Hands a connection to each who asks; the first byte of the query is the owner.
struct Door(Arc<Hub>);

impl Service for Door {
    async fn call(self: Arc<Self>, request: Request) -> http::Response {
        let options = options(request.query()).unwrap();
        let way = Arc::<Way>::default();
        let owner = Owner(u128::from(options.ticket.as_bytes()[0]));
        let client: Connection =
            self.0.connect_served(owner, Some(owner.0), Arc::<Way>::clone(&way)).unwrap();
        let handler = move |inbox, outbox| {
            connection::serve(Box::<Asked>::default(), client, options, way, inbox, outbox)
        };
        websocket::accept(request, policy(), handler).unwrap()
    }

    fn failed(&self) -> http::Response {
        http::Response::new(http::body::whole(Bytes::new()))
    }
}

struct House {
    hub: Arc<Hub>,
    addr: std::net::SocketAddr,
    _stopper: Stopper,
}

async fn open() -> House {
    let runtime = tokio::runtime::Handle::current();
    let hub = Hub::with_couriers("run", move |errand| drop(runtime.spawn(async move { errand.run() })));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stopper, stop) = http::stop();
    let door = Arc::new(Door(Arc::clone(&hub)));
    tokio::spawn(http::serve(listener, door, Limits::default(), Arc::<Counters>::default(), stop));
    House { hub, addr, _stopper: stopper }
}

struct Guest(WebSocketStream<TcpStream>);

impl House {
    async fn enter(&self, query: &str) -> Guest {
        let socket = TcpSocket::new_v4().unwrap();
        // A client that does not read must not have megabytes read for it by the kernel.
        socket.set_recv_buffer_size(4_096).unwrap();
        let stream = socket.connect(self.addr).await.unwrap();
        let (socket, _) = client_async(format!("ws://localhost/ws?ticket={query}"), stream).await.unwrap();
        let mut guest = Guest(socket);
        assert_eq!(guest.next().await["type"], "hello");
        guest
    }

    fn publish(&self, room: Room, key: Option<i64>, data: &Value) {
        self.hub.publish(&Channel::of(room, Owner(u128::from(b'a'))), key, 0, data);
    }
}

impl Guest {
    async fn say(&mut self, request: &Value) {
        self.0.send(Message::text(request.to_string())).await.unwrap();
    }

    /// The next message, or the close code under `close`.
    async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Binary(bytes))) => return rmp_serde::from_slice(&bytes).unwrap(),
                Some(Ok(Message::Close(Some(frame)))) => return json!({ "close": u16::from(frame.code) }),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next events, however they are batched.
    async fn events(&mut self) -> Vec<Value> {
        let message = self.next().await;
        match message["type"].as_str() {
            Some("batch") => message["events"].as_array().unwrap().clone(),
            Some("event") => vec![message],
            _ => panic!("{message}"),
        }
    }

    async fn subscribe(&mut self, room: &str) -> Value {
        self.say(&json!({ "op": "subscribe", "rooms": [room] })).await;
        self.next().await
    }
}

#[tokio::test]
async fn requests_are_answered_in_order_and_wrong_ones_with_a_code() {
    let house = open().await;
    for format in ["json", "msgpack"] {
        let mut guest = house.enter(&format!("a&format={format}")).await;
        guest.say(&json!({ "op": "subscribe", "rooms": ["orders", "nowhere", "ticker:", "alerts", "jobs", "book:local:BTCUSDT"] })).await;
        let first = guest.next().await;
        assert_eq!((first["type"].as_str(), first["room"].as_str()), (Some("subscribed"), Some("orders")));
        assert_eq!((first["recovered"].as_bool(), first["snapshot"].as_u64()), (Some(false), Some(1)));
        for (room, code) in [
            ("nowhere", "unknown_room"),
            ("ticker:", "unknown_market"),
            ("alerts", "forbidden"),
            ("jobs", "unavailable"),
        ] {
            let error = guest.next().await;
            assert_eq!((error["code"].as_str(), error["room"].as_str()), (Some(code), Some(room)));
        }
        assert_eq!(guest.next().await["room"], "book:BTCUSDT");
        guest.say(&json!({ "op": "ping", "id": "x" })).await;
        assert_eq!(guest.next().await, json!({ "type": "pong", "id": "x" }));
        guest.say(&json!({ "op": "unsubscribe", "rooms": ["orders", "bots"] })).await;
        assert_eq!(guest.next().await, json!({ "type": "unsubscribed", "room": "orders" }));
        assert_eq!(guest.next().await["room"], "bots");
        guest.say(&json!([1])).await;
        assert_eq!(guest.next().await["code"], "bad_request");
    }
}

#[tokio::test]
async fn a_room_that_cannot_be_read_is_not_entered() {
    let house = open().await;
    let mut guest = house.enter("a").await;
    assert_eq!(guest.subscribe("jobs").await["code"], "unavailable");
    house.publish(Room::Jobs, None, &json!(1));
    guest.say(&json!({ "op": "ping", "id": 1 })).await;
    assert_eq!(guest.next().await["type"], "pong");
}

#[tokio::test]
async fn what_happens_while_a_client_is_away_follows_when_it_comes_back() {
    let house = open().await;
    let mut guest = house.enter("a").await;
    let entered = guest.subscribe("orders").await;
    for n in 0..500 {
        house.publish(Room::Orders, None, &json!(n));
    }
    let mut got = Vec::new();
    while got.len() < 500 {
        got.extend(guest.events().await);
    }
    assert_eq!(
        got.iter().map(|e| e["data"].as_u64().unwrap()).collect::<Vec<_>>(),
        (0..500).collect::<Vec<_>>()
    );
    drop(guest);
    for n in 500..1_000 {
        house.publish(Room::Orders, None, &json!(n));
    }
    let since = json!({ "orders": { "epoch": entered["epoch"], "offset": 400 } });
    let mut back = house.enter("a").await;
    back.say(&json!({ "op": "subscribe", "rooms": ["orders"], "since": since })).await;
    let again = back.next().await;
    assert_eq!((again["recovered"].as_bool(), &again["snapshot"]), (Some(true), &Value::Null));
    let mut missed = Vec::new();
    while missed.len() < 600 {
        missed.extend(back.events().await);
    }
    let offsets: Vec<_> = missed.iter().map(|e| e["offset"].as_u64().unwrap()).collect();
    assert_eq!(offsets, (401..=1_000).collect::<Vec<_>>());
    // Somebody else's room of the same name is another room.
    let mut other = house.enter("b").await;
    other.say(&json!({ "op": "subscribe", "rooms": ["orders"], "since": since })).await;
    assert_eq!(other.next().await["recovered"], false);
}

/// Publishes until the guest, who does not read, is given up; how many it took.
async fn flood(house: &House, room: Room, key: Option<i64>, most: usize) -> usize {
    let data = json!("x".repeat(2_000));
    for n in 0..most {
        house.publish(room, key, &data);
        // The connection's task gets its turn.
        tokio::task::yield_now().await;
        if house.hub.counts().slow_total > 0 {
            return n;
        }
    }
    most
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_told_1013() {
    let house = open().await;
    let mut slow = house.enter("a").await;
    slow.subscribe("orders").await;
    let sent = flood(&house, Room::Orders, None, 50_000).await;
    assert!((limits::BACKLOG_MAX..50_000).contains(&sent), "{sent}");
    let mut last = 0;
    let code = loop {
        let message = slow.next().await;
        if let Some(code) = message["close"].as_u64() {
            break code;
        }
        let events = message["events"].as_array().cloned().unwrap_or_else(|| vec![message]);
        for event in events {
            let offset = event["offset"].as_u64().unwrap();
            assert_eq!(offset, last + 1, "no gap before the end");
            last = offset;
        }
    };
    assert_eq!(code, 1013);
    assert!(last < sent as u64);
}

#[tokio::test]
async fn a_slow_reader_of_states_lives_on_and_gets_the_newest() {
    let house = open().await;
    let mut slow = house.enter("a").await;
    slow.subscribe("book:BTCUSDT").await;
    let book = Room::parse("book:BTCUSDT").unwrap();
    assert_eq!(flood(&house, book, Some(0), 10_000).await, 10_000, "never too slow");
    house.publish(book, Some(0), &json!("newest"));
    let mut last = 0;
    loop {
        let event = slow.events().await.pop().unwrap();
        let offset = event["offset"].as_u64().unwrap();
        assert!(offset > last, "an older state after a newer one");
        last = offset;
        if event["data"] == "newest" {
            break;
        }
    }
    assert_eq!(last, 10_001);
}

#[tokio::test]
async fn a_login_that_ends_closes_its_sockets_also_of_one_that_does_not_read() {
    let house = open().await;
    let (mut reader, mut stuck, mut other) =
        (house.enter("a").await, house.enter("a").await, house.enter("b").await);
    stuck.subscribe("book:BTCUSDT").await;
    flood(&house, Room::parse("book:BTCUSDT").unwrap(), Some(0), 5_000).await;
    assert_eq!(house.hub.end_session(u128::from(b'a'), "the login has ended"), 2);
    assert_eq!(reader.next().await["close"], 1008);
    loop {
        if let Some(code) = stuck.next().await["close"].as_u64() {
            assert!(code == 1008 || code == 1013, "{code}");
            break;
        }
    }
    assert_eq!(other.subscribe("orders").await["type"], "subscribed");
    while house.hub.counts().connections > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_asks_too_often_is_ignored_and_in_the_end_closed() {
    let house = open().await;
    let mut guest = house.enter("a").await;
    for n in 0..200 {
        if guest.0.feed(Message::text(json!({ "op": "ping", "id": n }).to_string())).await.is_err() {
            break;
        }
    }
    let _ = guest.0.flush().await;
    let (mut pongs, mut ignored) = (0, 0);
    let code = loop {
        let message = guest.next().await;
        match (message["type"].as_str(), message["code"].as_str()) {
            (Some("pong"), _) => pongs += 1,
            (_, Some("too_many_messages")) => ignored += 1,
            _ => break message["close"].as_u64(),
        }
    };
    assert_eq!(code, Some(1008));
    assert!(pongs >= 20 && ignored == 100, "{pongs} {ignored}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_of_many_is_told_past_their_tasks_and_every_one_gets_everything_in_order() {
    const EVENTS: u64 = 400;
    let house = open().await;
    let mut guests = Vec::new();
    for n in 0..40 {
        let format = if n % 2 == 0 { "json" } else { "msgpack" };
        let mut guest = house.enter(&format!("a&format={format}")).await;
        let entered = guest.subscribe("orders").await;
        assert_eq!(entered["type"], "subscribed", "the answer comes in front of every event");
        guests.push((guest, entered["offset"].as_u64().unwrap()));
    }
    let hub = Arc::clone(&house.hub);
    let publisher = tokio::task::spawn_blocking(move || {
        let room = Channel::of(Room::Orders, Owner(u128::from(b'a')));
        for n in 0..EVENTS {
            hub.publish(&room, None, 0, &n);
            std::thread::yield_now();
        }
    });
    let readers: Vec<_> = guests
        .into_iter()
        .map(|(mut guest, entered)| {
            tokio::spawn(async move {
                guest.say(&json!({ "op": "ping", "id": 1 })).await;
                let (mut last, mut pongs) = (entered, 0);
                while last < EVENTS || pongs == 0 {
                    let message = guest.next().await;
                    let events = match message["type"].as_str() {
                        Some("pong") => {
                            pongs += 1;
                            continue;
                        }
                        Some("batch") => message["events"].as_array().unwrap().clone(),
                        _ => vec![message],
                    };
                    for event in events {
                        assert_eq!(event["offset"].as_u64(), Some(last + 1), "{event}");
                        last += 1;
                    }
                }
            })
        })
        .collect();
    publisher.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}
