//! What everybody reads: projections of the durable events. Locks are short and the writer never waits long for a reader.
//!
//! The account side is here (`accounts`, `orders`); the market side is in [`market`].

mod account;
mod catalog;
pub mod market;

use std::sync::{Arc, PoisonError, RwLock};

pub use account::{Balance, Balances};
pub use catalog::Catalog;
pub use history::{AccountFill, ClosedOrder as OrderRecord, Failure, PreventedMatch, Range};

/// All views of a host.
#[derive(Debug, Default)]
pub struct View {
    catalog: RwLock<Arc<Catalog>>,
}

impl View {
    /// What is listed.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }
}
