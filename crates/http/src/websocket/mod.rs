//! WebSocket: the handshake, and a connection with bounded queues both ways.
//!
//! [`accept`] answers the handshake and runs a handler with an [`Inbox`] and an [`Outbox`]. One task per connection moves
//! bytes and runs the handler. It reads nothing more while the inbox is full (the client then waits in TCP), and the outbox
//! never grows beyond its bounds: a message that is [offered](Outbox::offer) and does not fit ends the connection, because
//! a client that misses messages must know it.

mod deflate;
mod frames;
mod gate;
mod pump;
mod queue;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
pub use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
pub use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

pub use queue::{Closed, Inbox, Outbox, Payload};

use crate::{Request, Response};

/// What a socket's client may take, in time and space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Largest message from the client, in bytes. A larger one ends the connection with 1009.
    pub message_len_max: usize,
    /// Most messages waiting for the handler; then nothing more is read.
    pub inbox_len_max: usize,
    /// Most messages waiting for the client.
    pub outbox_len_max: usize,
    /// Most bytes waiting for the client, at most `u32::MAX`.
    pub outbox_bytes_max: usize,
    /// How often the client is pinged.
    pub ping_every: Duration,
    /// How long the client may send nothing at all, not even a pong.
    pub silence_max: Duration,
    /// How long the exchange of closing messages may take.
    pub close_max: Duration,
    /// How long a connection may live.
    pub life_max: Duration,
    /// Whether a client that offers `permessage-deflate` gets it; see [`Outbox::deflates`].
    pub deflate: bool,
}

impl Default for Policy {
    /// Binance's numbers where it has some: a ping every 20 s, one minute to answer, 24 h of life.
    fn default() -> Self {
        Self {
            message_len_max: 64 * 1024,
            inbox_len_max: 16,
            outbox_len_max: 4_096,
            outbox_bytes_max: 4 * 1024 * 1024,
            ping_every: Duration::from_secs(20),
            silence_max: Duration::from_secs(60),
            close_max: Duration::from_secs(2),
            life_max: Duration::from_secs(24 * 3_600),
            deflate: false,
        }
    }
}

/// Why a request cannot become a WebSocket. Answer 400 (426 for [`HandshakeError::NotAsked`] where nothing else is served).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// No upgrade to WebSocket was asked for.
    #[error("the request does not ask for a WebSocket")]
    NotAsked,
    /// Another version than 13, or no key.
    #[error("the WebSocket handshake is not valid")]
    Invalid,
}

/// True if the request asks to become a WebSocket.
#[must_use]
pub fn is_asked(request: &Request) -> bool {
    has_token(request.headers(), &header::UPGRADE, "websocket")
}

/// Turns `request` into a WebSocket: returns the answer that switches protocols, after which `handler` runs with the two
/// ends. The handler is dropped when the connection ends; the connection is closed when the handler ends.
pub fn accept<H, F>(mut request: Request, policy: Policy, handler: H) -> Result<Response, HandshakeError>
where
    H: FnOnce(Inbox, Outbox) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let key = check(&request)?;
    let upgrade = hyper::upgrade::on(&mut request.inner);
    let shared = Arc::clone(&request.shared);
    let agreed = if policy.deflate { deflate::answer(request.headers()) } else { None };
    let deflate = agreed.is_some();
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => pump::run(upgraded, policy, deflate, shared, handler).await,
            Err(error) => tracing::debug!(%error, "a WebSocket handshake broke off"),
        }
    });
    let mut response = Response::new(crate::body::whole(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    if let Some(agreed) = agreed {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, agreed);
    }
    Ok(response)
}

/// Checks the handshake (RFC 6455, 4.2.1) and gives the accept key.
fn check(request: &Request) -> Result<HeaderValue, HandshakeError> {
    if !is_asked(request) {
        return Err(HandshakeError::NotAsked);
    }
    let headers = request.headers();
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|v| v == "13");
    let connection = has_token(headers, &header::CONNECTION, "upgrade");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(HandshakeError::Invalid)?;
    // A key is the base64 text of 16 bytes.
    if request.method() != Method::GET || !version || !connection || key.len() != 24 {
        return Err(HandshakeError::Invalid);
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| HandshakeError::Invalid)
}

fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    let mut texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.any(|text| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
}

#[cfg(test)]
mod tests;
