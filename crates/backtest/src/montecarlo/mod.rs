//! What luck could have done with the same trades or the same days. Seeded; the same seed gives the same numbers.

mod bootstrap;
mod shuffle;

pub use bootstrap::{Bands, Bootstrap, bootstrap};
pub use shuffle::{Shuffle, shuffle};

/// Runs unless stated otherwise: the 5 % quantile is then known to about ±0.7 points.
pub const RUNS: usize = 1_000;
