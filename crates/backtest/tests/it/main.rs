//! Whole runs through engine, risk, orders, ledger and simulated venue.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod bench;
mod brackets;
mod faults;
mod look_ahead;
mod reference;
mod report;
mod stored;
mod time;
mod vector;
