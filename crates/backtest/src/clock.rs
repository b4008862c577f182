//! Processor time: what a run costs, whatever else the machine does.

use rustix::time::{ClockId, clock_gettime};

/// Processor seconds of this thread so far.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Processor seconds of all threads of the process so far.
#[must_use]
pub fn process_cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// The most memory that the process has held so far, bytes; 0 where the system does not tell (it is read from Linux's
/// `/proc/self/status`).
#[must_use]
pub fn memory_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1_024
}
