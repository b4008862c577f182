//! Layer 1: technical indicators, one value at a time in O(1), with a state that can be saved and restored bit for bit.
//!
//! Every indicator equals TA-Lib's batch function for the same series (tested against the official port). The state is our
//! own because TA-Lib's streams cannot be written down.

mod ema;

pub use ema::{Ema, Seed};
