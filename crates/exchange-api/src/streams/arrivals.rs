//! Counts new WebSocket connections per address: [`CONNECTIONS_PER_ADDRESS_MAX`] in [`CONNECTIONS_WINDOW`] (Binance).
//!
//! Loopback is exempt: whoever sits on this machine can do worse than connect, and load tests connect by the thousand.
//! Bound: [`ADDRESSES_MAX`] addresses; when that many are within their window, new ones are refused. The mutex guards a map
//! operation, never an await.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::limits::{ADDRESSES_MAX, CONNECTIONS_PER_ADDRESS_MAX, CONNECTIONS_WINDOW};

/// Arrivals per address in its present window.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Arrivals {
    /// Counts one connection; false if it is one too many.
    pub(crate) fn admits(&self, ip: IpAddr, now: Instant) -> bool {
        if ip.is_loopback() {
            return true;
        }
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= ADDRESSES_MAX && !table.contains_key(&ip) {
            table.retain(|_, (since, _)| now.duration_since(*since) < CONNECTIONS_WINDOW);
            if table.len() >= ADDRESSES_MAX {
                return false;
            }
        }
        let (since, count) = table.entry(ip).or_insert((now, 0));
        if now.duration_since(*since) >= CONNECTIONS_WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= CONNECTIONS_PER_ADDRESS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn an_address_may_connect_so_often_in_a_window() {
        let (arrivals, start) = (Arrivals::default(), Instant::now());
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for _ in 0..CONNECTIONS_PER_ADDRESS_MAX {
            assert!(arrivals.admits(one, start));
        }
        assert!(!arrivals.admits(one, start + CONNECTIONS_WINDOW / 2));
        assert!(arrivals.admits(other, start));
        assert!(arrivals.admits(one, start + CONNECTIONS_WINDOW));
    }

    #[test]
    fn loopback_is_exempt_and_the_table_is_bounded() {
        let (arrivals, start) = (Arrivals::default(), Instant::now());
        for _ in 0..=CONNECTIONS_PER_ADDRESS_MAX {
            assert!(arrivals.admits(IpAddr::V4(Ipv4Addr::LOCALHOST), start));
        }
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() {
            assert!(arrivals.admits(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n)), start));
        }
        assert!(!arrivals.admits(IpAddr::from([11, 0, 0, 1]), start));
        assert!(arrivals.admits(IpAddr::from([11, 0, 0, 1]), start + CONNECTIONS_WINDOW));
    }
}
