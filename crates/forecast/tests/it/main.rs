//! Integration tests: hostile series, and the reference values of independent programs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod hostile;
mod lstm;
mod market;
mod prophet;
mod reference;
