//! Names of orders that are being placed with a key of their sender's: who repeats a request waits until the first one is answered.
//!
//! So two requests with one key are never judged beside each other, and the second finds what the first one recorded (invariant O1).
//! Bounded by the requests in flight.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use store::AccountId;
use tokio::sync::Notify;

type Name = (AccountId, String);

/// The names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    // Held for one look-up, never across an await.
    taken: Mutex<BTreeSet<Name>>,
    freed: Notify,
}

/// A name that is one's own until this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Arc<Claims>,
    name: Name,
}

impl Claims {
    /// Takes a name, once nobody else has it.
    pub(crate) async fn claim(self: &Arc<Self>, account: AccountId, client_id: &str) -> Claim {
        let name = (account, client_id.to_owned());
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Before the look: what is freed in between is heard.
            freed.as_mut().enable();
            if self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone()) {
                return Claim { claims: Arc::clone(self), name };
            }
            freed.await;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        self.claims.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn the_second_waits_for_the_first_and_others_do_not() {
        let (claims, account) = (Arc::new(Claims::default()), AccountId::new());
        let first = claims.claim(account, "a").await;
        let mut second = Box::pin(claims.claim(account, "a"));
        assert!(second.as_mut().now_or_never().is_none());
        drop(claims.claim(account, "b").await);
        drop(claims.claim(AccountId::new(), "a").await);
        assert!(second.as_mut().now_or_never().is_none(), "others do not free it");
        drop(first);
        let second = second.await;
        assert!(Box::pin(claims.claim(account, "a")).as_mut().now_or_never().is_none());
        drop(second);
        assert!(claims.taken.lock().unwrap().is_empty());
    }
}
