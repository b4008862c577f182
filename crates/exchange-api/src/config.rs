//! How the API is set up. Everything has a default.

use std::net::{Ipv4Addr, SocketAddr};

use crate::RateLimits;

/// Settings of [`crate::serve()`].
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Time-outs and bounds of connections.
    pub http: http::Limits,
    /// Binance's request and order limits; `None` counts and reports but refuses nothing (tests on loopback).
    pub rate: Option<RateLimits>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            http: http::Limits::default(),
            rate: Some(RateLimits::default()),
        }
    }
}
