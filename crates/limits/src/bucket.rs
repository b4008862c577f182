//! A token bucket in whole numbers: exact, and the same on every machine.

/// How much fits and how fast it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests at once.
    pub capacity: u64,
    /// Milliseconds in which an empty bucket is full again.
    pub refill_ms: u64,
}

/// How a bucket stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests at once when full.
    pub limit: u64,
    /// Requests left now.
    pub remaining: u64,
    /// Seconds until it is full again.
    pub reset_s: u64,
}

/// The bucket is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Milliseconds until the next request fits.
    pub retry_ms: u64,
}

/// Parts of a request: with capacities of up to 2^32 and refills of up to 2^22 ms, every product fits.
const PARTS: u64 = 1_000;

/// A bucket. Two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Thousandths of a request that are free.
    level: u64,
    at_ms: i64,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub const fn full(rate: Rate, now_ms: i64) -> Self {
        Self { level: rate.capacity * PARTS, at_ms: now_ms }
    }

    /// Puts back what time has brought.
    fn refill(&mut self, rate: Rate, now_ms: i64) {
        let elapsed = u64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(0).min(rate.refill_ms);
        let full = rate.capacity * PARTS;
        let back = full.saturating_mul(elapsed) / rate.refill_ms.max(1);
        if back > 0 || self.level >= full {
            // Only then the clock moves on: asking often loses no fractions.
            self.level = self.level.saturating_add(back).min(full);
            self.at_ms = self.at_ms.max(now_ms);
        }
    }

    /// Takes `cost` requests.
    ///
    /// # Errors
    /// When there are not so many; the bucket stays as it is.
    pub fn take(&mut self, rate: Rate, cost: u64, now_ms: i64) -> Result<Standing, Refused> {
        self.refill(rate, now_ms);
        let wanted = cost.saturating_mul(PARTS);
        if self.level < wanted {
            let missing = wanted - self.level;
            let full = (rate.capacity * PARTS).max(1);
            let retry_ms = missing.saturating_mul(rate.refill_ms).div_ceil(full);
            return Err(Refused { retry_ms: retry_ms.max(1) });
        }
        self.level -= wanted;
        Ok(self.standing(rate))
    }

    /// How it stands, as of the last call.
    #[must_use]
    pub fn standing(&self, rate: Rate) -> Standing {
        let full = rate.capacity * PARTS;
        let missing = full.saturating_sub(self.level);
        let reset_ms = missing.saturating_mul(rate.refill_ms).div_ceil(full.max(1));
        Standing { limit: rate.capacity, remaining: self.level / PARTS, reset_s: reset_ms.div_ceil(1_000) }
    }

    /// Whether it is full at a moment: forgetting it then changes nothing.
    #[must_use]
    pub fn is_full(&self, rate: Rate, now_ms: i64) -> bool {
        let mut later = *self;
        later.refill(rate, now_ms);
        later.level >= rate.capacity * PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { capacity: 60, refill_ms: 60_000 };

    #[test]
    fn a_burst_then_the_steady_rate() {
        let mut bucket = Bucket::full(RATE, 0);
        for left in (0..60).rev() {
            assert_eq!(bucket.take(RATE, 1, 0).map(|s| s.remaining), Ok(left));
        }
        assert_eq!(bucket.take(RATE, 1, 0), Err(Refused { retry_ms: 1_000 }));
        assert_eq!(bucket.take(RATE, 1, 999), Err(Refused { retry_ms: 1 }));
        assert!(bucket.take(RATE, 1, 1_000).is_ok());
        assert!(bucket.take(RATE, 1, 1_000).is_err());
    }

    #[test]
    fn asking_often_neither_gains_nor_loses() {
        let (mut often, mut seldom) = (Bucket::full(RATE, 0), Bucket::full(RATE, 0));
        let (mut a, mut b) = (0, 0);
        for ms in 0..600_000 {
            a += i32::from(often.take(RATE, 1, ms).is_ok());
            if ms % 1_000 == 0 {
                b += i32::from(seldom.take(RATE, 1, ms).is_ok());
            }
        }
        // Ten minutes at one a second, and the 60 of the full bucket.
        assert_eq!((a, b), (60 + 599, 600));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_and_full_is_full() {
        let mut bucket = Bucket::full(RATE, 1_000_000);
        assert!(bucket.take(RATE, 60, 1_000_000).is_ok());
        assert!(bucket.take(RATE, 1, 0).is_err());
        assert!(!bucket.is_full(RATE, 1_059_999) && bucket.is_full(RATE, 1_060_000));
        assert_eq!(bucket.standing(RATE), Standing { limit: 60, remaining: 0, reset_s: 60 });
        assert!(bucket.take(RATE, 61, i64::MAX).is_err(), "more than fits never comes");
    }
}
