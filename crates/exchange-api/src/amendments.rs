//! The amendments made since this server started, for `order/amendments`. The journal keeps them for ever, but no view of it
//! does: this is a known limitation.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use types::{AccountId, ClientOrderId, MarketId, OrderId, Qty, Time};

/// Amendments kept, about 2 MB; the oldest are forgotten first.
const KEPT_MAX: usize = 10_000;

/// One reduction of an order's quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amendment {
    pub(crate) account: AccountId,
    pub(crate) market: MarketId,
    pub(crate) order: OrderId,
    /// The command's number in the log.
    pub(crate) execution: u64,
    pub(crate) previous_id: ClientOrderId,
    pub(crate) client_id: ClientOrderId,
    pub(crate) previous_qty: Qty,
    pub(crate) qty: Qty,
    pub(crate) at: Time,
}

/// The newest amendments. The mutex guards a short queue, held for a scan of it, never across an await.
#[derive(Debug, Default)]
pub(crate) struct Amendments(Mutex<VecDeque<Amendment>>);

impl Amendments {
    pub(crate) fn push(&self, amendment: Amendment) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(amendment);
    }

    /// Those of an account's order from execution `from` on, oldest first.
    pub(crate) fn of_order(
        &self,
        account: AccountId,
        order: OrderId,
        from: u64,
        limit: usize,
    ) -> Vec<Amendment> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = kept.iter().filter(|a| a.account == account && a.order == order && a.execution >= from);
        wanted.take(limit).copied().collect()
    }
}
