//! A small HTTP client that sends exactly the bytes it is told to, and signs as Binance's clients do.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use ring::hmac;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An API key with its HMAC secret.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) api_key: Arc<str>,
    pub(crate) secret: Arc<str>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.body))
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut hits = lines.filter(|(have, _)| have.eq_ignore_ascii_case(name));
        hits.next().map(|(_, value)| value.trim())
    }

    /// Status and Binance's code.
    pub(crate) fn refusal(&self) -> (u16, i64) {
        (self.status, self.json()["code"].as_i64().unwrap_or_default())
    }

    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }
}

/// Sends requests, one connection each.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    addr: SocketAddr,
    key: Option<Key>,
}

impl Client {
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self { addr, key: None }
    }

    pub(crate) fn with_key(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }

    /// An unsigned GET.
    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[], "").await
    }

    /// A signed request with all parameters in the query.
    pub(crate) async fn signed(&self, method: &str, path: &str, params: &str) -> Reply {
        let key = self.key.as_ref().expect("a client with a key");
        let payload = stamped(params);
        let target = format!("{path}?{payload}&signature={}", sign(&key.secret, &payload));
        self.send(method, &target, &[("X-MBX-APIKEY", &key.api_key)], "").await
    }

    /// A request with these headers and this body. Content-Length is added if there is a body.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        let reply = self.raw(format!("{head}\r\n{body}").as_bytes()).await;
        reply.unwrap_or_else(|| panic!("no answer to {method} {target}"))
    }

    /// Sends bytes and reads until the server closes. `None` if it closed without an answer.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Option<Reply> {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply).await;
        let text = String::from_utf8_lossy(&reply);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
    }
}

/// `params` with the present time.
pub(crate) fn stamped(params: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    if params.is_empty() { format!("timestamp={now}") } else { format!("{params}&timestamp={now}") }
}

/// HMAC-SHA256 in hexadecimal.
pub(crate) fn sign(secret: &str, payload: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), payload.as_bytes());
    tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
