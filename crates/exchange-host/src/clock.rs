//! The host's time: the wall clock, read once per input, never going backwards (also not over a restart).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use types::Time;

/// Wall-clock time that never falls behind the last command's.
#[derive(Debug)]
pub(crate) struct Clock {
    latest: AtomicI64,
}

impl Clock {
    /// Starts not before `after`, the time of the last recovered command.
    pub(crate) const fn new(after: Time) -> Self {
        Self { latest: AtomicI64::new(after.0) }
    }

    /// The time, without claiming it for a command.
    pub(crate) fn now(&self) -> Time {
        Time(wall().0.max(self.latest.load(Ordering::Relaxed)))
    }

    /// The time for the next command; later reads are not earlier. Only the writer calls this.
    pub(crate) fn stamp(&self) -> Time {
        let now = self.now();
        self.latest.store(now.0, Ordering::Relaxed);
        now
    }
}

/// The wall clock in nanoseconds; the ends of the range stand for anything beyond them.
fn wall() -> Time {
    Time(match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_backwards() {
        let ahead = Time(wall().0 + 3_600_000_000_000);
        let clock = Clock::new(ahead);
        assert_eq!(clock.now(), ahead);
        assert_eq!(clock.stamp(), ahead);
        let clock = Clock::new(Time(0));
        let stamped = clock.stamp();
        assert!(stamped > Time(0) && clock.now() >= stamped);
    }
}
