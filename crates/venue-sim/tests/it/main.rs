//! The simulated venue: orders against bars, books and prints; money, latency, liquidation.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod attended;
mod bars;
mod books;
mod desk;
mod money;
mod resume;
