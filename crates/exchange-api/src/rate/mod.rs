//! Request and order limits (rest-api.md, "LIMITS"): requests per address by weight and by number, orders per account.
//!
//! Counting windows are fixed and aligned to the clock, as Binance's are (`X-MBX-USED-WEIGHT-1M` falls to zero at the full
//! minute). An address that goes on after 429 is banned with 418, longer each time. Memory is bounded: at most
//! [`addresses::ADDRESSES_MAX`] addresses are remembered, and idle ones are forgotten first.

mod addresses;
mod fills;
mod orders;

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use types::{AccountId, Time};

pub(crate) use fills::follow;
pub(crate) use orders::OrderCounts;

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

/// All counters of a server. Each mutex guards a map that is changed in a few instructions, never across an await.
#[derive(Debug)]
pub(crate) struct Meters {
    limits: Option<RateLimits>,
    addresses: Mutex<addresses::Addresses>,
    orders: Mutex<orders::Accounts>,
}

impl Meters {
    pub(crate) fn new(limits: Option<RateLimits>) -> Self {
        Self { limits, addresses: Mutex::default(), orders: Mutex::default() }
    }

    /// The limits to print; Binance's when none are enforced.
    pub(crate) fn limits(&self) -> RateLimits {
        self.limits.clone().unwrap_or_default()
    }

    /// Counts a request of `weight`; gives the weight used in this minute. -1003 with 429 when too much was used in this
    /// window, with 418 while the address is banned.
    pub(crate) fn charge(&self, ip: IpAddr, weight: u32, at: Time) -> Result<u32, ApiError> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.charge(ip, weight, at, self.limits.as_ref())
    }

    /// Takes weight back: an order that succeeds costs none (since 2026-04-02).
    pub(crate) fn refund(&self, ip: IpAddr, weight: u32, at: Time) -> u32 {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.refund(ip, weight, at)
    }

    /// The weight an address used in this minute.
    pub(crate) fn used(&self, ip: IpAddr, at: Time) -> u32 {
        self.refund(ip, 0, at)
    }

    /// An account's order counts now.
    pub(crate) fn orders(&self, account: AccountId, at: Time) -> OrderCounts {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).read(account, at)
    }

    /// Whether an account may place `count` more orders now: -1015 with 429 if not.
    pub(crate) fn admit_orders(&self, account: AccountId, count: u32, at: Time) -> Result<(), ApiError> {
        let Some(limits) = &self.limits else { return Ok(()) };
        self.orders(account, at).admit(count, limits, at)
    }

    /// Counts orders that were placed and did not fill; gives the counts.
    pub(crate) fn count_orders(&self, account: AccountId, count: u32, at: Time) -> OrderCounts {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).add(account, count, at)
    }

    /// Takes one order back: a resting order got its first fill.
    pub(crate) fn uncount_order(&self, account: AccountId, at: Time) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).remove(account, at);
    }
}
