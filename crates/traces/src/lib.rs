//! Layer 3: distributed traces. A [`Context`] goes with a request through commands, jobs and outgoing calls; [`Span`]s are what was done on
//! the way, handed to whoever was [`install`]ed and written by [`otlp`]. What it forbids: a library that knows where spans go.
//!
//! Invariants
//! * Until something is installed nothing is recorded, and a span costs one look at an atomic.
//! * Nobody waits for a trace: spans that find the queue full are dropped and counted.
//! * A caller that says its trace is not sampled is believed.

mod context;
pub mod otlp;
mod span;

pub use context::{Context, HEADER, current, within};
pub use span::{Ended, Kind, Span, Value, install, is_on};
