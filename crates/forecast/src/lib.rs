//! Layer 1: forecasting kernels. A series goes in, a distribution comes out; no clock, no I/O, no threads.
//!
//! Floats live here and in indicators only. Every fit is deterministic: same series, same specification, same bits.

// `!(x > 0.0)` is how a NaN is refused together with zero and less; the suggested rewrite would let it through.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

pub mod arima;
pub mod baseline;
pub mod ets;
pub mod evaluate;
mod linalg;
pub mod lstm;
pub mod market;
mod optimise;
pub mod prophet;
mod random;
mod series;
pub mod stats;

pub use series::{POINTS_MAX, Series, SeriesError};
