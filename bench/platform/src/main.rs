//! `cargo run --release -- [SECONDS]`: each line of the report is one run of SECONDS (5).
//!
//! The program under test is TRADEWIND_BIN, else the workspace's release build; it and the bare hyper server run as processes of their
//! own, one after the other, on the same cores as this generator.

#[path = "../../rest/src/load.rs"]
mod load;

use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use load::{Outcome, Requests, run};

/// Connections of the closed loops.
const MANY: usize = 16;
const PASSWORD: &str = "correct horse battery";

/// A process that ends with its measurement.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "hello") {
        return hello(arguments[1].parse().expect("a length")).await;
    }
    let seconds = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(5.0);
    let length = Duration::from_secs_f64(seconds);
    let dir = tempfile::tempdir().expect("a folder");
    println!("| what | connections | per second | p50 us | p99 us | p99.9 us | not 200 | beside hyper |");
    println!("|---|---|---|---|---|---|---|---|");
    // Without limits: a closed loop of one address asks far more than one address may.
    let (platform_free, ready) = platform(&dir.path().join("free"), false);
    let addr: SocketAddr = address(&ready["api"]["http"]);
    for path in ["/api/tickers", "/api/book/BTCUSDT?depth=20", "/api/candles/BTCUSDT?interval=1m&limit=100"] {
        let len = body_len(addr, path).await;
        let (bare, bare_addr) = bare(len);
        let yardstick = measured(&format!("bare hyper, {len} bytes"), bare_addr, get("/", None), MANY, length, None, None).await;
        drop(bare);
        measured(&format!("GET {path}"), addr, get(path, None), MANY, length, None, Some(yardstick)).await;
    }
    drop(platform_free);
    // With the limits that everybody starts with: they are what keeps the flood away.
    let (_platform, ready) = platform(&dir.path().join("limited"), true);
    let addr: SocketAddr = address(&ready["api"]["http"]);
    let root = set_up(addr, &ready).await;
    flood(addr, &root, length).await;
}

/// One user asks at a usual pace, alone and while another asks as quickly as it can.
async fn flood(addr: SocketAddr, root: &str, length: Duration) {
    let quiet = add(addr, root, "quiet").await;
    let loud = add(addr, root, "loud").await;
    let rate = 50.0;
    let usual = get("/api/positions", Some(&quiet));
    let alone = measured("one user at 50/s, alone", addr, usual.clone(), 4, length, Some(rate), None).await;
    let mut ratios = Vec::new();
    for (name, times) in [("ten times as much", Some(10.0)), ("as quickly as it can", None)] {
        let asked = times.map(|times| rate * times);
        let flooding = tokio::spawn(run(addr, get("/api/positions", Some(&loud)), MANY, length, asked));
        let beside =
            measured(&format!("the same beside another: {name}"), addr, usual.clone(), 4, length, Some(rate), None).await;
        let flood = flooding.await.expect("the flood ends");
        row(&format!("the other user: {name}"), MANY, &flood, None);
        ratios.push(format!("{name} {:.2}", beside.p99 / alone.p99));
    }
    println!("\np99 beside the other / alone: {}", ratios.join(", "));
}

#[derive(Clone, Copy)]
struct Yardstick {
    per_second: f64,
    p99: f64,
}

async fn measured(
    name: &str,
    addr: SocketAddr,
    requests: Requests,
    connections: usize,
    length: Duration,
    rate: Option<f64>,
    beside: Option<Yardstick>,
) -> Yardstick {
    let outcome = run(addr, requests, connections, length, rate).await;
    row(name, connections, &outcome, beside);
    Yardstick { per_second: outcome.per_second, p99: outcome.latency_ns.value_at_quantile(0.99) as f64 }
}

fn row(name: &str, connections: usize, outcome: &Outcome, beside: Option<Yardstick>) {
    let us = |share: f64| outcome.latency_ns.value_at_quantile(share) / 1_000;
    let ratio = beside.map_or_else(|| "–".to_owned(), |b| format!("{:.2}", outcome.per_second / b.per_second));
    println!(
        "| {name} | {connections} | {:.0} | {} | {} | {} | {} | {ratio} |",
        outcome.per_second,
        us(0.5),
        us(0.99),
        us(0.999),
        outcome.failed
    );
}

fn get(path: &str, token: Option<&str>) -> Requests {
    let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let text = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n").into_bytes();
    Arc::new(move || text.clone())
}

/// The program under test on free ports, its market standing still.
fn platform(dir: &std::path::Path, limits: bool) -> (Process, Value) {
    let built = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/tradewind"));
    let program = std::env::var_os("TRADEWIND_BIN").map_or(built, PathBuf::from);
    let mut command = Command::new(program);
    command.args(["serve", "--json", "--log", "warn", "--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0"]);
    command.args(["--participants-speed", "0", "--durability", "buffered", "--data-dir"]).arg(dir);
    command.env("TRADEWIND__LIMITS__ENABLED", limits.to_string());
    let (process, line) = started(command);
    (process, serde_json::from_str(&line).expect("the program starts and says where it listens"))
}

/// A bare hyper server whose answers have so many bytes.
fn bare(len: usize) -> (Process, SocketAddr) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["hello", &len.to_string()]);
    let (process, line) = started(command);
    (process, line.trim().parse().expect("an address"))
}

fn started(mut command: Command) -> (Process, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program can be started");
    let mut out = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    (Process(child), line)
}

fn address(url: &Value) -> SocketAddr {
    url.as_str().expect("an address").trim_start_matches("http://").parse().expect("an address")
}

async fn hello(len: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("{}", listener.local_addr().expect("a bound socket"));
    let body = Bytes::from(vec![b'x'; len]);
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).expect("a TCP socket");
        let body = body.clone();
        let answer = service_fn(move |_: hyper::Request<Incoming>| {
            let body = body.clone();
            async move { Ok::<_, Infallible>(hyper::Response::new(Full::new(body))) }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

/// Asks once on a connection of its own; status and body.
async fn ask(addr: SocketAddr, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(addr).await.expect("the server listens");
    let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{bearer}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server answers");
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
    let status = std::str::from_utf8(&answer[9..12]).expect("a status").parse().expect("a number");
    (status, answer[split..].to_vec())
}

async fn body_len(addr: SocketAddr, path: &str) -> usize {
    let (status, body) = ask(addr, "GET", path, None, &Value::Null).await;
    assert_eq!(status, 200, "{path}");
    body.len()
}

async fn set_up(addr: SocketAddr, ready: &Value) -> String {
    let body = json!({ "code": ready["api"]["setup_code"], "username": "root", "password": PASSWORD });
    token(ask(addr, "POST", "/api/setup", None, &body).await)
}

async fn add(addr: SocketAddr, root: &str, name: &str) -> String {
    let body = json!({ "username": name, "password": PASSWORD, "role": "trader" });
    assert_eq!(ask(addr, "POST", "/api/users", Some(root), &body).await.0, 201);
    token(ask(addr, "POST", "/api/auth/login", None, &json!({ "username": name, "password": PASSWORD })).await)
}

fn token((status, body): (u16, Vec<u8>)) -> String {
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let value: Value = serde_json::from_slice(&body).expect("JSON");
    value["token"].as_str().expect("a token").to_owned()
}
