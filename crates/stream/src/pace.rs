//! How often a client may ask: ten requests a second, twenty at once; what is beyond is ignored, who goes on is closed.

use crate::limits::{IGNORED_MAX, REQUESTS_BURST, REQUESTS_PER_SECOND};

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answer it.
    Allowed,
    /// Ignore it and say so.
    Ignored,
    /// It has been too many for too long.
    Close,
}

/// The pace of one connection. Times are in milliseconds, given by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Thousandths of a request that are free.
    level: i64,
    at_ms: i64,
    ignored: u32,
}

const FULL: i64 = REQUESTS_BURST * 1_000;

impl Pace {
    /// A connection that has asked nothing yet.
    #[must_use]
    pub const fn new(now_ms: i64) -> Self {
        Self { level: FULL, at_ms: now_ms, ignored: 0 }
    }

    /// One request comes.
    pub fn ask(&mut self, now_ms: i64) -> Verdict {
        // Ten a second are ten thousandths a millisecond.
        let back = now_ms.saturating_sub(self.at_ms).clamp(0, FULL).saturating_mul(REQUESTS_PER_SECOND);
        self.level = self.level.saturating_add(back).min(FULL);
        self.at_ms = now_ms.max(self.at_ms);
        if self.level == FULL {
            self.ignored = 0;
        }
        if self.level >= 1_000 {
            self.level -= 1_000;
            return Verdict::Allowed;
        }
        self.ignored += 1;
        if self.ignored > IGNORED_MAX { Verdict::Close } else { Verdict::Ignored }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_at_once_then_ten_a_second() {
        let mut pace = Pace::new(0);
        let burst: Vec<_> = (0..21).map(|_| pace.ask(0)).collect();
        assert_eq!(burst.iter().filter(|v| **v == Verdict::Allowed).count(), 20);
        assert_eq!(pace.ask(99), Verdict::Ignored);
        assert_eq!(pace.ask(100), Verdict::Allowed);
        // A minute at ten a second is always within the pace.
        let mut steady = Pace::new(0);
        assert!((0..600).all(|n| steady.ask(n * 100) == Verdict::Allowed));
    }

    #[test]
    fn who_does_not_slow_down_is_closed_and_a_clock_that_goes_back_gives_nothing() {
        let mut pace = Pace::new(1_000);
        let verdicts: Vec<_> = (0..121).map(|_| pace.ask(1_000)).collect();
        assert_eq!(verdicts.last(), Some(&Verdict::Close));
        assert_eq!(verdicts.iter().filter(|v| **v == Verdict::Ignored).count(), 100);
        assert_eq!(pace.ask(0), Verdict::Close);
    }
}
