//! CPU time by part.

use std::time::Duration;

use cpu_time::{ProcessTime, ThreadTime};

const PARTS: [&str; 5] = ["participants", "core", "journal encoding", "history (memory)", "views"];

pub struct Meter {
    parts: [Duration; PARTS.len()],
    process: ProcessTime,
    thread: ThreadTime,
}

impl Default for Meter {
    fn default() -> Self {
        Self { parts: Default::default(), process: ProcessTime::now(), thread: ThreadTime::now() }
    }
}

impl Meter {
    pub fn time<T>(&mut self, part: usize, work: impl FnOnce() -> T) -> T {
        let started = ThreadTime::now();
        let out = work();
        self.parts[part] += started.elapsed();
        out
    }

    pub fn print(&self, ticks: u64, events: u64, hours: u64) {
        let (ticks, events) = (ticks as f64, events as f64);
        for (name, spent) in PARTS.iter().zip(self.parts) {
            let spent = spent.as_secs_f64();
            println!(
                "{name:20} {:8.1} µs/tick {:8.0} ns/event {:7.3} % of a core at normal speed",
                spent * 1e6 / ticks,
                spent * 1e9 / events,
                spent / (hours as f64 * 3_600.0) * 100.0
            );
        }
    }

    pub fn print_process(&self) {
        let (process, thread) = (self.process.elapsed().as_secs_f64(), self.thread.elapsed().as_secs_f64());
        println!(
            "process {process:.2} s of CPU, of which the history's own thread {:.2} s",
            process - thread
        );
    }
}

/// Resident memory.
pub fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) >> 10
}
