//! The step with a venue that fills at once: the reference run, the bots' rules, and equality of two runs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod bots;
mod brackets;
mod desk;
mod limits;
mod reference;
mod saved;
mod strategies;
mod street;
mod watched;
