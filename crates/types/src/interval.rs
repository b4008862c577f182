//! The lengths of bars. Weeks start on Monday, months on the first, all in UTC (Binance kline intervals).

use crate::Time;
use crate::time::civil;

/// How long a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // each variant is the venue's own word
#[repr(u8)]
pub enum Interval {
    S1,
    M1,
    M3,
    M5,
    M15,
    M30,
    H1,
    H2,
    H4,
    H6,
    H8,
    H12,
    D1,
    D3,
    W1,
    Month,
}

const SECOND_NS: i64 = 1_000_000_000;
const DAY_NS: i64 = 86_400 * SECOND_NS;
/// 1970-01-01 was a Thursday; the Monday before it was three days earlier.
const MONDAY_OFFSET_NS: i64 = -3 * DAY_NS;

impl Interval {
    /// Number of intervals.
    pub const COUNT: usize = 16;
    /// All of them, shortest first, in the order of their codes.
    pub const ALL: [Self; Self::COUNT] = [
        Self::S1,
        Self::M1,
        Self::M3,
        Self::M5,
        Self::M15,
        Self::M30,
        Self::H1,
        Self::H2,
        Self::H4,
        Self::H6,
        Self::H8,
        Self::H12,
        Self::D1,
        Self::D3,
        Self::W1,
        Self::Month,
    ];
    const NAMES: [&'static str; Self::COUNT] =
        ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"];
    const SECONDS: [i64; Self::COUNT] = [
        1, 60, 180, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800, 43_200, 86_400, 259_200, 604_800,
        0,
    ];

    /// `1s` ... `1M`, case-sensitive.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::NAMES.iter().position(|name| *name == text).map(|at| Self::ALL[at])
    }

    /// Its name in the venue's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Its code in stored keys.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Its length in seconds; 0 for a month, which has no fixed one.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        Self::SECONDS[self as usize]
    }

    /// True if every bar of this length is made of whole bars of length `part` (also of the same length).
    #[must_use]
    pub const fn is_made_of(self, part: Self) -> bool {
        if self as u8 == part as u8 {
            return true;
        }
        let (whole, piece) = match self {
            // Both start with a day, so they are made of whatever a day is made of.
            Self::Month | Self::W1 => (Self::D1.seconds(), part.seconds()),
            _ => (self.seconds(), part.seconds()),
        };
        piece != 0 && whole % piece == 0
    }

    /// The start of the interval that holds `at`.
    #[must_use]
    pub fn start(self, at: Time) -> Time {
        let (length, offset) = match self {
            Self::Month => return month_start(at, 0),
            Self::W1 => (7 * DAY_NS, MONDAY_OFFSET_NS),
            other => (other.seconds() * SECOND_NS, 0),
        };
        Time(at.0 - (at.0 - offset).rem_euclid(length))
    }

    /// The start of the interval after the one that starts at `start`.
    #[must_use]
    pub fn next(self, start: Time) -> Time {
        match self {
            Self::Month => month_start(start, 1),
            other => start.plus_nanos(other.seconds() * SECOND_NS),
        }
    }
}

/// The first of the month that holds `at`, `later` months on.
fn month_start(at: Time, later: i64) -> Time {
    let (year, month, _) = civil(at.0.div_euclid(DAY_NS));
    let month = month - 1 + later;
    Time(days_of_month(year + month.div_euclid(12), month.rem_euclid(12) + 1) * DAY_NS)
}

/// Days from 1970-01-01 to the first of a month.
fn days_of_month(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march_month + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of 2026-11-20T11:50:07.5Z (a Friday).
    const FRIDAY: Time = Time(1_795_175_407_500_000_000);

    #[test]
    fn intervals_start_where_the_venue_starts_them() {
        for (interval, start) in [
            (Interval::S1, 1_795_175_407),
            (Interval::M1, 1_795_175_400),
            (Interval::H1, 1_795_172_400),
            (Interval::D1, 1_795_132_800),
            (Interval::W1, 1_794_787_200),    // Monday 2026-11-16
            (Interval::Month, 1_793_491_200), // 2026-11-01
        ] {
            assert_eq!(interval.start(FRIDAY).0, start * SECOND_NS, "{}", interval.as_str());
        }
    }

    #[test]
    fn each_interval_ends_where_the_next_one_starts() {
        for interval in Interval::ALL {
            let mut start = interval.start(Time(-3 * DAY_NS + 1));
            for _ in 0..2_000 {
                let next = interval.next(start);
                assert!(next > start);
                assert_eq!(interval.start(next), next);
                assert_eq!(interval.start(next.plus_nanos(-1)), start);
                start = next;
            }
        }
    }

    #[test]
    fn what_is_made_of_parts_starts_and_ends_with_one() {
        for whole in Interval::ALL {
            for part in Interval::ALL {
                let (mut start, mut fits) = (whole.start(Time(0)), true);
                for _ in 0..400 {
                    fits &= part.start(start) == start;
                    start = whole.next(start);
                }
                assert_eq!(whole.is_made_of(part), fits, "{} of {}", whole.as_str(), part.as_str());
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for interval in Interval::ALL {
            assert_eq!(Interval::parse(interval.as_str()), Some(interval));
        }
        assert_eq!(Interval::parse("1D"), None);
    }
}
