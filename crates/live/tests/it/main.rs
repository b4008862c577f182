//! Bots on a real built-in exchange or a simulated venue, and the sessions they leave.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod bots;
mod paper;
mod sessions;
mod world;
