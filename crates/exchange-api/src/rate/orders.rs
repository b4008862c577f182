//! Unfilled orders per account (faqs/order_count_decrement.md): an order counts when it is placed and rests; its first fill
//! takes one off the current counts, whenever it was placed. Cancels and expiries change nothing.

use std::collections::HashMap;

use types::{AccountId, Time};

use super::RateLimits;
use crate::error::ApiError;

const TEN_SECONDS_NS: i64 = 10_000_000_000;
const DAY_NS: i64 = 86_400_000_000_000;

/// An account's order counts in the windows of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OrderCounts {
    pub(crate) ten_seconds: u32,
    pub(crate) day: u32,
}

impl OrderCounts {
    /// -1015 with 429 if `count` more orders are too many.
    pub(super) fn admit(self, count: u32, limits: &RateLimits, at: Time) -> Result<(), ApiError> {
        for (used, max, window_ns, name) in [
            (self.ten_seconds, limits.orders_per_10_seconds, TEN_SECONDS_NS, "10 SECOND"),
            (self.day, limits.orders_per_day, DAY_NS, "1 DAY"),
        ] {
            if used.saturating_add(count) > max {
                let text = format!("Too many new orders; current limit is {max} orders per {name}.");
                let mut error = ApiError::new(-1015, text).with_status(429);
                let left = window_ns - at.0.rem_euclid(window_ns);
                error.retry_after_s = u64::try_from(left.div_euclid(1_000_000_000) + 1).ok();
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Counts of all accounts that placed an order; as many as the exchange has accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts(HashMap<AccountId, Meter>);

#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    ten_seconds: i64,
    day: i64,
    counts: OrderCounts,
}

impl Accounts {
    fn meter(&mut self, account: AccountId, at: Time) -> &mut Meter {
        let meter = self.0.entry(account).or_default();
        let (ten_seconds, day) = windows(at);
        // The exchange's time never goes back, but a fill may be told after an order of the next window: it begins no window anew.
        if ten_seconds > meter.ten_seconds {
            (meter.ten_seconds, meter.counts.ten_seconds) = (ten_seconds, 0);
        }
        if day > meter.day {
            (meter.day, meter.counts.day) = (day, 0);
        }
        meter
    }

    pub(super) fn read(&mut self, account: AccountId, at: Time) -> OrderCounts {
        self.meter(account, at).counts
    }

    pub(super) fn add(&mut self, account: AccountId, count: u32, at: Time) -> OrderCounts {
        let meter = self.meter(account, at);
        meter.counts.ten_seconds = meter.counts.ten_seconds.saturating_add(count);
        meter.counts.day = meter.counts.day.saturating_add(count);
        meter.counts
    }

    pub(super) fn remove(&mut self, account: AccountId, at: Time) {
        if !self.0.contains_key(&account) {
            return;
        }
        let meter = self.meter(account, at);
        meter.counts.ten_seconds = meter.counts.ten_seconds.saturating_sub(1);
        meter.counts.day = meter.counts.day.saturating_sub(1);
    }
}

const fn windows(at: Time) -> (i64, i64) {
    (at.0.div_euclid(TEN_SECONDS_NS), at.0.div_euclid(DAY_NS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_count_in_both_windows_and_fills_take_them_back() {
        let limits = RateLimits { orders_per_10_seconds: 2, orders_per_day: 4, ..RateLimits::default() };
        let (mut accounts, alice) = (Accounts::default(), AccountId(1));
        let second = |s: i64| Time(s * 1_000_000_000);
        assert_eq!(accounts.add(alice, 2, second(1)), OrderCounts { ten_seconds: 2, day: 2 });
        let error = accounts.read(alice, second(1)).admit(1, &limits, second(1)).unwrap_err();
        assert_eq!((error.status, error.code, error.retry_after_s), (429, -1015, Some(10)));
        assert_eq!(accounts.read(alice, second(10)), OrderCounts { ten_seconds: 0, day: 2 });
        accounts.remove(alice, second(10));
        assert_eq!(accounts.read(alice, second(10)), OrderCounts { ten_seconds: 0, day: 1 });
        assert_eq!(accounts.add(alice, 1, second(11)), OrderCounts { ten_seconds: 1, day: 2 });
        accounts.remove(alice, second(12));
        assert_eq!(accounts.read(alice, second(12)), OrderCounts { ten_seconds: 0, day: 1 });
        assert!(
            accounts.read(alice, second(12)).admit(3, &limits, second(12)).is_err(),
            "two per ten seconds"
        );
        accounts.add(alice, 3, second(20));
        let error = accounts.read(alice, second(30)).admit(1, &limits, second(30)).unwrap_err();
        assert!(error.message.contains("1 DAY"), "{error:?}");
        assert_eq!(accounts.read(AccountId(2), second(30)), OrderCounts::default());
        // Told late: of the window before.
        accounts.add(alice, 2, second(40));
        accounts.remove(alice, second(39));
        assert_eq!(accounts.read(alice, second(41)).ten_seconds, 1);
    }
}
