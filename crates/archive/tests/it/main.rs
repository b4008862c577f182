//! The archive as its users see it: files in, words of `types` out, whatever the file is.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod bench;
mod hostile;
mod importing;
mod reading;
mod recorded;
mod verifying;
