//! What the machine says about this process: `/proc`, read every few seconds. On a system without it everything is absent.

use std::time::Duration;

/// One look. Bytes and times since the process or the machine began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Resident memory, bytes.
    pub rss: Option<u64>,
    /// Virtual memory, bytes.
    pub vms: Option<u64>,
    /// Resident memory that is shared with files, bytes.
    pub shared: Option<u64>,
    /// Resident memory of the process's own, bytes.
    pub anonymous: Option<u64>,
    /// Processor time used.
    pub cpu: Option<Duration>,
    /// Bytes read from and written to disks.
    pub disk: Option<(u64, u64)>,
    /// Bytes received and sent by the machine, without the loopback.
    pub network: Option<(u64, u64)>,
    /// The machine's memory: all, and what can be had.
    pub memory: Option<(u64, u64)>,
    /// Open file descriptors.
    pub open_files: Option<u64>,
}

/// Clock ticks of `/proc/self/stat`: `USER_HZ`, 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

impl Look {
    /// Looks now. Reads a handful of small files.
    #[must_use]
    pub fn now() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let mut look = Self::of(
            &read("/proc/self/status"),
            &read("/proc/self/stat"),
            &read("/proc/self/io"),
            &read("/proc/net/dev"),
            &read("/proc/meminfo"),
        );
        look.open_files = std::fs::read_dir("/proc/self/fd").ok().map(|list| list.count() as u64);
        look
    }

    fn of(status: &str, stat: &str, io: &str, net: &str, meminfo: &str) -> Self {
        let kib = |text: &str, name: &str| field(text, name).map(|kib| kib * 1_024);
        Self {
            rss: kib(status, "VmRSS:"),
            vms: kib(status, "VmSize:"),
            shared: kib(status, "RssFile:"),
            anonymous: kib(status, "RssAnon:"),
            cpu: cpu(stat),
            disk: field(io, "read_bytes:").zip(field(io, "write_bytes:")),
            network: network(net),
            memory: kib(meminfo, "MemTotal:").zip(kib(meminfo, "MemAvailable:")),
            open_files: None,
        }
    }

    /// Processor time between two looks as a share of all processors, in percent.
    #[must_use]
    pub fn cpu_percent(&self, before: &Self, elapsed: Duration, processors: usize) -> Option<f64> {
        let used = self.cpu?.checked_sub(before.cpu?)?;
        let possible = elapsed.as_secs_f64() * processors.max(1) as f64;
        (possible > 0.0).then(|| (used.as_secs_f64() / possible * 100.0).clamp(0.0, 100.0))
    }

    /// Memory of the machine in use, in percent.
    #[must_use]
    pub fn memory_percent(&self) -> Option<f64> {
        let (all, free) = self.memory?;
        (all > 0).then(|| all.saturating_sub(free) as f64 / all as f64 * 100.0)
    }
}

/// The number behind a name at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time. The program's name may hold spaces and brackets, so counting begins behind the last one.
fn cpu(stat: &str) -> Option<Duration> {
    let rest = stat.rsplit_once(')')?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * (1_000 / TICKS_PER_SECOND)))
}

fn network(net: &str) -> Option<(u64, u64)> {
    let mut sum = None;
    for line in net.lines() {
        let Some((name, numbers)) = line.split_once(':') else { continue };
        if name.trim() == "lo" {
            continue;
        }
        let numbers: Vec<u64> = numbers.split_whitespace().map_while(|n| n.parse().ok()).collect();
        if let (Some(received), Some(sent)) = (numbers.first(), numbers.get(8)) {
            let (r, s) = sum.unwrap_or((0, 0));
            sum = Some((r + received, s + sent));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let look = Look::of(
            "Name:\tx\nVmSize:\t  2000 kB\nVmRSS:\t  1000 kB\nRssAnon:\t 600 kB\nRssFile:\t 400 kB\n",
            "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 100 0 0",
            "rchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n",
            "Inter-|   Receive\n face |bytes\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 100 1 0 0 0 0 0 0 200 2 0\n wlan0: 1 1 0 0 0 0 0 0 2 2\n",
            "MemTotal:  4000 kB\nMemFree: 1 kB\nMemAvailable:  1000 kB\n",
        );
        assert_eq!((look.rss, look.vms), (Some(1_024_000), Some(2_048_000)));
        assert_eq!((look.anonymous, look.shared), (Some(614_400), Some(409_600)));
        assert_eq!(look.cpu, Some(Duration::from_secs(3)));
        assert_eq!((look.disk, look.network), (Some((4_096, 8_192)), Some((101, 202))));
        assert_eq!(look.memory_percent().map(f64::to_bits), Some(75.0_f64.to_bits()));
        let later = Look { cpu: Some(Duration::from_secs(8)), ..look };
        let percent = later.cpu_percent(&look, Duration::from_secs(5), 2);
        assert_eq!(percent.map(f64::to_bits), Some(50.0_f64.to_bits()));
    }

    #[test]
    fn a_system_without_them_has_nothing_to_say() {
        assert_eq!(Look::of("", "", "", "", "garbage"), Look::default());
        assert_eq!(Look::default().cpu_percent(&Look::default(), Duration::from_secs(1), 1), None);
        assert_eq!(Look::default().memory_percent(), None);
    }

    #[test]
    fn this_process_is_seen() {
        if !std::path::Path::new("/proc/self/status").exists() {
            return;
        }
        let look = Look::now();
        assert!(
            look.rss.is_some_and(|rss| rss > 100_000) && look.open_files.is_some_and(|n| n > 0),
            "{look:?}"
        );
    }
}
