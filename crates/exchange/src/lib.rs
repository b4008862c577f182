//! The multi-account exchange core: accounts, holds, order books, fees; deterministic.
//!
//! One way in ([`Exchange::apply`]), one way out ([`types::Event`]); no clock, no I/O, no random source, no hash order.
//! A refused command leaves the state as it was, to the last bit of the snapshot.

mod accounts;
mod amend;
mod average;
mod cancels;
mod check;
mod desk;
mod exchange;
mod filters;
mod hash;
mod holds;
mod limits;
mod listing;
mod lists;
mod money;
mod orders;
mod placing;
mod read;
mod replace;
mod seats;
mod settle;
mod slab;
mod snapshot;
mod step;
mod triggers;

pub use check::Violation;
pub use exchange::Exchange;
pub use limits::{ACCOUNTS_MAX, ASSETS_MAX, ICEBERG_PARTS_MAX, MARKETS_MAX, MEMO_SLOTS};
pub use read::{Counters, HeldBalance};
pub use snapshot::RestoreError;

/// For the tests of this crate.
#[doc(hidden)]
pub mod testing {
    pub use crate::snapshot::sealed;
}
