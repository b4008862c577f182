//! The cache alone, under crowds and along a Zipf trace, and in front of a real Redis that is killed and comes back.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod crowds;
mod redis;
