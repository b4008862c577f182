//! How fast maintenance goes beside requests: pieces that hold the writer for about two milliseconds, and a rest of many times that
//! after each, so that few requests meet one and those that do wait about as long as for another request.
//!
//! A million rows take some minutes; nobody waits for them.

use std::time::Duration;

/// How long a step should take.
const STEP_AIM: Duration = Duration::from_millis(2);
/// The rest after a step, in units of the step: at most one write in 25 meets maintenance.
const RESTS: u32 = 24;
/// Longest rest.
const REST_MAX: Duration = Duration::from_millis(500);

/// How many rows or pages the next step takes.
#[derive(Debug)]
pub(crate) struct Pace {
    size: u32,
    size_max: u32,
}

impl Pace {
    /// With a first step of a size, and never more than another.
    pub(crate) const fn new((size, size_max): (u32, u32)) -> Self {
        Self { size, size_max }
    }

    /// Rows or pages of the next step.
    pub(crate) const fn size(&self) -> u32 {
        self.size
    }

    /// A full step took so long: the next one is halved when that was too long, doubled when it was short. Gives the rest.
    pub(crate) fn rest_after(&mut self, work: Duration) -> Duration {
        if work > STEP_AIM * 2 {
            self.size = (self.size / 2).max(1);
        } else if work < STEP_AIM / 2 {
            self.size = self.size.saturating_mul(2).min(self.size_max);
        }
        rest_after(work)
    }
}

/// The rest after work that took so long.
pub(crate) fn rest_after(work: Duration) -> Duration {
    (work * RESTS).min(REST_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_find_their_size_and_rests_follow_the_work() {
        let mut pace = Pace::new((64, 1_000));
        let ms = Duration::from_millis;
        // A machine that does 100 rows in a millisecond.
        let mut work = Duration::ZERO;
        for _ in 0..20 {
            work = Duration::from_micros(u64::from(pace.size()) * 10);
            assert_eq!(pace.rest_after(work), work * RESTS);
        }
        assert!(work >= STEP_AIM / 2 && work <= STEP_AIM * 2, "{work:?}");
        for _ in 0..20 {
            assert_eq!(pace.rest_after(ms(50)), REST_MAX, "a slow disk");
        }
        assert_eq!(pace.size(), 1, "and never nothing");
        for _ in 0..20 {
            pace.rest_after(Duration::from_micros(1));
        }
        assert_eq!(pace.size(), 1_000);
    }
}
