//! The platform itself: its release build as a process, and users whose clients follow the room of all tickers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::clients::{connect, number_after};
use crate::process::{Server, started};

/// One user may have so many.
const SOCKETS_EACH: usize = 50;
const PASSWORD: &str = "correct horse battery";

/// The program under test.
pub(crate) struct Platform {
    server: Server,
    tokens: Vec<String>,
    _dir: tempfile::TempDir,
}

impl Platform {
    /// Starts it with as many users as `clients` need.
    pub(crate) async fn start(clients: usize) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let built = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/tradewind"));
        let program = std::env::var_os("TRADEWIND_BIN").map_or(built, PathBuf::from);
        let mut command = Command::new(program);
        command.args(["serve", "--json", "--log", "error", "--exchange-addr", "127.0.0.1:0"]);
        command.args(["--api-addr", "127.0.0.1:0", "--data-dir"]).arg(dir.path());
        // All clients come from one address here.
        command.env("TRADEWIND__LIMITS__ENABLED", "false").env("TRADEWIND__API__CONNECTIONS_PER_IP_MAX", "100000");
        let (child, line) = started(&mut command);
        let ready: Value = serde_json::from_str(&line).expect("the program starts and says where it listens");
        let url = ready["api"]["http"].as_str().expect("an address");
        let addr: SocketAddr = url.trim_start_matches("http://").parse().expect("an address");
        let server = Server::of(child, addr);
        let body = json!({ "code": ready["api"]["setup_code"], "username": "root", "password": PASSWORD });
        let root = token(&ask(addr, "/api/setup", None, &body).await);
        let mut tokens = Vec::new();
        for n in 0..clients.div_ceil(SOCKETS_EACH) {
            let who = json!({ "username": format!("user{n}"), "password": PASSWORD, "role": "viewer" });
            ask(addr, "/api/users", Some(&root), &who).await;
            tokens.push(token(&ask(addr, "/api/auth/login", None, &who_of(&who)).await));
        }
        Self { server, tokens, _dir: dir }
    }

    pub(crate) const fn server(&self) -> &Server {
        &self.server
    }

    /// The n-th client, in the room.
    pub(crate) async fn connect(&self, n: usize) -> WebSocketStream<TcpStream> {
        let owner = &self.tokens[n / SOCKETS_EACH];
        let ticket = ask(self.server.addr, "/api/ws/ticket", Some(owner), &Value::Null).await;
        let ticket = ticket["ticket"].as_str().expect("a ticket");
        let mut socket = connect(self.server.addr, &format!("/ws?ticket={ticket}")).await;
        let request = json!({ "op": "subscribe", "rooms": ["market-data"] }).to_string();
        socket.send(Message::text(request)).await.expect("a request is sent");
        socket
    }
}

/// When an event was published, in microseconds (to the millisecond below); nothing for other messages.
pub(crate) fn event_time(text: &str) -> Option<u64> {
    let is_event = text.starts_with("{\"type\":\"event\"") || text.starts_with("{\"type\":\"batch\"");
    if is_event { number_after(text, "\"ts\":").map(|ms| ms * 1_000) } else { None }
}

fn who_of(user: &Value) -> Value {
    json!({ "username": user["username"], "password": user["password"] })
}

fn token(answer: &Value) -> String {
    answer["token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

/// Posts once on a connection of its own.
async fn ask(addr: SocketAddr, path: &str, token: Option<&str>, body: &Value) -> Value {
    let mut stream = TcpStream::connect(addr).await.expect("the server listens");
    let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{bearer}Content-Type: application/json\r\nContent-Length: \
         {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{path}: {answer}"))
}
