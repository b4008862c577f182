//! Processor time: what a run costs, whatever else the machine does.

use rustix::time::{ClockId, clock_gettime};

/// Processor seconds of this thread so far.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}
