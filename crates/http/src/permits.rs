//! Who may be connected: one permit per connection, in all and per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Counts connections. The mutex guards two small counts, is held for a few instructions and never across an await.
#[derive(Debug)]
pub(crate) struct Permits {
    max: usize,
    per_ip_max: usize,
    by_ip: Mutex<HashMap<IpAddr, usize>>,
    live: watch::Sender<usize>,
}

/// The right to be connected; given back on drop.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Arc<Permits>,
    ip: IpAddr,
}

impl Permits {
    pub(crate) fn new(max: usize, per_ip_max: usize) -> Arc<Self> {
        let live = watch::channel(0).0;
        Arc::new(Self { max, per_ip_max, by_ip: Mutex::new(HashMap::new()), live })
    }

    /// A permit, or `None` when a limit is reached.
    pub(crate) fn take(self: &Arc<Self>, ip: IpAddr) -> Option<Permit> {
        let mut by_ip = self.by_ip.lock().unwrap_or_else(PoisonError::into_inner);
        let live = *self.live.borrow();
        let here = by_ip.get(&ip).copied().unwrap_or(0);
        if live >= self.max || here >= self.per_ip_max {
            return None;
        }
        by_ip.insert(ip, here + 1);
        self.live.send_modify(|live| *live += 1);
        Some(Permit { permits: Arc::clone(self), ip })
    }

    /// Returns once nobody is connected.
    pub(crate) async fn empty(&self) {
        let mut live = self.live.subscribe();
        // The sender lives in `self`, so this cannot fail while we wait.
        let _ = live.wait_for(|live| *live == 0).await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut by_ip = self.permits.by_ip.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = by_ip.get_mut(&self.ip) {
            *here -= 1;
            if *here == 0 {
                by_ip.remove(&self.ip);
            }
        }
        self.permits.live.send_modify(|live| *live -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn permits_end_at_both_limits_and_come_back() {
        let permits = Permits::new(3, 2);
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = permits.take(a).unwrap();
        let second = permits.take(a).unwrap();
        assert!(permits.take(a).is_none(), "two per address");
        let third = permits.take(b).unwrap();
        assert!(permits.take(b).is_none(), "three in all");
        drop(first);
        let fourth = permits.take(b).unwrap();
        drop((second, third, fourth));
        permits.empty().await;
        assert!(permits.by_ip.lock().unwrap().is_empty());
    }
}
