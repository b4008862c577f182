//! Layer 3: how services reach the drivers without knowing them. A bounded lane of commands with answers ([`Lane`]), topics
//! ([`Topic`]), and the words about bots ([`bots`]) that both sides share.
//!
//! In this process only. What the crate forbids: a service (API, command line) that calls the engine. A command is answered after
//! it is durable; its idempotency key lives in the driver's journal, so a command that is sent again after a crash takes
//! effect once.

pub mod bots;
mod lane;
mod topic;

pub use lane::{Accepted, Envelope, Lane, LaneError, Pending, Refusal, Reply, Request};
pub use topic::{Subscription, Topic};
