//! HTTP/1.1 and WebSocket at the edge: an accept loop that no client can stall, fill up or bring down.
//!
//! Invariants
//! * Every wait for a client has an end: a request head, a body, an idle connection, a slow reader ([`Limits`]).
//! * Every connection is counted before a byte of it is read and given back exactly once, WebSockets included.
//! * A panic while one request is handled answers that request with [`Service::failed`], is logged and counted; the
//!   server and the other connections live on.
//! * What is queued for a WebSocket is bounded in messages and bytes; who cannot keep up is disconnected
//!   ([`websocket::Outbox`]).
//!
//! HTTP/2 and TLS are not spoken here: a reverse proxy does that.

pub mod body;
mod connection;
mod counters;
mod deadline;
mod limits;
mod permits;
mod request;
#[cfg(test)]
mod sample;
mod serve;
mod stop;
pub mod websocket;

pub use counters::{Counters, Counts};
pub use hyper::{HeaderMap, Method, StatusCode, Uri, header};
pub use limits::{HEAD_LEN_MIN, Limits};
pub use request::{BodyError, Request, Response};
pub use serve::{Service, listen, serve};
pub use stop::{Stop, Stopper, stop};
