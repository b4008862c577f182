//! How fast the simulated participants' market lives: set by the operator, read by the participants at every tick.

use std::sync::atomic::{AtomicU32, Ordering};

/// Fastest market, in percent of normal: what it costs grows with it.
pub const SPEED_PERCENT_MAX: u32 = 10_000;

/// In percent of normal; 0 halts the market.
#[derive(Debug)]
pub(crate) struct Speed(AtomicU32);

impl Speed {
    /// A speed, bounded by [`SPEED_PERCENT_MAX`].
    pub(crate) fn new(percent: u32) -> Self {
        Self(AtomicU32::new(percent.min(SPEED_PERCENT_MAX)))
    }

    pub(crate) fn percent(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, percent: u32) {
        self.0.store(percent.min(SPEED_PERCENT_MAX), Ordering::Relaxed);
    }
}
