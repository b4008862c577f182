//! How much memory is in use: the process's resident set and the machine's share.

use crate::limits::{RESIDENT_MAX, USED_SHARE_MAX};

/// Memory in use. Unknown (not Linux) counts as none, so that nothing pauses for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// Resident bytes of this process.
    pub resident: u64,
    /// Share of the machine's memory in use, 0 to 1.
    pub used_share: f64,
}

impl Memory {
    /// True if training should wait.
    #[must_use]
    pub fn is_short(self) -> bool {
        self.resident > RESIDENT_MAX || self.used_share > USED_SHARE_MAX
    }
}

/// Reads it now.
#[must_use]
pub fn memory() -> Memory {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    of(&read("/proc/self/status"), &read("/proc/meminfo"))
}

fn of(status: &str, machine: &str) -> Memory {
    let kib = |text: &str, name: &str| -> Option<u64> {
        let line = text.lines().find(|l| l.starts_with(name))?;
        line[name.len()..].split_whitespace().next()?.parse().ok()
    };
    let (total, free) = (kib(machine, "MemTotal:"), kib(machine, "MemAvailable:"));
    let used_share = match (total, free) {
        #[expect(clippy::cast_precision_loss, reason = "kilobytes of a machine")]
        (Some(total), Some(free)) if total > 0 => 1.0 - free as f64 / total as f64,
        _ => 0.0,
    };
    Memory { resident: kib(status, "VmRSS:").unwrap_or(0) * 1024, used_share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_kernel_are_understood() {
        let seen = of("Name:\tx\nVmRSS:\t    2048 kB\n", "MemTotal:  1000 kB\nMemAvailable:  100 kB\n");
        assert_eq!(seen.resident, 2 * 1024 * 1024);
        assert!((seen.used_share - 0.9).abs() < 1e-12 && seen.is_short());
        assert!(!of("", "").is_short());
    }
}
