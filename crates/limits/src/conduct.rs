//! A user's conduct: who runs into limits and causes errors gets smaller buckets, who behaves gets them back.
//!
//! A share in percent, from 25 to 100. Each strike takes a quarter of it, each minute of good conduct gives ten points back. So a
//! program that retries in a tight loop is at a quarter after a handful of refused bursts, and at full again eight minutes after it
//! was mended.

/// The smallest share, percent: even the worst may still cancel.
const SHARE_MIN: u64 = 25;
/// Points that a minute gives back.
const BACK_PER_MINUTE: u64 = 10;
const MINUTE_MS: i64 = 60_000;
/// Strikes that count at most once in so many milliseconds: one burst is one strike.
const STRIKE_EVERY_MS: i64 = 1_000;
/// Bad requests in a minute that are nobody's fault.
const ERRORS_FREE: u32 = 60;

/// The conduct of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    share: u64,
    /// When the share was last brought up to date.
    at_ms: i64,
    struck_ms: Option<i64>,
    errors: u32,
    errors_since_ms: i64,
}

impl Conduct {
    /// Nothing is known against the user.
    #[must_use]
    pub const fn new(now_ms: i64) -> Self {
        Self { share: 100, at_ms: now_ms, struck_ms: None, errors: 0, errors_since_ms: now_ms }
    }

    /// The share of the full rate that the user has now, percent.
    pub fn share(&mut self, now_ms: i64) -> u64 {
        let minutes = now_ms.saturating_sub(self.at_ms).max(0) / MINUTE_MS;
        if minutes > 0 {
            let back = u64::try_from(minutes).unwrap_or(0).saturating_mul(BACK_PER_MINUTE);
            self.share = self.share.saturating_add(back).min(100);
            self.at_ms = self.at_ms.saturating_add(minutes.saturating_mul(MINUTE_MS));
        }
        self.share
    }

    /// A request was refused because the bucket was empty.
    pub fn refused(&mut self, now_ms: i64) {
        let _ = self.share(now_ms);
        if self.struck_ms.is_some_and(|at| now_ms.saturating_sub(at) < STRIKE_EVERY_MS) {
            return;
        }
        self.struck_ms = Some(now_ms);
        self.at_ms = now_ms;
        self.share = (self.share * 3 / 4).max(SHARE_MIN);
    }

    /// A request was wrong (status 400 to 499 but for refusals of the market and limits).
    pub fn failed(&mut self, now_ms: i64) {
        if now_ms.saturating_sub(self.errors_since_ms) >= MINUTE_MS {
            (self.errors, self.errors_since_ms) = (0, now_ms);
        }
        self.errors = self.errors.saturating_add(1);
        if self.errors > ERRORS_FREE && self.errors.is_multiple_of(ERRORS_FREE) {
            self.refused(now_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_strike_and_minutes_give_back() {
        let mut conduct = Conduct::new(0);
        for ms in 0..900 {
            conduct.refused(ms);
        }
        assert_eq!(conduct.share(900), 75);
        assert_eq!(conduct.share(60_899), 75 + if 60_899 >= 60_000 { 10 } else { 0 });
        assert_eq!(conduct.share(10 * MINUTE_MS), 100);
    }

    #[test]
    fn the_worst_keeps_a_quarter_and_comes_back_within_eight_minutes() {
        let mut conduct = Conduct::new(0);
        for n in 0..100 {
            conduct.refused(n * STRIKE_EVERY_MS);
        }
        assert_eq!(conduct.share(100_000), SHARE_MIN);
        assert_eq!(conduct.share(99_000 + 8 * MINUTE_MS), 100);
    }

    #[test]
    fn a_few_wrong_requests_cost_nothing_and_a_flood_of_them_does() {
        let mut conduct = Conduct::new(0);
        for n in 0..ERRORS_FREE {
            conduct.failed(i64::from(n));
        }
        assert_eq!(conduct.share(1_000), 100);
        for n in 0..10 * ERRORS_FREE {
            conduct.failed(1_000 + i64::from(n) * 50);
        }
        assert!(conduct.share(31_000) < 50, "{}", conduct.share(31_000));
    }
}
