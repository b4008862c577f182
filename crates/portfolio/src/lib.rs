//! Double-entry ledger: who owns what, and how it came about.
//!
//! Every change is a balanced transaction of [`Posting`]s (invariant L2); customer balances never fall below zero (L3);
//! the sum over all pots of an asset is always zero, because what came in is booked against the house (L1).
//! Integers only (L7). Steady state allocates nothing.

mod ledger;
mod limits;
pub mod position;
mod posting;
mod wire;

pub use ledger::{Balance, Holder, Ledger, Touched};
pub use limits::{MONEY_MAX, TRANSACTION_ASSETS_MAX};
pub use posting::{Posting, PostingError, Pot};
