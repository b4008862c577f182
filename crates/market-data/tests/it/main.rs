//! The book against a recorded session of a real venue, and against every way a message can go missing.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod faults;
mod recorded;
