//! The simulated venue: orders against bars, books and prints; money, latency, liquidation.

#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod bars;
mod books;
mod desk;
mod money;
mod resume;
