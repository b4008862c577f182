//! The live stream of the real server: what docs/stream.md says, people kept apart, logins that end.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocket;
use tokio_tungstenite::tungstenite::{Error, Message, client};

use crate::program::{Answer, Server, ask};

const PASSWORD: &str = "correct horse battery";

/// Somebody who is logged in.
struct Person<'s> {
    server: &'s Server,
    token: String,
}

impl<'s> Person<'s> {
    fn first(server: &'s Server) -> Self {
        let code = &server.ready["api"]["setup_code"];
        let body = json!({ "code": code, "username": "root", "password": PASSWORD }).to_string();
        let answer = ask(server.api(), "POST", "/api/setup", &[], &body);
        Self { server, token: answer.json()["token"].as_str().unwrap().to_owned() }
    }

    fn login(server: &'s Server, name: &str) -> Self {
        let body = json!({ "username": name, "password": PASSWORD }).to_string();
        let answer = ask(server.api(), "POST", "/api/auth/login", &[], &body);
        Self { server, token: answer.json()["token"].as_str().unwrap().to_owned() }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(self.server.api(), method, path, &[("Authorization", &bearer)], &body)
    }

    fn ticket(&self) -> String {
        let answer = self.call("POST", "/api/ws/ticket", &Value::Null);
        assert_eq!((answer.status, answer.json()["expires_in"].as_i64()), (200, Some(30)), "{}", answer.body);
        answer.json()["ticket"].as_str().unwrap().to_owned()
    }

    fn stream(&self) -> Stream {
        Stream::open(self.server, &format!("ticket={}", self.ticket()), None).unwrap()
    }

    fn buy(&self, quantity: &str) -> Value {
        let order =
            json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": quantity, "order_type": "market" });
        let answer = self.call("POST", "/api/orders", &order);
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }
}

/// A client of the stream that takes batches apart.
pub(crate) struct Stream {
    socket: WebSocket<TcpStream>,
    waiting: std::collections::VecDeque<Value>,
}

impl Stream {
    /// Connects; the status and problem code when it is refused.
    pub(crate) fn open(server: &Server, query: &str, origin: Option<&str>) -> Result<Self, (u16, String)> {
        let stream = TcpStream::connect(server.api()).unwrap();
        // A test that waits for what never comes fails instead of standing still.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut request = format!("ws://{}/ws?{query}", server.api()).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match client(request, stream) {
            Ok((socket, _)) => {
                let mut stream = Self { socket, waiting: std::collections::VecDeque::new() };
                let hello = stream.next().unwrap();
                assert_eq!((hello["type"].as_str(), hello["ping_s"].as_u64()), (Some("hello"), Some(25)));
                Ok(stream)
            }
            Err(tokio_tungstenite::tungstenite::HandshakeError::Failure(Error::Http(response))) => {
                let body: Value = serde_json::from_slice(response.body().as_deref().unwrap_or_default())
                    .unwrap_or_default();
                Err((response.status().as_u16(), body["code"].as_str().unwrap_or_default().to_owned()))
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    /// The next message, batches taken apart; the close code at the end.
    pub(crate) fn next(&mut self) -> Result<Value, u16> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(event);
            }
            let value: Value = match self.socket.read() {
                Ok(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
                Ok(Message::Binary(bytes)) => rmp_serde::from_slice(&bytes).unwrap(),
                Ok(Message::Close(Some(frame))) => return Err(frame.code.into()),
                Ok(_) => continue,
                Err(error) => panic!("{error:?}"),
            };
            match value["events"].as_array() {
                Some(events) => self.waiting.extend(events.iter().cloned()),
                None => return Ok(value),
            }
        }
    }

    pub(crate) fn say(&mut self, request: &Value) {
        self.socket.send(Message::text(request.to_string())).unwrap();
    }

    pub(crate) fn subscribe(&mut self, room: &str, since: Option<&Value>) -> Value {
        let since = since.map_or_else(|| json!({}), |since| json!({ room: since }));
        self.say(&json!({ "op": "subscribe", "rooms": [room], "since": since }));
        self.until(|message| message["type"] != "event")
    }

    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().unwrap();
            if wanted(&message) {
                return message;
            }
        }
    }

    pub(crate) fn event(&mut self, room: &str) -> Value {
        self.until(|message| message["type"] == "event" && message["room"] == room)
    }
}

fn alive(dir: &Path) -> Server {
    Server::start_with(dir, &["--participants-speed", "20", "--durability", "buffered"])
}

/// A market with an hour behind it that stands still: only what the test does happens.
fn still(dir: &Path) -> Server {
    Server::start_with(dir, &["--participants-speed", "0", "--durability", "buffered"])
}

/// The names of fields and the kinds of values, lists by their first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(list) => list.first().map_or_else(|| json!([]), |first| json!([shape(first)])),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Null => "null".into(),
    }
}

/// The examples of docs/stream.md: by the first field and, for messages, the type.
fn documented() -> BTreeMap<String, Value> {
    let text = include_str!("../../../../docs/stream.md");
    let mut examples = BTreeMap::new();
    for block in text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        for line in block.lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
            let first = line.split('"').nth(1).unwrap().to_owned();
            examples.insert(value["type"].as_str().map_or(first, str::to_owned), value);
        }
    }
    examples
}

#[test]
fn messages_look_as_documented_in_both_formats() {
    let dir = tempfile::tempdir().unwrap();
    let server = alive(dir.path());
    let root = Person::first(&server);
    let documented = documented();
    for format in ["json", "msgpack"] {
        let mut stream =
            Stream::open(&server, &format!("format={format}&ticket={}", root.ticket()), None).unwrap();
        let book = stream.subscribe("book:BTCUSDT", None);
        assert_eq!(shape(&book), shape(&documented["subscribed"]));
        assert!(book["snapshot"]["bids"].as_array().unwrap().len() <= 50);
        assert_eq!(shape(&stream.event("book:BTCUSDT")["data"]), shape(&book["snapshot"]));
        let trades = stream.subscribe("trades:BTCUSDT", None);
        let told = stream.event("trades:BTCUSDT");
        assert_eq!(shape(&told), shape(&documented["event"]));
        let known = trades["snapshot"]["trades"].as_array().unwrap();
        assert_eq!(known.len(), 100);
        let last = known.last().unwrap();
        assert_eq!(shape(last), shape(&told["data"]));
        assert!(told["data"]["id"].as_u64() <= last["id"].as_u64().map(|id| id + 1), "no trade left out");
        let ticker = stream.subscribe("ticker:BTCUSDT", None);
        assert_eq!(shape(&ticker["snapshot"]), shape(&documented["symbol"]));
        assert_eq!(shape(&stream.event("ticker:BTCUSDT")["data"]), shape(&documented["symbol"]));
        let candles = stream.subscribe("candles:BTCUSDT:1m", None);
        assert_eq!(candles["snapshot"]["candles"].as_array().unwrap().len(), 10);
        assert_eq!(shape(&candles["snapshot"]["candles"][9]), shape(&documented["t"]));
        assert_eq!(shape(&stream.event("candles:BTCUSDT:1m")["data"]), shape(&documented["t"]));
        let all = stream.subscribe("market-data", None);
        assert_eq!(all["snapshot"]["tickers"].as_array().unwrap().len(), 5);
        assert_eq!(shape(&stream.event("market-data")["data"]["tickers"][0]), shape(&documented["symbol"]));
        stream.say(&json!({ "op": "ping", "id": 1 }));
        let pong = stream.until(|message| message["type"] == "pong");
        assert_eq!(shape(&pong), shape(&documented["pong"]));
        let error = stream.subscribe("book:NOPE", None);
        assert_eq!((&error, shape(&error)), (&documented["error"], shape(&documented["error"])));
        stream.say(&json!({ "op": "unsubscribe", "rooms": ["book:BTCUSDT"] }));
        let left = stream.until(|message| message["type"] == "unsubscribed");
        assert_eq!(left, documented["unsubscribed"]);
    }
    server.stop(Signal::TERM);
}

#[test]
fn every_candle_is_closed_once_and_none_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = alive(dir.path());
    let root = Person::first(&server);
    let mut stream = root.stream();
    stream.subscribe("candles:ETHUSDT:1s", None);
    let mut closed: Vec<i64> = Vec::new();
    while closed.len() < 4 {
        let event = stream.event("candles:ETHUSDT:1s");
        let candle = &event["data"];
        let t = candle["t"].as_i64().unwrap();
        assert!(closed.last().is_none_or(|last| t > *last), "a closed candle never comes again");
        if candle["closed"] == true {
            closed.push(t);
        }
    }
    assert!(closed.windows(2).all(|pair| pair[1] - pair[0] == 1_000), "{closed:?}");
    let (from, to) = (closed[0], closed[3]);
    let rest =
        ask(server.api(), "GET", &format!("/api/candles/ETHUSDT?interval=1s&from={from}&to={to}"), &[], "");
    assert_eq!(rest.json()["candles"].as_array().unwrap().len(), 4);
    server.stop(Signal::TERM);
}

#[test]
fn people_hear_their_own_orders_and_positions_and_nobody_elses() {
    let dir = tempfile::tempdir().unwrap();
    let server = still(dir.path());
    let root = Person::first(&server);
    let add = json!({ "username": "tara", "password": PASSWORD, "role": "trader" });
    assert_eq!(root.call("POST", "/api/users", &add).status, 201);
    let tara = Person::login(&server, "tara");
    let (mut hers, mut his) = (tara.stream(), root.stream());
    for stream in [&mut hers, &mut his] {
        assert_eq!(stream.subscribe("orders", None)["snapshot"], json!({ "orders": [] }));
        assert_eq!(stream.subscribe("positions", None)["snapshot"], json!({ "positions": [] }));
    }
    assert_eq!(hers.subscribe("alerts", None)["code"], "forbidden");
    assert_eq!(his.subscribe("alerts", None)["snapshot"], json!({ "alerts": [] }));
    let order = tara.buy("0.001");
    let told = hers.until(|m| m["room"] == "orders" && m["data"]["status"] == "filled");
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(told["data"], tara.call("GET", &path, &Value::Null).json(), "field for field as in REST");
    let position = hers.event("positions");
    assert_eq!(
        (position["data"]["symbol"].as_str(), position["data"]["quantity"].as_str()),
        (Some("BTCUSDT"), Some("0.001"))
    );
    // Whatever came for him up to an event of his own is his.
    let own = root.buy("0.002");
    loop {
        let message = his.next().unwrap();
        assert_ne!(message["data"]["account"], told["data"]["account"], "{message}");
        if message["room"] == "positions" {
            assert_eq!(message["data"]["quantity"], "0.002");
            break;
        }
        assert_eq!(message["data"]["id"], own["id"]);
    }
    // An epoch of another's room opens nothing.
    let since = json!({ "epoch": told["epoch"].as_str().unwrap_or("x"), "offset": 0 });
    let mut again = root.stream();
    let entered = again.subscribe("orders", Some(&since));
    assert_eq!((entered["recovered"].as_bool(), &entered["snapshot"]["orders"]), (Some(false), &json!([])));
    server.stop(Signal::TERM);
}

#[test]
fn who_comes_back_gets_what_was_missed_or_a_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let server = still(dir.path());
    let root = Person::first(&server);
    let mut stream = root.stream();
    let entered = stream.subscribe("trades:BTCUSDT", None);
    root.buy("0.001");
    let seen = stream.event("trades:BTCUSDT");
    drop(stream);
    let missed: Vec<Value> = (0..5).map(|_| root.buy("0.001")).collect();
    let mut back = root.stream();
    let since = json!({ "epoch": entered["epoch"], "offset": seen["offset"] });
    let again = back.subscribe("trades:BTCUSDT", Some(&since));
    assert_eq!((again["recovered"].as_bool(), &again["snapshot"]), (Some(true), &Value::Null));
    let (mut offset, mut id) = (seen["offset"].as_u64().unwrap(), seen["data"]["id"].as_u64().unwrap());
    let mut quantity = 0.0;
    while quantity < 0.005 - 1e-9 {
        let event = back.event("trades:BTCUSDT");
        offset += 1;
        id += 1;
        assert_eq!((event["offset"].as_u64(), event["data"]["id"].as_u64()), (Some(offset), Some(id)));
        quantity += event["data"]["quantity"].as_str().unwrap().parse::<f64>().unwrap();
    }
    assert_eq!(missed.len(), 5);
    drop(back);
    server.stop(Signal::TERM);
    let server = still(dir.path());
    let root = Person::login(&server, "root");
    let mut other_run = root.stream();
    let anew = other_run.subscribe("trades:BTCUSDT", Some(&since));
    assert_eq!(anew["recovered"], false, "another run has another epoch");
    let trades = anew["snapshot"]["trades"].as_array().unwrap();
    assert!(
        trades.iter().any(|trade| trade["id"].as_u64() == Some(id)),
        "the snapshot has what was told before"
    );
    server.stop(Signal::TERM);
}

#[test]
fn a_ticket_is_good_once_and_a_page_of_another_origin_gets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = still(dir.path());
    let root = Person::first(&server);
    let ticket = root.ticket();
    let open = |query: &str, origin| Stream::open(&server, query, origin).map(drop);
    let with = |ticket: &str| format!("ticket={ticket}");
    assert_eq!(open(&with(&ticket), Some("https://evil.example")), Err((403, "origin".into())));
    assert_eq!(open("", None), Err((401, "ticket".into())));
    assert_eq!(open(&with(&root.token), None), Err((401, "ticket".into())), "a token is no ticket");
    assert_eq!(open(&format!("{}&form=x", with(&ticket)), None), Err((400, "invalid_request".into())));
    assert_eq!(open(&with(&ticket), None), Ok(()), "a refused handshake costs no ticket");
    assert_eq!(open(&with(&ticket), None), Err((401, "ticket".into())), "once");
    assert_eq!(ask(server.api(), "POST", "/api/ws/ticket", &[], "").status, 401);
    assert_eq!(ask(server.api(), "GET", "/ws?ticket=x", &[], "").status, 400);
    let _fifty: Vec<Stream> = (0..50).map(|_| root.stream()).collect();
    assert_eq!(open(&with(&root.ticket()), None), Err((429, "too_many_sockets".into())));
    server.stop(Signal::TERM);
}

#[test]
fn a_login_that_ends_closes_its_sockets_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let server = still(dir.path());
    let root = Person::first(&server);
    let other = Person::login(&server, "root");
    let (mut ended, mut stays) = (root.stream(), other.stream());
    let late = root.ticket();
    assert_eq!(root.call("POST", "/api/auth/logout", &Value::Null).status, 204);
    assert_eq!(ended.next(), Err(1008));
    assert_eq!(
        Stream::open(&server, &format!("ticket={late}"), None).map(drop),
        Err((401, "ticket".into())),
        "a ticket of an ended login"
    );
    assert_eq!(stays.subscribe("orders", None)["type"], "subscribed");
    // A user who is deactivated loses all of them.
    let add = json!({ "username": "tara", "password": PASSWORD, "role": "trader" });
    let tara_id = other.call("POST", "/api/users", &add).json()["id"].as_str().unwrap().to_owned();
    let mut hers = Person::login(&server, "tara").stream();
    let change = other.call("PATCH", &format!("/api/users/{tara_id}"), &json!({ "active": false }));
    assert_eq!(change.status, 200, "{}", change.body);
    assert_eq!(hers.next(), Err(1008));
    // The server's end is said, too.
    let stopping = std::thread::spawn(move || server.stop(Signal::TERM));
    let code = loop {
        match stays.next() {
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1001);
    drop(stays);
    assert_eq!(stopping.join().unwrap().code(), Some(0));
}

#[test]
fn people_hear_how_their_jobs_and_bots_go_and_nobody_elses() {
    let dir = tempfile::tempdir().unwrap();
    let server = still(dir.path());
    let root = Person::first(&server);
    let add = json!({ "username": "tara", "password": PASSWORD, "role": "trader" });
    assert_eq!(root.call("POST", "/api/users", &add).status, 201);
    let tara = Person::login(&server, "tara");
    let (mut hers, mut his) = (tara.stream(), root.stream());
    for stream in [&mut hers, &mut his] {
        assert_eq!(stream.subscribe("jobs", None)["snapshot"], json!({ "jobs": [] }));
        assert_eq!(stream.subscribe("bots", None)["snapshot"], json!({ "bots": [] }));
    }
    let cross = json!({
        "name": "hers", "strategy": "ema-cross", "symbols": ["BTCUSDT"], "interval": "1m",
        "params": { "fast": 3, "slow": 8, "qty": "0.1" }, "cash": "50000",
    });
    let run = tara.call("POST", "/api/backtests", &cross);
    assert_eq!(run.status, 202, "{}", run.body);
    let job = run.json()["job"].clone();
    let path = format!("/api/jobs/{}", job.as_str().unwrap());
    let first = hers.until(|m| m["room"] == "jobs" && m["data"]["status"] == "done");
    assert_eq!(first["data"], tara.call("GET", &path, &Value::Null).json(), "field for field as in REST");
    let bot = json!({
        "name": "hers", "strategy": "ema-cross", "markets": [{ "symbol": "BTCUSDT", "interval": "1s" }],
        "params": { "fast": 1, "slow": "2", "qty": 0.01 }, "funds": { "usdt": "10000" },
    });
    let made = tara.call("POST", "/api/bots", &bot);
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let told = hers.until(|m| m["room"] == "bots" && m["data"]["status"] == "paused");
    assert_eq!((&told["data"]["id"], &told["data"]["name"]), (&made.json()["id"], &json!("hers")));
    assert_eq!(tara.call("POST", &format!("/api/bots/{id}/start"), &json!({})).status, 200);
    let running = hers.until(|m| m["room"] == "bots" && m["data"]["status"] == "running");
    assert_eq!(running["data"]["id"], made.json()["id"]);
    assert_eq!(tara.call("POST", &format!("/api/bots/{id}/stop"), &json!({})).status, 200);
    hers.until(|m| m["room"] == "bots" && m["data"]["status"] == "stopped");
    assert_eq!(tara.call("DELETE", &format!("/api/bots/{id}"), &Value::Null).status, 204);
    let removed = hers.until(|m| m["room"] == "bots" && m["data"]["removed"] == true);
    assert_eq!(removed["data"]["id"], made.json()["id"]);
    // However quick it was, its end is told.
    assert_eq!(tara.call("POST", "/api/backtests", &cross).status, 202);
    let ended =
        hers.until(|m| m["room"] == "jobs" && m["data"]["status"] == "done" && m["data"]["id"] != job);
    assert_eq!((&ended["data"]["kind"], &ended["data"]["progress"]), (&json!("backtest"), &json!(100.0)));
    // Nothing of all that came to him: what comes first is his own.
    let own = root.call("POST", "/api/bots", &bot).json();
    let first = his.until(|m| m["type"] == "event");
    assert_eq!((&first["room"], &first["data"]["id"]), (&json!("bots"), &own["id"]));
    server.stop(Signal::TERM);
}

#[test]
fn live_indicators_are_those_of_rest_and_change_with_the_market() {
    let dir = tempfile::tempdir().unwrap();
    let server = still(dir.path());
    let root = Person::first(&server);
    let mut stream = root.stream();
    let told = stream.subscribe("indicators:BTCUSDT:1m", None)["snapshot"].clone();
    let names: Vec<&str> =
        told["indicators"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 4, "{told}");
    let path = format!("/api/indicators/BTCUSDT?interval=1m&limit=1&names={}", names.join(","));
    let rest = ask(server.api(), "GET", &path, &[], "").json();
    // Unless a minute has begun between the two.
    if rest["t"][0] == told["t"] {
        for (live, whole) in
            told["indicators"].as_array().unwrap().iter().zip(rest["indicators"].as_array().unwrap())
        {
            assert_eq!(live["name"], whole["name"]);
            let (a, b) = (&live["outputs"][0]["value"], &whole["outputs"][0]["values"][0]);
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= b.abs() * 1e-9, "{live} {whole}");
        }
    }
    // A trade changes the open candle, and what is computed over it.
    root.buy("0.5");
    let event = stream.event("indicators:BTCUSDT:1m")["data"].clone();
    assert_eq!(shape(&event), shape(&told));
    assert_ne!(event, told);
    assert_eq!(stream.subscribe("indicators:NOPE:1m", None)["code"], "unknown_market");
    server.stop(Signal::TERM);
}
