//! Weight, requests and bans per address.

use std::collections::HashMap;
use std::net::IpAddr;

use types::Time;

use super::RateLimits;
use crate::error::ApiError;

/// Addresses remembered at once, about 10 MB. Beyond it the ones whose windows are over are forgotten, then all: a
/// flood from many addresses must not fill the memory.
pub(super) const ADDRESSES_MAX: usize = 100_000;

const MINUTE_NS: i64 = 60_000_000_000;
/// Requests after a 429 in one window that turn it into a ban.
const STRIKES_MAX: u32 = 100;
/// The first ban (Binance: 2 minutes), doubled each time.
const BAN_FIRST_NS: i64 = 2 * MINUTE_NS;
/// The longest ban (Binance: 3 days).
const BAN_MAX_NS: i64 = 3 * 24 * 60 * MINUTE_NS;
/// Good conduct after which earlier bans are forgotten.
const BAN_MEMORY_NS: i64 = 24 * 60 * MINUTE_NS;

#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<IpAddr, Meter>);

#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    /// Number of the current minute since the epoch.
    minute: i64,
    weight: u32,
    /// Number of the current five minutes since the epoch.
    five_minutes: i64,
    requests: u32,
    /// Requests refused with 429 in this minute.
    strikes: u32,
    /// Bans so far.
    bans: u32,
    banned_until: Time,
}

impl Meter {
    fn turn(&mut self, at: Time) {
        let minute = at.0.div_euclid(MINUTE_NS);
        if self.minute != minute {
            (self.minute, self.weight, self.strikes) = (minute, 0, 0);
        }
        if self.five_minutes != minute.div_euclid(5) {
            (self.five_minutes, self.requests) = (minute.div_euclid(5), 0);
        }
        if self.bans > 0 && at.since(self.banned_until) > BAN_MEMORY_NS {
            self.bans = 0;
        }
    }

    const fn is_idle(&self, minute: i64, at: Time) -> bool {
        self.minute < minute && self.bans == 0 && self.banned_until.0 <= at.0
    }
}

impl Addresses {
    fn meter(&mut self, ip: IpAddr, at: Time) -> &mut Meter {
        if self.0.len() >= ADDRESSES_MAX && !self.0.contains_key(&ip) {
            let minute = at.0.div_euclid(MINUTE_NS);
            self.0.retain(|_, meter| !meter.is_idle(minute, at));
            if self.0.len() >= ADDRESSES_MAX {
                self.0.clear();
            }
        }
        let meter = self.0.entry(ip).or_default();
        meter.turn(at);
        meter
    }

    pub(super) fn charge(
        &mut self,
        ip: IpAddr,
        weight: u32,
        at: Time,
        limits: Option<&RateLimits>,
    ) -> Result<u32, ApiError> {
        let meter = self.meter(ip, at);
        if limits.is_some() && at < meter.banned_until {
            return Err(banned(meter.banned_until, at));
        }
        meter.weight = meter.weight.saturating_add(weight);
        meter.requests = meter.requests.saturating_add(1);
        let Some(limits) = limits else { return Ok(meter.weight) };
        let (too_heavy, too_many) =
            (meter.weight > limits.weight_per_minute, meter.requests > limits.requests_per_5_minutes);
        if !too_heavy && !too_many {
            return Ok(meter.weight);
        }
        meter.strikes += 1;
        if meter.strikes > STRIKES_MAX {
            let length = BAN_FIRST_NS.saturating_mul(1_i64 << meter.bans.min(30)).min(BAN_MAX_NS);
            meter.bans += 1;
            meter.banned_until = at.plus_nanos(length);
            return Err(banned(meter.banned_until, at));
        }
        let (text, end) = if too_heavy {
            let max = limits.weight_per_minute;
            let text =
                format!("Too much request weight used; current limit is {max} request weight per 1 MINUTE.");
            (text, (meter.minute + 1) * MINUTE_NS)
        } else {
            let max = limits.requests_per_5_minutes;
            let text = format!("Too many requests; current limit is {max} requests per 5 MINUTE.");
            (text, (meter.five_minutes + 1) * 5 * MINUTE_NS)
        };
        let text = format!("{text} Please use WebSocket Streams for live updates to avoid polling the API.");
        Err(later(ApiError::new(-1003, text).with_status(429), Time(end), at))
    }

    pub(super) fn refund(&mut self, ip: IpAddr, weight: u32, at: Time) -> u32 {
        let meter = self.meter(ip, at);
        meter.weight = meter.weight.saturating_sub(weight);
        meter.weight
    }
}

fn banned(until: Time, at: Time) -> ApiError {
    let text = format!(
        "Way too much request weight used; IP banned until {}. \
         Please use WebSocket Streams for live updates to avoid bans.",
        until.millis()
    );
    later(ApiError::new(-1003, text).with_status(418), until, at)
}

/// With `Retry-After` in whole seconds, rounded up.
fn later(mut error: ApiError, end: Time, at: Time) -> ApiError {
    let seconds = end.since(at).max(0).div_euclid(1_000_000_000) + 1;
    error.retry_after_s = u64::try_from(seconds).ok();
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn limits() -> RateLimits {
        RateLimits { weight_per_minute: 10, requests_per_5_minutes: 25, ..RateLimits::default() }
    }

    fn second(s: i64) -> Time {
        Time(s * 1_000_000_000)
    }

    #[test]
    fn weight_is_counted_by_the_minute() {
        let mut addresses = Addresses::default();
        assert_eq!(addresses.charge(IP, 4, second(1), Some(&limits())), Ok(4));
        assert_eq!(addresses.charge(IP, 6, second(59), Some(&limits())), Ok(10));
        let error = addresses.charge(IP, 1, second(59), Some(&limits())).unwrap_err();
        assert_eq!((error.status, error.code, error.retry_after_s), (429, -1003, Some(2)));
        assert_eq!(addresses.refund(IP, 5, second(59)), 6);
        assert_eq!(addresses.charge(IP, 1, second(60), Some(&limits())), Ok(1));
        let other = IpAddr::from([127, 0, 0, 2]);
        assert_eq!(
            addresses.charge(other, 10, second(60), Some(&limits())),
            Ok(10),
            "each address has its own"
        );
    }

    #[test]
    fn requests_are_counted_by_five_minutes() {
        let mut addresses = Addresses::default();
        for i in 0..25 {
            assert!(addresses.charge(IP, 0, second(i * 10), Some(&limits())).is_ok());
        }
        assert_eq!(addresses.charge(IP, 0, second(299), Some(&limits())).unwrap_err().status, 429);
        assert!(addresses.charge(IP, 0, second(300), Some(&limits())).is_ok());
    }

    #[test]
    fn who_goes_on_after_429_is_banned_longer_each_time() {
        let limits = || RateLimits { requests_per_5_minutes: 100_000, ..limits() };
        let mut addresses = Addresses::default();
        let flood = |addresses: &mut Addresses, at| {
            (0..STRIKES_MAX + 20)
                .filter_map(|_| addresses.charge(IP, 5, at, Some(&limits())).err())
                .last()
                .unwrap()
        };
        let first = flood(&mut addresses, second(0));
        assert_eq!((first.status, first.retry_after_s), (418, Some(121)));
        assert_eq!(addresses.charge(IP, 1, second(119), Some(&limits())).unwrap_err().status, 418);
        assert!(addresses.charge(IP, 1, second(120), Some(&limits())).is_ok());
        let second_ban = flood(&mut addresses, second(180));
        assert_eq!((second_ban.status, second_ban.retry_after_s), (418, Some(241)));
    }

    #[test]
    fn nothing_is_refused_without_limits() {
        let mut addresses = Addresses::default();
        for i in 1..=1_000 {
            assert_eq!(addresses.charge(IP, 50, second(0), None), Ok(i * 50));
        }
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let mut addresses = Addresses::default();
        for i in 0..=u32::try_from(ADDRESSES_MAX).unwrap() {
            addresses.charge(IpAddr::from(i.to_be_bytes()), 1, second(0), Some(&limits())).unwrap();
        }
        assert!(addresses.0.len() <= ADDRESSES_MAX);
    }
}
