//! Layer 2: the step. One input goes in, outputs come out; the same code runs back-test, paper, live and audit replay.
//!
//! Data flows one way: market event → strategy → risk → order → (venue) → report → order → portfolio → strategy. The engine
//! reads no clock and does no I/O; time is the input's. Every decision and its reason goes into a rolling hash, so two runs
//! over the same inputs can be compared by one number (invariant H6). A bot's limits hold at every prefix of the inputs (B4).
//!
//! Limits: see [`limits`]. Cost: no allocation per event in steady state but for new orders.

mod bot;
mod digest;
mod engine;
mod equity;
mod guard;
mod guarding;
mod input;
pub mod limits;
mod liquidation;
mod output;
mod plan;
mod report;
mod saved;
mod sending;
mod spec;
mod view;
mod wire;

pub use bot::{BotConfig, BotState, Logged};
pub use engine::Engine;
pub use input::{Control, Input};
pub use output::Output;
pub use saved::LoadError;
pub use spec::{AddBotError, BotModel, BotSpec};
pub use view::{BotView, Guarding};
pub use wire::{get_input, get_order, put_input, put_order};
