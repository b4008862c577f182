//! The exchange core from outside: rules as tables, then hostile random commands.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test binary: it may panic, and nobody imports it")]

mod audit;
mod generate;
mod hostile;
mod trading;
mod world;
