//! Layer 4: the wall-clock driver for paper and live. Bots of a shard at a venue, every input journaled before anything leaves.
//!
//! ```text
//! venue ─► inbox ─► Conductor ─► Shard (engine, timers, keys) ─► records ─► journal, one sync ─► effects ─► venue
//!                       └─ Tracker: what became of our orders          commands ─┘         └─► replies, events
//! ```
//! [`Conductor`] and [`Shard`] are state machines without I/O; the thread around them only moves bytes, so the simulator runs
//! the same code. An order leaves after the record that holds it is durable (order protocol, step 1); a command is answered after
//! its record is. A restart replays the records, asks the venue about everything that was not terminal, and only then lets
//! market data in. A session is one run of the process; [`session::replay`] reproduces each of its decisions (invariant H6).
//!
//! Limits: see [`limits`]; one venue per shard, whose numbers of markets and assets are the shard's.

mod command;
mod conductor;
mod driver;
mod error;
mod keys;
pub mod limits;
pub mod record;
pub mod session;
mod shard;
mod view;

pub use conductor::{Conductor, Effect};
pub use driver::{Config, Ports, Running, TimeSource, open};
pub use error::{OpenError, ReplayError};
pub use shard::Shard;
