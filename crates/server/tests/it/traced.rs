//! Traces: a real server, a collector that is an HTTP server of this test and reads protobuf, and a webhook that keeps what it is sent.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::Signal;
use serde_json::json;

use crate::person::Person;
use crate::program::{Server, ask};

/// An HTTP server that says 200 to everything and keeps heads and bodies.
struct Sink {
    addr: SocketAddr,
    requests: Receiver<(String, Vec<u8>)>,
}

impl Sink {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, (told, requests)) = (listener.local_addr().unwrap(), channel());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut head, mut len) = (String::new(), 0);
                while !head.ends_with("\r\n\r\n") {
                    let mut line = String::new();
                    stream.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                        len = value.trim().parse().unwrap();
                    }
                    head.push_str(&line);
                }
                let mut body = vec![0; len];
                stream.read_exact(&mut body).unwrap();
                stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                if told.send((head, body)).is_err() {
                    return;
                }
            }
        });
        Self { addr, requests }
    }
}

/// A protobuf message: its fields by number, each a number or bytes.
#[derive(Debug, Default)]
struct Fields(BTreeMap<u64, Vec<Field>>);

#[derive(Clone, Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

impl Fields {
    fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Self::default();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let fixed = |bytes: &mut &[u8], len: usize| -> Vec<u8> {
                let (value, rest) = bytes.split_at(len);
                *bytes = rest;
                value.to_vec()
            };
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut bytes)),
                1 => Field::Number(u64::from_le_bytes(fixed(&mut bytes, 8).try_into().unwrap())),
                2 => {
                    let len = usize::try_from(varint(&mut bytes)).unwrap();
                    Field::Bytes(fixed(&mut bytes, len))
                }
                5 => Field::Number(u32::from_le_bytes(fixed(&mut bytes, 4).try_into().unwrap()).into()),
                other => panic!("no wire type {other}"),
            };
            fields.0.entry(tag >> 3).or_default().push(field);
        }
        fields
    }

    fn all(&self, number: u64) -> Vec<Self> {
        let one = |field: &Field| match field {
            Field::Bytes(bytes) => Self::read(bytes),
            Field::Number(_) => panic!("{number} is no message"),
        };
        self.0.get(&number).into_iter().flatten().map(one).collect()
    }

    fn bytes(&self, number: u64) -> Vec<u8> {
        match self.0.get(&number).and_then(|all| all.first()) {
            Some(Field::Bytes(bytes)) => bytes.clone(),
            _ => Vec::new(),
        }
    }

    fn text(&self, number: u64) -> String {
        String::from_utf8(self.bytes(number)).unwrap()
    }

    fn number(&self, number: u64) -> u64 {
        match self.0.get(&number).and_then(|all| all.first()) {
            Some(Field::Number(value)) => *value,
            _ => 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    trace: String,
    span: String,
    parent: String,
    name: String,
    kind: u64,
    took_ns: u64,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The spans of an `ExportTraceServiceRequest`.
fn spans(body: &[u8]) -> Vec<Told> {
    let mut all = Vec::new();
    for of_resource in Fields::read(body).all(1) {
        let resource = of_resource.all(1).remove(0);
        let name = resource.all(1).into_iter().find(|pair| pair.text(1) == "service.name").unwrap();
        assert_eq!(name.all(2)[0].text(1), "tradewind");
        for span in of_resource.all(2).iter().flat_map(|scope| scope.all(2)) {
            all.push(Told {
                trace: hex(&span.bytes(1)),
                span: hex(&span.bytes(2)),
                parent: hex(&span.bytes(4)),
                name: span.text(5),
                kind: span.number(6),
                took_ns: span.number(8) - span.number(7),
            });
        }
    }
    all
}

/// Those of one trace, as they come, until all of these names are there.
fn trace(sink: &Sink, seen: &mut Vec<Told>, id: &str, names: &[&str]) -> Vec<Told> {
    loop {
        let mine: Vec<Told> = seen.iter().filter(|span| span.trace == id).cloned().collect();
        if names.iter().all(|name| mine.iter().any(|span| span.name == *name)) {
            return mine;
        }
        let (head, body) =
            sink.requests.recv_timeout(std::time::Duration::from_secs(60)).unwrap_or_else(|_| {
                panic!("{names:?} are not all in {mine:#?}");
            });
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Content-Type: application/x-protobuf\r\n"), "{head}");
        seen.extend(spans(&body));
    }
}

const CALLER: &str = "00f067aa0ba902b7";

/// The one of this name.
fn span(all: &[Told], name: &str) -> Told {
    all.iter().find(|span| span.name == name).cloned().unwrap()
}

/// A bot is told over the bus: its driver's part belongs to the request that told it.
fn a_bot_is_told(
    root: &Person,
    collector: &Sink,
    seen: &mut Vec<Told>,
    post: &mut impl FnMut(&str, &serde_json::Value, &str) -> String,
) {
    let bot = json!({
        "name": "traced", "strategy": "ema-cross", "markets": [{ "symbol": "BTCUSDT", "interval": "1s" }],
        "params": { "fast": 1, "slow": 2, "qty": "0.01" }, "funds": { "USDT": "10000" },
    });
    let id = post("/api/bots", &bot, "01");
    let all = trace(collector, seen, &id, &["POST /api/bots", "BotCommand"]);
    assert_eq!(span(&all, "BotCommand").parent, span(&all, "POST /api/bots").span, "{all:#?}");
    let bot = root.read("/api/bots")[0]["id"].as_str().unwrap().to_owned();
    let id = post(&format!("/api/bots/{bot}/start"), &json!({}), "01");
    let all = trace(collector, seen, &id, &["POST /api/bots/{bot_id}/start", "BotCommand"]);
    let (request, command) = (span(&all, "POST /api/bots/{bot_id}/start"), span(&all, "BotCommand"));
    assert_eq!((command.parent.as_str(), command.kind), (request.span.as_str(), 1), "{all:#?}");
    assert!(0 < command.took_ns && command.took_ns <= request.took_ns);
}

#[test]
fn a_request_its_command_its_bot_its_job_and_its_webhook_are_one_trace() {
    let (collector, hook) = (Sink::start(), Sink::start());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tradewind.toml");
    let config = format!(
        "[telemetry]\notlp = \"http://{}\"\n[alerts]\nwebhook = \"http://{}/hook\"\nprivate_addresses = true\n",
        collector.addr, hook.addr
    );
    std::fs::write(&file, config).unwrap();
    let options =
        ["--participants-speed", "0", "--durability", "buffered", "--config", file.to_str().unwrap()];
    let server = Server::start_with(dir.path(), &options);
    let root = Person::first(&server);
    let mut seen = Vec::new();
    let mut number = 0;
    let mut post = |path: &str, body: &serde_json::Value, flags: &str| {
        number += 1;
        let id = format!("4bf92f3577b34da6a3ce929d0e0e{number:04}");
        let bearer = format!("Bearer {}", root.token);
        let parent = format!("00-{id}-{CALLER}-{flags}");
        let headers = [("Authorization", bearer.as_str()), ("traceparent", parent.as_str())];
        let answer = ask(server.api(), "POST", path, &headers, &body.to_string());
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
        id
    };
    let order = json!({ "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001", "order_type": "market" });
    let id = post("/api/orders", &order, "01");
    let all = trace(&collector, &mut seen, &id, &["POST /api/orders", "exchange command"]);
    let (request, command) = (span(&all, "POST /api/orders"), span(&all, "exchange command"));
    assert_eq!((request.parent.as_str(), request.kind), (CALLER, 2), "{all:#?}");
    assert_eq!((command.parent.as_str(), command.kind), (request.span.as_str(), 1));
    assert!(0 < command.took_ns && command.took_ns <= request.took_ns);

    let run = json!({
        "strategy": "ema-cross", "symbols": ["BTCUSDT"], "interval": "1m",
        "params": { "fast": 3, "slow": 8, "qty": "0.1" }, "cash": "50000",
    });
    let id = post("/api/backtests", &run, "01");
    let all = trace(&collector, &mut seen, &id, &["POST /api/backtests", "job backtest"]);
    let (request, job) = (span(&all, "POST /api/backtests"), span(&all, "job backtest"));
    assert_eq!((job.parent.as_str(), job.kind), (request.span.as_str(), 5), "{all:#?}");

    a_bot_is_told(&root, &collector, &mut seen, &mut post);

    let id = post("/api/alerts/test", &json!({ "channel": "webhook" }), "01");
    let all = trace(&collector, &mut seen, &id, &["POST /api/alerts/test", "POST"]);
    let call = span(&all, "POST");
    assert_eq!((call.parent, call.kind), (span(&all, "POST /api/alerts/test").span, 3));
    let (head, _) = hook.requests.recv().unwrap();
    assert!(head.contains(&format!("traceparent: 00-{id}-{}-01\r\n", call.span)), "{head}");

    // A caller who does not want to be recorded is not; one behind it is there, so it would have come.
    let unsampled = post("/api/orders", &order, "00");
    let id = post("/api/orders", &order, "01");
    trace(&collector, &mut seen, &id, &["POST /api/orders"]);
    assert!(seen.iter().all(|span| span.trace != unsampled));
    server.stop(Signal::TERM);
}

#[test]
fn a_collector_that_is_away_costs_a_counter() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut command = crate::program::tradewind(&["serve", "--json", "--log", "warn", "--no-participants"]);
    command
        .args(["--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path());
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{gone}/"));
    let server = Server::spawn(&mut command, std::process::Stdio::inherit());
    let failed = || {
        let metrics = ask(server.api(), "GET", "/metrics", &[], "").body;
        metrics.lines().any(|line| line.starts_with("trace_spans_total{outcome=\"failed\"}"))
    };
    while !failed() {
        assert_eq!(ask(server.api(), "GET", "/api/markets", &[], "").status, 200);
    }
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}
