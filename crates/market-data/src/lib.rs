//! Layer 1: what a market shows. The book of price levels kept from a snapshot and a stream of changes; bars from trades.
//!
//! A book is either continuous or it says so (invariant M1): [`SyncedBook`] turns STALE at the first gap and no reader gets a
//! level out of it before a new snapshot has made it whole again (M2). A repeated message is counted and ignored (M4).

pub mod bars;
mod book;
pub mod fold;
pub mod limits;
mod markets;
mod saved;
mod side;
mod sync;

pub use book::Book;
pub use markets::{MarketView, Markets};
pub use side::Ladder;
pub use sync::{Applied, Counters, StaleReason, State, SyncedBook};
