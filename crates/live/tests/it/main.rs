//! Bots on a real built-in exchange, and the sessions they leave.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod bots;
mod sessions;
mod world;
