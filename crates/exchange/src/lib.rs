//! The multi-account exchange core: accounts, holds, order books, fees; deterministic.
//!
//! One way in ([`Exchange::apply`]), one way out ([`types::Event`]); no clock, no I/O, no random source, no hash order.
//! A refused command leaves the state as it was, to the last bit of the snapshot.

mod accounts;
mod exchange;
mod hash;
mod limits;
mod listing;
mod money;
mod read;
mod step;

pub use exchange::{Exchange, RestoreError, Violation};
pub use limits::{ACCOUNTS_MAX, ASSETS_MAX, MARKETS_MAX, MEMO_SLOTS};
pub use read::{Counters, HeldBalance};
