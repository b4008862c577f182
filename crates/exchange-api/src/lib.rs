//! The Binance spot protocol in front of [`exchange_host`]: REST, market and user streams, WebSocket API.
//!
//! One table of endpoints (`dispatch`) serves REST and the WebSocket API alike: a handler gets a `Call` (parameters,
//! who calls, time unit) and gives JSON text or an `ApiError`. Whatever a client sends, it gets Binance's error and
//! nothing else: no 5xx, no hang, no panic, and no change of the ledger by a request that was refused.
//!
//! Rules come from binance/binance-spot-api-docs @ a5e0bc3 (2026-07-21) unless a module says otherwise.

mod auth;
mod call;
mod config;
mod context;
mod dispatch;
mod error;
mod filters;
mod handlers;
mod json;
pub mod limits;
mod listen_keys;
mod params;
pub mod probe;
mod rate;
mod refusal;
mod render;
mod rendered;
mod rest;
mod serve;
mod streams;
mod timezone;
mod words;
mod ws_api;

pub use config::ApiConfig;
pub use rate::RateLimits;
pub use serve::{BoundServer, ServeError, serve};
