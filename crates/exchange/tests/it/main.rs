//! The exchange core from outside: rules as tables, then hostile random commands.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test binary: it may panic, and nobody imports it")]

mod attacks;
mod audit;
mod changes;
mod conditional;
mod generate;
mod hostile;
mod lists;
mod refusals;
mod self_trade;
mod snapshots;
mod trading;
mod world;
